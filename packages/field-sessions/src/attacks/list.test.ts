import { readFileSync, readdirSync } from 'node:fs'

const page = readFileSync(new URL('../../../../docs/security/field-sessions.md', import.meta.url), 'utf8')

it('every attack of the document has a test that names it, and no test names another', () => {
  const listed = [...page.matchAll(/^\| (A\d+) \| /gm)].map(([, id]) => id)
  const here = new URL('./', import.meta.url)
  const tested = readdirSync(here).filter((file) => file !== 'list.test.ts').flatMap((file) => [...readFileSync(new URL(file, here), 'utf8').matchAll(/(?:it|describe|test)(?:\.each\([^)]*\))?\('(A\d+) /g)].map(([, id]) => id))
  expect(listed).toHaveLength(26)
  expect([...new Set(tested)].sort()).toEqual([...listed].sort())
})
