import { readFileSync } from 'node:fs'
import * as dlt645 from '@zhuzhan/dlt645'
import * as dlt698 from '@zhuzhan/dlt698'
import * as gdw1376 from '@zhuzhan/gdw1376'
import * as ssal from '@zhuzhan/ssal'
import * as analyser from './index.js'

const docs = new URL('../../../docs/protocol/', import.meta.url)
const script = new URL('../../../scripts/protocol-doc.mjs', import.meta.url)

it.each(['README.md', 'examples.md'])('docs/protocol/%s is what the tables and the program say: node scripts/protocol-doc.mjs writes it', async (file) => {
  const { pages } = await import(script.href) as { pages(packages: object): Readonly<Record<string, string>> }
  expect(readFileSync(new URL(file, docs), 'utf8')).toBe(pages({ analyser, dlt645, dlt698, gdw1376, ssal })[file])
})

it('docs/protocol/extending.md names files and words that are there', () => {
  const page = readFileSync(new URL('extending.md', docs), 'utf8')
  const examples = [...page.matchAll(/^\/\/ (packages\/\S+\.ts)\n([\s\S]*?)^```/gm)]
  expect(examples.length).toBeGreaterThanOrEqual(4)
  for (const [, file, code] of examples) {
    const source = readFileSync(new URL(`../../../${file!}`, import.meta.url), 'utf8')
    for (const line of code!.split('\n').filter((one) => one.trim() !== '' && !one.trim().startsWith('//'))) expect(source).toContain(line.trim())
  }
})
