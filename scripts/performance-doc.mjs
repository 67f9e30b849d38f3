// Writes the tables of docs/performance.md from what `npm run bench -- NAME --json` and `npm run chaos -- --json` printed:
// docs/performance.d/*.json, one line each. Text outside the markers is written by people.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

const folder = new URL('../docs/performance.d/', import.meta.url)
const page = new URL('../docs/performance.md', import.meta.url)
const results = readdirSync(folder).filter((file) => file.endsWith('.json')).sort().map((file) => {
  const lines = readFileSync(new URL(file, folder), 'utf8').trim()
  return { file, ...JSON.parse(lines.startsWith('{') && lines.endsWith('}') ? lines : lines.split('\n').at(-1)) }
})

const number = (value) => (typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: value >= 100 ? 0 : 3 }) : '')
const range = (pair) => (Array.isArray(pair) ? `${number(pair[0])} to ${number(pair[1])}` : '')
const spread = ({ spread: given }) => range(given?.ours)
const benches = results.filter((result) => 'unit' in result)
const chaos = results.filter((result) => 'lost' in result)
const stages = results.filter((result) => result.microsPerMessage)

/** Figures a bench prints besides its own, one level deep; runs and samples stay in the file. */
const further = (result) => Object.entries(result)
  .filter(([name, value]) => !['file', 'name', 'ours', 'foil', 'ratio', 'unit', 'machine', 'runs', 'spread', 'memory', 'faults', 'microsPerMessage', 'microsPerReport'].includes(name) && typeof value !== 'object')
  .map(([name, value]) => `${name} ${typeof value === 'number' ? number(value) : value}`).join('; ')

const table = [
  '| bench | ours (median) | least to greatest | foil | ratio | unit | further |', '|---|---|---|---|---|---|---|',
  ...benches.map((result) => `| [${result.name}](performance.d/${result.file}) | ${number(result.ours)} | ${spread(result)} | ${number(result.foil)} | ${number(result.ratio)} | ${result.unit} | ${further(result)} |`),
  '', `Machines: ${[...new Set(benches.map(({ machine }) => machine))].join('; ')}.`,
].join('\n')

const names = [...new Set(stages.flatMap((result) => Object.keys(result.microsPerMessage)))]
const budget = stages.length === 0 ? '' : [
  `| bench | ${names.join(' | ')} | sum |`, `|---|${names.map(() => '---').join('|')}|---|`,
  ...stages.flatMap((result) => [[result.name, result.microsPerMessage], ...(result.postgresQueue ? [[`${result.name}, queues in PostgreSQL`, result.postgresQueue.microsPerMessage]] : [])])
    .map(([name, micros]) => `| ${name} | ${names.map((one) => micros[one] ?? '').join(' | ')} | ${Object.values(micros).reduce((a, b) => a + b, 0)} |`),
].join('\n')

const kills = chaos.length === 0 ? '' : [
  '| queues | sent | acknowledged | stored | lost | duplicated | faults | caught up after |', '|---|---|---|---|---|---|---|---|',
  ...chaos.map((run) => `| ${run.backend ?? ''} | ${number(run.sent)} | ${number(run.acknowledged)} | ${number(run.stored)} | **${run.lost}** | **${run.duplicated}** | ${Object.entries(run.faults ?? {}).map(([kind, count]) => `${kind} ${count}`).join(', ')} | ${number(run.caughtUpSeconds)} s |`),
].join('\n')

let text = readFileSync(page, 'utf8')
for (const [name, content] of Object.entries({ benches: table, budget, chaos: kills })) {
  const [begin, end] = [`<!-- ${name}: scripts/performance-doc.mjs -->`, `<!-- end of ${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks the markers of '${name}'.`)
  text = `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}
writeFileSync(page, text)
