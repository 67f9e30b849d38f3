import { readFileSync } from 'node:fs'
import { FAULTS } from './table.js'

test('docs/chaos.md has exactly the kinds of the table, in their words', () => {
  const page = readFileSync(new URL('../../../../docs/chaos.md', import.meta.url), 'utf8')
  const listed = [...page.matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)].filter(([, name]) => name! in FAULTS).map(([, name, what]) => [name, what])
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(Object.entries(FAULTS).map(([name, { what }]) => [name, what])))
})
