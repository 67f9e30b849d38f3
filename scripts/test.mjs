/**
 * `npm test`: sets up, checks types and lint, runs all tests, and ends with one line `N passed, N failed`.
 * With ZHUZHAN_TEST_LONG=1 the drills run as well, which take some minutes more.
 * `npm test -- ARGUMENTS` hands the arguments to Jest and runs that part only, without types and lint.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrap, orExplain } from './bootstrap.mjs'
import { ROOT } from './build.mjs'
import { createProgress } from './progress.mjs'

const say = createProgress(process.stdout)
const REPORT = join(ROOT, '.tools/jest.json')
/** Tests that start whole stations run one after another: two stations at once would measure each other. */
const STATION_TESTS = '/test/(e2e|security)/'
/** Jest keeps what a suite has loaded: in one process 250 suites fill the heap, and the last ones wait for the garbage collector. */
const FRESH_WORKERS = ['--workerIdleMemoryLimit=1GB']
/** Jest leaves one core idle otherwise, which on two cores makes the tests take twice as long. */
const ALL_CORES = ['--maxWorkers=100%']
/** Drills of more than five minutes together: with ZHUZHAN_TEST_LONG=1, before a release, and after a change of sessions, keys, the machine, cost control or charging. */
const DRILLS = '/(test/(e2e/(rotation|cost-control|charging/(charging|appliances))|security/osp1/(kill|modules|no-key-outside|wire))|custody/change-master-kill)\\.test'
/** The kill rig reads /proc. */
const LINUX_ONLY = '/test/e2e/chaos\\.test'
const SPARED = [...(process.env.ZHUZHAN_TEST_LONG === '1' ? [] : [DRILLS]), ...(process.platform === 'linux' ? [] : [LINUX_ONLY])]

await orExplain(() => bootstrap({ say }))

const asked = process.argv.slice(2)
const failures = []
if (asked.length === 0) {
  await Promise.all([
    check('types', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']),
    check('lint', ['node_modules/eslint/bin/eslint.js', '.']),
  ])
}
const runs = asked.length > 0 ? [jest(asked)] : [
  jest([...FRESH_WORKERS, ...ALL_CORES, '--testPathIgnorePatterns', '/node_modules/', '/dist/', STATION_TESTS, ...SPARED]),
  jest(['--runInBand', '--passWithNoTests', '--testPathPatterns', STATION_TESTS, '--testPathIgnorePatterns', '/node_modules/', '/dist/', ...SPARED]),
]
const passed = runs.reduce((sum, run) => sum + run.passed, 0)
const failed = runs.reduce((sum, run) => sum + run.failed, 0) + failures.length
if (failures.length > 0) say(`failed besides the tests: ${failures.join(', ')}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || runs.some((run) => run.broken) ? 1 : 0

async function check(name, command) {
  say(`checking ${name}`)
  const [status] = await once(spawn(process.execPath, command, { cwd: ROOT, stdio: 'inherit' }), 'exit')
  if (status !== 0) failures.push(name)
}

/** A suite that could not even be loaded counts as one failure; so does a Jest that left no report. */
function jest(args) {
  say(`running tests ${args.join(' ')}`)
  rmSync(REPORT, { force: true })
  const { status } = spawnSync(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), '--json', `--outputFile=${REPORT}`, ...args], {
    cwd: ROOT,
    // The JSON goes to the file; what Jest tells people goes to standard error.
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: [process.env.NODE_OPTIONS, '--experimental-vm-modules', '--no-warnings'].filter(Boolean).join(' ') },
  })
  try {
    const report = JSON.parse(readFileSync(REPORT, 'utf8'))
    return { passed: report.numPassedTests, failed: report.numFailedTests + report.numRuntimeErrorTestSuites, broken: status !== 0 }
  } catch {
    return { passed: 0, failed: 1, broken: true }
  }
}
