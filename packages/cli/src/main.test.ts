import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('../../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'zhuzhan-cli-'))
const program = join(folder, 'main.mjs')

/** One file of the command from its sources, so that a process of it starts at once; what has to do with a station stays out. */
beforeAll(() => {
  const { status, stderr } = spawnSync(join(project, 'node_modules/esbuild/bin/esbuild'), [
    join(project, 'packages/cli/src/main.ts'), '--bundle', '--platform=node', '--format=esm', '--target=node20',
    '--conditions=zhuzhan-source', '--external:./commands/station.js', '--external:./commands/analyse.js', `--outfile=${program}`, '--log-level=warning',
    // commander asks for Node's modules by require.
    '--banner:js=import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  ], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
})

afterAll(() => rmSync(folder, { recursive: true }))

/** The command as a process of its own. */
function zhuzhan(args: readonly string[], input = ''): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { input, encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, NODE_OPTIONS: '' } })
  return { status, stdout, stderr }
}

const packages = new URL('../../', import.meta.url)
const recorded = ['dlt698', 'dlt645', 'gdw1376', 'ssal'].flatMap((name) => {
  const at = new URL(`${name}/vectors/`, packages)
  return readdirSync(at).filter((file) => /^frames-.*\.json$/.test(file)).flatMap((file) => (JSON.parse(readFileSync(new URL(file, at), 'utf8')) as { hex: string }[]).map(({ hex }) => hex))
})
const READ = '6812107856341268110433333433E816'

it('decodes every recorded frame to one line and encodes the lines byte by byte', () => {
  const decoded = zhuzhan(['decode'], recorded.join('\n'))
  expect(decoded).toMatchObject({ status: 0, stderr: '' })
  expect(decoded.stdout.trimEnd().split('\n')).toHaveLength(recorded.length)
  const encoded = zhuzhan(['encode'], decoded.stdout)
  expect(encoded).toMatchObject({ status: 0, stderr: '' })
  expect(encoded.stdout.trimEnd().split('\n')).toEqual(recorded)
})

it('reads a file, and ends with 1 when something did not decode', () => {
  const file = join(folder, 'frames.log')
  writeFileSync(file, `16:05:09 rx ${READ}\n16:05:10 rx ${READ.replace('E816', 'E916')}\n`)
  const { status, stdout } = zhuzhan(['decode', '--pretty', '--lang', 'both', file])
  expect(status).toBe(1)
  expect(stdout).toContain('data identifier 数据标识: 00010000 Forward active energy, total 正向有功电能 总')
  expect(stdout).toContain('◀ expected')
  expect(zhuzhan(['decode', join(folder, 'no such file')])).toMatchObject({ status: 1, stdout: '' })
})

it('takes the hex itself, in one word or many, and says what it could not find', () => {
  for (const words of [[READ], READ.match(/../g)!]) expect(zhuzhan(['decode', '--pretty', ...words]).stdout).toContain('Forward active energy, total')
  expect(zhuzhan(['decode', 'nothing-of-the-kind.log']).stderr).toContain('nothing-of-the-kind.log')
})

it('explains and builds', () => {
  expect(zhuzhan(['explain', '0C', 'F25']).stdout).toContain('0C F25  Instantaneous powers')
  expect(zhuzhan(['explain', 'no such thing'])).toMatchObject({ status: 1, stdout: '' })
  expect(zhuzhan(['build', 'read', '00010000', '--to', '123456781012', '--protocol', 'dlt645'])).toMatchObject({ status: 0, stdout: `${READ}\n`, stderr: '' })
  const tree = zhuzhan(['build', '--pretty', 'read', '20000200', '--to', '1'])
  expect(tree.stdout).toContain('object attribute OAD: 20000200 Voltage')
  const wrong = zhuzhan(['build', 'read', '2000020', '--to', '1'])
  expect(wrong).toMatchObject({ status: 1, stdout: '' })
  expect(wrong.stderr).toContain("'2000020' is no OAD: 8 hex digits, like 20000200")
})

it('refuses settings and protocols that there are not, with what there is', () => {
  expect(zhuzhan(['decode', '--setting', 'nosuch=1']).stderr).toMatch(/no setting nosuch; there are .*terminalLength/)
  expect(zhuzhan(['decode', '--protocol', 'x']).stderr).toMatch(/Allowed choices are auto, ssal, dlt698/)
  expect(zhuzhan(['encode'], '{"ok":false}\n{}\n')).toMatchObject({ status: 1 })
})
