import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Command } from 'commander'
import { sgccLines } from '../../../energy-models/src/fixtures/sgcc.js'
import { analyseCommand } from './analyse.js'

const folder = mkdtempSync(join(tmpdir(), 'analyse-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

/** The command in this process; its line of JSON. @throws what the command throws */
async function analyse(...args: string[]): Promise<Record<string, unknown>> {
  const written: string[] = []
  const stdout = import.meta.jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  try {
    const program = new Command().exitOverride()
    analyseCommand(program)
    await program.parseAsync(['analyse', ...args, '--json'], { from: 'user' })
    return JSON.parse(written.join('')) as Record<string, unknown>
  } finally {
    stdout.mockRestore()
  }
}

/** Hourly use of some homes from 2030-01-01 on; the last one halves after a while. */
function homes(days: number, first = 0): string {
  const rows = Array.from({ length: days * 24 }, (_, time) => {
    const hour = first * 24 + time
    const use = [1, 2, 3, 4, 5, 6, 7].map((home) => Math.round(100 + 60 * Math.sin((hour % 24) / 4 + home) + ((hour * 7_919 * home) % 53)))
    if (hour > 60 * 24) use[6] = Math.round(use[6]! * 0.4)
    return `${new Date(Date.UTC(2030, 0, 1, hour)).toISOString().slice(0, 19).replace('T', ' ')},${use.join(',')}`
  })
  return `time,H1,H2,H3,H4,H5,H6,H7\n${rows.join('\n')}\n`
}

it('plans a night', async () => {
  const night = { slot_minutes: 60, slots: 3, base_kw: [1, 1, 1], transformer_limit_kw: 9, price_cny_per_kwh: [1, 0.26, 0.26], evs: [{ pile: 'P1', plug_slot: 0, depart_slot: 3, energy_kwh: 10, max_kw: 7, min_kw: 1.4 }] }
  expect(await analyse('charging', '--case', file('night.json', JSON.stringify(night)))).toMatchObject({ cost: 2.6, unserved: 0, violations: 0, plan: [{ pile: 'P1' }] })
})

it('runs a night in closed loop through a dead gateway, with a log and a picture', async () => {
  const night = { slot_minutes: 15, slots: 8, base_kw: Array(8).fill(20), transformer_limit_kw: 40, price_cny_per_kwh: Array(8).fill(0.26), evs: ['P1', 'P2'].map((pile) => ({ pile, plug_slot: 0, depart_slot: 8, energy_kwh: 5, max_kw: 7, min_kw: 1.4 })) }
  const [log, svg] = [join(folder, 'night.log'), join(folder, 'night.svg')]
  const found = await analyse('charging-loop', '--case', file('loop.json', JSON.stringify(night)), '--gateway-down', '0.5-2.5', '--restart', 'P2@4.5', '--lost', '0.1', '--log', log, '--svg', svg)
  expect(found).toMatchObject({ cost: 2.6, optimum: 2.6, unserved: 0, unservedByPile: [], instantsOverLimit: 0, batches: 8 })
  expect(readFileSync(log, 'utf8')).toMatch(/no pile could be read[^]*sent again with the same id, try 2: no acknowledgement/)
  const picture = readFileSync(svg, 'utf8')
  expect(picture).toMatch(/^<svg [^]*<polyline [^]*gateway dead[^]*<\/svg>\n$/)
  expect(picture).not.toMatch(/href|<script|NaN/)
  await expect(analyse('charging-loop', '--case', join(folder, 'loop.json'), '--restart', 'P9@1')).rejects.toMatchObject({ code: 'BODY_INVALID' })
  await expect(analyse('charging-loop', '--case', join(folder, 'loop.json'), '--safe-kw', '11')).rejects.toMatchObject({ code: 'BODY_INVALID' })
})

it('scores customers with the model that ships', async () => {
  const history = file('history.csv.gz', gzipSync(homes(45)))
  const series = file('series.csv', homes(45, 45))
  const { scores } = await analyse('anomaly', '--history', history, '--series', series) as { scores: { series: string; score: number }[] }
  expect([...scores].sort((a, b) => b.score - a.score)[0]?.series).toBe('H7')
  const energy = await analyse('anomaly', '--history', history, '--series', series, '--rank', 'energy', '--unit-kwh', '0.001') as { scores: { series: string; score: number; recoverable: Record<string, number> }[] }
  const [first] = energy.scores
  const { kwhAMonth, expectedKwhADay, countedKwhADay } = first!.recoverable as Record<'kwhAMonth' | 'expectedKwhADay' | 'countedKwhADay', number>
  expect(first?.series).toBe('H7')
  expect(kwhAMonth).toBeCloseTo(first!.score * (expectedKwhADay - countedKwhADay) * 30, 1)
  expect(energy.scores.map(({ recoverable }) => recoverable['kwhAMonth'])).toEqual(energy.scores.map(({ recoverable }) => recoverable['kwhAMonth']!).sort((a, b) => b - a))
  await expect(analyse('anomaly', '--history', history, '--series', series, '--rank', 'name')).rejects.toMatchObject({ code: 'BODY_INVALID' })
})

it('learns from inspected cases', async () => {
  const [history, series, truth] = [file('history.csv', homes(45)), file('series.csv', homes(45, 45)), file('truth.csv', homes(100))]
  const scoreOf = async (model: string): Promise<number> => {
    const { scores } = await analyse('anomaly', '--history', history, '--series', series, '--model', model) as { scores: { series: string; score: number }[] }
    return scores.find((one) => one.series === 'H7')?.score ?? NaN
  }
  const train = (name: string, ...more: string[]) => analyse('anomaly', 'train', '--homes', truth, '--draws', '4', '--out', join(folder, name), ...more)
  const without = await train('without.json') as { rows: number }
  // Somebody went there and found nothing wrong.
  const cases = file('cases.csv', 'series,theft,since,opened,decided\r\nH7,0,,x,y\r\nH99,1,,x,y\r\n')
  expect(await train('with.json', '--cases', cases, '--history', history, '--series', series)).toMatchObject({ rows: without.rows + 10, casesUnused: ['H99'] })
  expect(await scoreOf(join(folder, 'with.json'))).toBeLessThan(await scoreOf(join(folder, 'without.json')))
  await expect(train('no.json', '--cases', cases)).rejects.toMatchObject({ code: 'BODY_INVALID' })
  await expect(train('no.json', '--cases', file('maybe.csv', 'series,theft\nH7,perhaps\n'), '--history', history, '--series', series)).rejects.toMatchObject({ code: 'DATA_REFUSED' })
})

it('reads the layout of the SGCC data, trains on most customers and judges by the others', async () => {
  const lines = [...sgccLines(600, 120)]
  const data = file('sgcc.csv.gz', gzipSync(`${[...lines.slice(0, 3), 'C-short,1,2,3', ...lines.slice(3), `C-dark,0${',0'.repeat(119)}`].join('\r\n')}\r\n`))
  const model = join(folder, 'sgcc.json')
  const trained = await analyse('anomaly', 'train', '--sgcc', data, '--out', model) as { quality: Record<string, { value: number; low: number; high: number }> & { customers: number }; read: object }
  expect(trained.read).toMatchObject({ customers: 600, days: 119, brokenRows: 1, refused: 1, published: false, takenOut: lines.join().split('88888').length - 1 })
  expect(trained.quality['auc']!.value).toBeGreaterThan(0.9)
  expect(trained.quality['foundAt5']!.value).toBeGreaterThan(0.6)
  for (const one of ['auc', 'prAuc', 'map100', 'map200', 'foundAt5']) expect(trained.quality[one]!.low <= trained.quality[one]!.value && trained.quality[one]!.value <= trained.quality[one]!.high).toBe(true)
  // The same file again: judged on the same unseen customers. Seen failing with the model's own customers taken in.
  const scored = await analyse('anomaly', '--sgcc', data, '--model', model) as { scores: { series: string; score: number }[]; refused: object[]; quality: { auc: object; customers: number } }
  expect(scored.scores).toHaveLength(600)
  expect(scored.refused).toEqual([{ series: 'C-dark', refused: 'no use at all' }])
  expect(scored.quality.customers).toBe(trained.quality.customers)
  expect(scored.quality.customers).toBeLessThan(170)
  // Days in another order are the same days.
  const swapped = lines.map((line) => { const [a, b, ...rest] = line.split(','); return [a, b, ...rest.reverse()].join(',') })
  const again = await analyse('anomaly', '--sgcc', file('sgcc2.csv', swapped.join('\n')), '--model', model) as { scores: { series: string; score: number }[] }
  expect(again.scores).toEqual(scored.scores)
  await expect(analyse('anomaly', '--sgcc', data)).rejects.toMatchObject({ code: 'BODY_INVALID' })
  await expect(analyse('anomaly', '--sgcc', join(folder, 'none.csv'), '--model', model)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(analyse('anomaly', '--sgcc', file('sgcc3.csv', 'CONS_NO,FLAG,mean\nC1,0,3\n'), '--model', model)).rejects.toMatchObject({ code: 'DATA_REFUSED' })
  await expect(analyse('anomaly', '--sgcc', file('sgcc4.csv.gz', gzipSync(lines.join('\n')).subarray(0, 20_000)), '--model', model)).rejects.toMatchObject({ code: 'DATA_REFUSED' })
})

it('forecasts one column from a day on', async () => {
  expect(await analyse('forecast', '--series', file('load.csv', homes(50)), '--column', 'H1', '--from', '2030-02-10')).toMatchObject({ target: 'H1', days: 10, from: '2030-02-10' })
})

it('validates a series, fills its gaps and measures how well', async () => {
  const rows = homes(35).split('\n')
  // Two hours nobody knows, one value thousand-fold, one negative.
  for (const [row, value] of [[700, ''], [701, ''], [730, '99999'], [750, '-3']] as const) rows[row] = (rows[row] as string).replace(/,[^,]*/, `,${value}`)
  const { series, estimation } = await analyse('vee', '--series', file('bad-values.csv', rows.join('\n')), '--unit-kwh', '0.001', '--errors') as {
    series: Record<string, unknown>[]; estimation: { gap: string; withRegisters: number; sumsNotExact: number }[]
  }
  expect(series[0]).toMatchObject({ name: 'H1', days: 35, missing: 2, rejected: 2, estimated: 4, findings: { 'VEE-3-RANGE': 2 }, mayAct: false })
  expect(series[1]).toMatchObject({ name: 'H2', missing: 0, rejected: 0, estimated: 0, completeness: 1 })
  expect(estimation.map(({ gap, sumsNotExact }) => [gap, sumsNotExact])).toEqual([['1 h', 0], ['2 h', 0], ['6 h', 0], ['24 h', 0], ['72 h', 0]])
  expect(await analyse('vee', '--series', file('nothing.csv', homes(3).replace(/,[0-9,]+/g, ',,,,,,,')))).toMatchObject({ series: [{ energy: null, whyNot: 'no readings', completeness: 0 }, {}, {}, {}, {}, {}, {}] })
})

it('refuses with a code and the reason', async () => {
  await expect(analyse('charging', '--case', join(folder, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(analyse('charging', '--case', file('bad.json', '{'))).rejects.toMatchObject({ code: 'BODY_INVALID' })
  await expect(analyse('feeder', '--dir', folder)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(analyse('forecast', '--series', file('empty.csv', ''))).rejects.toMatchObject({ code: 'DATA_REFUSED' })
  await expect(analyse('anomaly', '--indicators', file('i.csv', 'a\n1\n'))).rejects.toMatchObject({ code: 'BODY_INVALID' })
})
