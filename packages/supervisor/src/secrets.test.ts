import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataFolder } from './data-folder.js'
import { loadSecrets } from './secrets.js'

const root = mkdtempSync(join(tmpdir(), 'zhuzhan-secrets-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('secrets are drawn once, all different, readable by nobody else', () => {
  const folder = openDataFolder(join(root, 'a'))
  const first = loadSecrets(folder)
  expect(new Set(Object.values(first)).size).toBe(7)
  expect(loadSecrets(folder)).toEqual(first)
  for (const file of [folder.secrets, folder.masterKey]) expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(folder.masterKey, 'utf8')).toMatch(/^[\w-]{43}$/)
})

test('the password of the operator counts for a new folder only', () => {
  const folder = openDataFolder(join(root, 'b'))
  expect(loadSecrets(folder, 'chosen').adminPassword).toBe('chosen')
  expect(loadSecrets(folder, 'other').adminPassword).toBe('chosen')
})

test('logs of the run before are kept beside the new ones', () => {
  const path = join(root, 'c')
  for (const text of ['first', 'second']) openAndWrite(openDataFolder(path).openLog('analytics'), text)
  expect(readFileSync(join(path, 'logs/analytics.log'), 'utf8')).toBe('second')
  expect(readFileSync(join(path, 'logs/analytics.1.log'), 'utf8')).toBe('first')
})

function openAndWrite(descriptor: number, text: string): void {
  writeFileSync(descriptor, text)
  closeSync(descriptor)
}
