/**
 * What `npm start`, `npm test` and `zhuzhan` need before they can run: the package manager at the pinned version, the
 * packages, the generated database client, the build. Does only what is missing; two callers do not collide.
 * `npm run build` is this alone.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT, build, upToDate } from './build.mjs'
import { takeLock } from './pid-lock.mjs'
import { createProgress } from './progress.mjs'

const TOOLS = join(ROOT, '.tools')
const INSTALL_STAMP = join(TOOLS, 'installed')
const LEAST_NODE = [20, 11]

/** A failure whose message is all the caller should show. */
export class SetupError extends Error {}

/**
 * @param {{ say: (text: string) => void }} options
 * @throws {SetupError} with one message that says what to do
 */
export async function bootstrap({ say }) {
  checkNode()
  if (isInstalled() && upToDate()) return
  const lock = await waitForLock(say)
  try {
    if (!isInstalled()) await install(say)
    await build({ say })
  } finally {
    lock.release()
  }
}

/** Runs a script's body and turns a SetupError into one line and exit code 1. */
export async function orExplain(body) {
  try {
    await body()
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : (error.stack ?? error)}\n`)
    process.exit(1)
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])) return
  throw new SetupError(`Zhuzhan needs Node.js ${LEAST_NODE.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).`)
}

/** The stamp is taken away before an installation and written after it, so an interrupted one is seen. */
function isInstalled() {
  return existsSync(INSTALL_STAMP) && existsSync(join(ROOT, 'node_modules/.modules.yaml')) && readFileSync(INSTALL_STAMP, 'utf8') === installHash()
}

function installHash() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${process.versions.modules}\n`)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(ROOT, file)))
  return hash.digest('hex')
}

async function install(say) {
  rmSync(INSTALL_STAMP, { force: true })
  const pnpm = await packageManager(say)
  say('installing packages')
  const args = ['install', '--frozen-lockfile', '--prod=false', '--config.confirmModulesPurge=false', '--reporter=append-only']
  await run(process.execPath, [pnpm, ...args], 'The packages could not be installed')
  writeFileSync(INSTALL_STAMP, installHash())
  say('packages are installed')
}

/** pnpm at exactly the version package.json names, fetched through npm into .tools/ when it is not there. */
async function packageManager(say) {
  const [, version = ''] = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).packageManager.split('@')
  const home = join(TOOLS, 'node_modules/pnpm')
  const present = () => existsSync(join(home, 'package.json')) && JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version === version
  if (!present()) {
    say(`fetching pnpm ${version}`)
    mkdirSync(TOOLS, { recursive: true })
    // A package.json of its own keeps npm from climbing to the workspace's.
    writeFileSync(join(TOOLS, 'package.json'), '{ "private": true }\n')
    const args = ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error', `pnpm@${version}`]
    await run('npm', args, 'pnpm could not be fetched', TOOLS)
    if (!present()) throw new SetupError(`npm ended well but pnpm ${version} is not in ${home}.`)
  }
  return join(home, 'bin/pnpm.cjs')
}

/** Output is kept and shown only when the command fails. */
async function run(command, args, failure, cwd = ROOT) {
  const child = spawn(command, args, { cwd, env: { ...process.env, CI: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => { output = (output + part).slice(-20_000) })
  const code = await new Promise((resolve) => {
    child.once('error', (error) => { output += error.message; resolve(1) })
    child.once('close', (status, signal) => resolve(signal ?? status))
  })
  if (code === 0) return
  const network = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_PNPM_META_FETCH_FAIL|ENETUNREACH/.test(output)
  const advice = network ? ' The package registry is not reachable: check the network, or the proxy and registry settings of npm.' : ''
  throw new SetupError(`${output.trim()}\n\n${failure} (${code}).${advice}`)
}

async function waitForLock(say) {
  for (let told = false; ; told = true) {
    const lock = takeLock(join(TOOLS, 'setup.lock'))
    if ('release' in lock) return lock
    if (!told) say(`another set-up is running (process ${lock.owner}); waiting for it`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) {
  await orExplain(() => bootstrap({ say: createProgress(process.stdout) }))
}
