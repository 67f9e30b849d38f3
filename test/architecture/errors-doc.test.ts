import { readFileSync } from 'node:fs'
import { ERRORS } from '@zhuzhan/core'

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

test('docs/errors.md lists exactly the codes of the table, with their status and text', () => {
  const listed = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (yes|no) \| (yes|no) \| (.+) \|$/gm)].map(([, code, http, retry, audit, text]) => [code, { http: Number(http), retry: retry === 'yes', audit: audit === 'yes', text }])
  expect(Object.fromEntries(listed)).toEqual(ERRORS)
})
