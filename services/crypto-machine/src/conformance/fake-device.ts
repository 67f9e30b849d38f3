import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { sm3, sm4CbcEncrypt } from '@zhuzhan/gm-crypto'
import type { LibraryProgram } from '../provider/sdf/library/process.js'

/** The fake device of provider/sdf/fake, built from its C source, and what a test makes it do. */

const SOURCE = fileURLToPath(new URL('../provider/sdf/fake/', import.meta.url))
const MAIN = fileURLToPath(new URL('../provider/sdf/library/main.ts', import.meta.url))
const compiler = [process.env['CC'], 'cc', 'gcc', 'clang'].find((name) => name && spawnSync(name, ['--version']).status === 0)

export interface FakeDevice {
  libraryPath: string
  /** The library's process, made from its source. */
  program: LibraryProgram
  /** Lines of control.h; none = a device that works. */
  control(...lines: string[]): void
  /** Calls since the last question, by symbol. */
  calls(): string[]
  /** A file of this content beside the library. @returns its path */
  file(name: string, content: string): string
}

/**
 * The fake device for a whole test file, or `undefined` where there is no C compiler: then it says once that this part
 * did not run, and the file leaves its tests of the device out.
 */
export function withFakeDevice(): FakeDevice | undefined {
  if (!compiler) {
    process.stderr.write('The tests of the cipher device (GM/T 0018) did not run: no C compiler here (Debian: apt-get install gcc libc6-dev).\n')
    return undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'fake-sdf-'))
  const libraryPath = join(folder, 'libfake.so')
  const [controlFile, logFile] = [join(folder, 'control'), join(folder, 'calls')]
  const sources = readdirSync(SOURCE).filter((name) => name.endsWith('.c')).map((name) => join(SOURCE, name))
  execFileSync(compiler, ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', libraryPath, ...sources, '-lpthread'])
  const program = { file: join(folder, 'library.mjs'), execArgv: [] }
  writeFileSync(program.file, transpiled())
  process.env['FAKE_SDF_CONTROL'] = controlFile
  process.env['FAKE_SDF_LOG'] = logFile
  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    // In one step: the device reads it at any moment.
    writeFileSync(`${path}.new`, content, { mode: 0o600 })
    renameSync(`${path}.new`, path)
    return path
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return {
    libraryPath,
    program,
    file,
    control: (...lines) => void file('control', lines.map((line) => `${line}\n`).join('')),
    calls() {
      const names = existsSync(logFile) ? readFileSync(logFile, 'utf8').trim().split('\n') : []
      rmSync(logFile, { force: true })
      return names.filter((name) => name !== '')
    },
  }
}

/** main.ts as a program beside the library: it imports nothing but types and koffi. */
function transpiled(): string {
  // The workspace's own compiler; a service need not depend on it.
  const fromHere = createRequire(import.meta.url)
  const { transpileModule } = fromHere('typescript') as { transpileModule(text: string, options: object): { outputText: string } }
  const { outputText } = transpileModule(readFileSync(MAIN, 'utf8'), { compilerOptions: { module: 'esnext', target: 'es2022' } })
  return outputText.replace("'koffi'", `'${pathToFileURL(fromHere.resolve('koffi')).href}'`)
}

/** Keys the fake device makes from their index, see device.c. */
export const fakeKek = (index: number): Buffer => sm3(Buffer.from('fake kek'), Buffer.of(index)).subarray(0, 16)

/** A key wrapped as the fake device wraps it: IV, CBC, CBC-MAC. */
export function wrapForFake(index: number, key: Uint8Array, iv = Buffer.alloc(16, 7)): Buffer {
  const [kek, zero] = [fakeKek(index), Buffer.alloc(16)]
  const body = sm4CbcEncrypt(kek, iv, key, 'none')
  return Buffer.concat([iv, body, sm4CbcEncrypt(kek, zero, Buffer.concat([iv, body]), 'none').subarray(-16)])
}
