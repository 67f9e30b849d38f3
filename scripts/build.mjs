/**
 * Transpiles every source of packages and services to its `dist/`, same tree, as ES modules with source maps, and makes one
 * bundle of each service besides (bundle.mjs); that is what runs. Only what changed since the last build is touched. Types are checked by `npm run typecheck`, not here.
 * Called by bootstrap.mjs, which holds the lock.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundle, bundleFolder, bundledServices } from './bundle.mjs'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MANIFEST = join(ROOT, '.tools', 'build.json')
const GENERATED = join(ROOT, 'packages/persistence/src/generated')
const PRISMA_INPUTS = ['prisma/schema.prisma', 'prisma.config.ts', 'node_modules/prisma/package.json']

/** Is everything in `dist/` newer than its source? Looks at names, sizes and times only. */
export function upToDate() {
  const manifest = readManifest()
  if (manifest.prisma !== prismaHash() || !existsSync(GENERATED)) return false
  const found = sources()
  if (staleBundles(manifest).length > 0) return false
  const known = Object.keys(manifest.files)
  return known.length === found.length && found.every((file) => manifest.files[file]?.stamp === stampOf(file))
}

/** @param {{ say: (text: string) => void }} options */
export async function build({ say }) {
  const manifest = readManifest()
  generatePrismaClient(manifest, say)
  const found = sources()
  const gone = Object.keys(manifest.files).filter((file) => !found.includes(file))
  const changed = found.filter((file) => isChanged(file, manifest))

  // A build that is interrupted must not be taken for a finished one.
  for (const file of [...gone, ...changed]) delete manifest.files[file]
  forgetBundlesOf([...gone, ...changed], manifest)
  writeManifest(manifest)
  for (const file of gone) for (const output of outputsOf(file)) rmSync(join(ROOT, output), { force: true })
  await transpile(changed.filter((file) => file.endsWith('.ts')))
  for (const file of changed.filter((name) => name.endsWith('.json'))) copy(file)
  for (const file of found) manifest.files[file] = { stamp: stampOf(file), hash: hashOf(file) }
  writeManifest(manifest)
  if (changed.length > 0) say(`built ${changed.length} of ${found.length} source files`)
  const stale = staleBundles(manifest)
  for (const service of stale) {
    manifest.bundles[service] = { inputs: await bundle(ROOT, service), tools: bundleHash() }
    writeManifest(manifest)
  }
  if (stale.length > 0) say(`bundled ${stale.join(', ')}`)
}

/** A bundle is as old as the oldest thing in it: the sources, the installed packages, the way it is made. */
function staleBundles(manifest) {
  const tools = bundleHash()
  return bundledServices(ROOT).filter((service) => manifest.bundles[service]?.tools !== tools || !existsSync(join(ROOT, bundleFolder(service), 'main.js')))
}

function forgetBundlesOf(files, manifest) {
  const among = new Set(files)
  for (const [service, { inputs }] of Object.entries(manifest.bundles)) if (inputs.some((file) => among.has(file))) delete manifest.bundles[service]
}

function bundleHash() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'scripts/bundle.mjs']) hash.update(readFileSync(join(ROOT, file)))
  return hash.digest('hex')
}

async function transpile(files) {
  if (files.length === 0) return
  const esbuild = await import('esbuild')
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: files.map((file) => ({ in: file, out: distOf(file).replace(/\.ts$/, '') })),
    outdir: '.',
    bundle: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
  })
}

/** Prisma's client is generated into the sources of packages/persistence; no database and no download is needed for it. */
function generatePrismaClient(manifest, say) {
  const hash = prismaHash()
  if (hash === undefined || (manifest.prisma === hash && existsSync(GENERATED))) return
  say('generating the database client')
  const done = spawnSync(process.execPath, [join(ROOT, 'node_modules/prisma/build/index.js'), 'generate'], {
    cwd: ROOT,
    encoding: 'utf8',
    // Prisma insists on a schema engine it could run; generating does not use it. For this command only (stack notes: with a
    // false engine `migrate deploy` would silently do nothing).
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: harmlessProgram(), PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
  })
  if (done.status !== 0) throw new Error(`prisma generate failed:\n${done.stdout ?? ''}${done.stderr ?? ''}`)
  manifest.prisma = hash
}

function harmlessProgram() {
  return ['/bin/true', '/usr/bin/true'].find((file) => existsSync(file)) ?? process.execPath
}

function prismaHash() {
  const hash = createHash('sha256')
  for (const file of PRISMA_INPUTS) {
    if (!existsSync(join(ROOT, file))) return undefined
    hash.update(readFileSync(join(ROOT, file)))
  }
  return hash.digest('hex')
}

/** Files under every src/ that end up in dist/, relative to the root, sorted. */
function sources() {
  const members = ['packages', 'services'].flatMap((group) => list(group).filter((entry) => entry.isDirectory()).map((entry) => `${group}/${entry.name}`))
  return members.flatMap((member) => walk(`${member}/src`)).filter(isSource).sort()
}

function isSource(file) {
  return file.endsWith('.json') || (file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.endsWith('.d.ts'))
}

function walk(folder) {
  return list(folder).flatMap((entry) => (entry.isDirectory() ? walk(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]))
}

function list(folder) {
  return existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder), { withFileTypes: true }) : []
}

/** `packages/core/src/a.ts` -> `packages/core/dist/a.ts`; the caller sets the ending. */
function distOf(file) {
  return file.replace(/^((?:packages|services)\/[^/]+)\/src\//, '$1/dist/')
}

function outputsOf(file) {
  const out = distOf(file)
  if (!out.endsWith('.ts')) return [out]
  const script = out.replace(/\.ts$/, '.js')
  return [script, `${script}.map`]
}

function isChanged(file, manifest) {
  const known = manifest.files[file]
  if (!known || outputsOf(file).some((output) => !existsSync(join(ROOT, output)))) return true
  return known.stamp !== stampOf(file) && known.hash !== hashOf(file)
}

function copy(file) {
  const target = join(ROOT, distOf(file))
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(join(ROOT, file), target)
}

function stampOf(file) {
  const { mtimeMs, size } = statSync(join(ROOT, file))
  return `${mtimeMs} ${size}`
}

function hashOf(file) {
  return createHash('sha256').update(readFileSync(join(ROOT, file))).digest('hex')
}

function readManifest() {
  try {
    return { bundles: {}, ...JSON.parse(readFileSync(MANIFEST, 'utf8')) }
  } catch {
    return { files: {}, bundles: {} }
  }
}

function writeManifest(manifest) {
  mkdirSync(dirname(MANIFEST), { recursive: true })
  writeFileSync(MANIFEST, JSON.stringify(manifest))
}
