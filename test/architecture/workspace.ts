import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface Member {
  /** Without the scope: `core`, `operator-api`. */
  name: string
  /** `packages/core` */
  folder: string
  service: boolean
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  sources: Source[]
}

export interface Source {
  /** From the root. */
  file: string
  lines: number
  /** A test, or what only tests use. */
  test: boolean
  imports: string[]
}

/** Every package and service of the workspace, as it lies on the disk. */
export function readWorkspace(): Member[] {
  return ['packages', 'services'].flatMap((group) => readdirSync(join(ROOT, group)).map((entry) => readMember(`${group}/${entry}`)))
}

function readMember(folder: string): Member {
  const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Partial<Member> & { name: string }
  return {
    name: manifest.name.replace('@zhuzhan/', ''),
    folder,
    service: folder.startsWith('services/'),
    dependencies: manifest.dependencies ?? {},
    devDependencies: manifest.devDependencies ?? {},
    sources: walk(join(ROOT, folder, 'src')).filter((file) => file.endsWith('.ts') && !file.includes('/generated/')).map(readSource),
  }
}

function readSource(path: string): Source {
  const text = readFileSync(path, 'utf8')
  const file = relative(ROOT, path)
  return { file, lines: text.split('\n').length - 1, test: /\.test\.ts$|\/vectors\/|\/fixtures\/|\/conformance\//.test(file), imports: ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName) }
}

function walk(folder: string): string[] {
  const entries = statSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder, { withFileTypes: true }) : []
  return entries.flatMap((entry) => (entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)]))
}
