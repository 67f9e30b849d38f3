import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SPANS } from '@zhuzhan/telemetry'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = ['README.md', ...readdirSync(join(root, 'docs'), { recursive: true }).map(String).filter((file) => file.endsWith('.md')).map((file) => join('docs', file))]

test.each(pages)('%s points at files that exist', (page) => {
  const text = readFileSync(join(root, page), 'utf8')
  const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) => link as string).filter((link) => !/^https?:/.test(link))
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
})

test('docs/frame-journey.md names every span, and no other', () => {
  const text = readFileSync(join(root, 'docs/frame-journey.md'), 'utf8')
  const named = new Set([...text.matchAll(/`((?:gateway|fep|crypto|analytics|api)\.[a-z]+\.[a-z]+)`/g)].map(([, name]) => name as string))
  expect([...named].sort()).toEqual(Object.keys(SPANS).sort())
})
