import { setTimeout as sleep } from 'node:timers/promises'
import { machine, median, print } from './harness.js'
import { quantile, startGenerator, together } from './load/generator-process.js'
import { startLoadStation } from './load/station.js'

/**
 * Many secured sessions at a steady load: SESSIONS (20,000) terminals in OSP-1 sessions over GATEWAYS (2) gateway processes send PER_SECOND
 * (4,500) reports of three values for SECONDS (600). Measures the wait for acknowledgements, the station's share of both cores (the
 * generators not counted), bytes a session at gateways and front end together, and memory over the run. No foil: nothing open does this.
 *
 * Bytes a session are resident memory beyond that of the processes without sessions, twice: ten seconds after the last login, with what
 * the logins left behind, and when it has stood still for half a minute (at most SETTLING seconds, 120), as a session has it for hours.
 */
const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const [SESSIONS, PER_SECOND, SECONDS, GATEWAYS] = [size('SESSIONS', 20_000), size('PER_SECOND', 4_500), size('SECONDS', 600), size('GATEWAYS', 2)]
const GENERATORS = 2
const CORES = 2
const SETTLING = size('SETTLING', 120)
const SAMPLE_MS = 30_000
/** Behind one address and in front of one port there is room for some 28,000 connections; half of that each. */
const PER_LOCAL_ADDRESS = 14_000
const say = (text: string): void => void process.stderr.write(`${text}\n`)
const sum = (values: Record<string, number>, pick: (name: string) => boolean = () => true): number => Object.entries(values).reduce((all, [name, value]) => all + (pick(name) ? value : 0), 0)
const holdsSessions = (name: string): boolean => name.startsWith('gateway') || name.startsWith('front-end')

const station = await startLoadStation({ redis: process.env['QUEUE'] !== 'postgres', gateways: GATEWAYS, profile: (process.env['PROFILE'] ?? '').split(','), env: { ZHUZHAN_HANDSHAKES_IN_FLIGHT: '128' } })
say(`registering ${SESSIONS} terminals`)
const enrolled = await station.enrol(SESSIONS, 'S')
const reports = Math.ceil(PER_SECOND * SECONDS / SESSIONS) + 2
const generators = Array.from({ length: GENERATORS }, startGenerator)
// A few first, so that what every process loads at its first session is not counted to the others.
const emptyMemory = station.memory()
say(`making ${reports} reports for each and opening sessions`)
const begun = performance.now()
await Promise.all(generators.map((generator, g) => generator.prepare({
  terminals: enrolled.flatMap((one, n) => (n % GENERATORS === g ? [{ ...one, gateway: station.gateways[Math.floor(n / GENERATORS) % GATEWAYS]!, localAddress: `127.0.0.${1 + Math.floor(n / PER_LOCAL_ADDRESS)}` }] : [])),
  reports, from: Math.floor(Date.now() / 60_000) * 60_000 - reports * 60_000, checkEvery: 16, heartbeatSeconds: 300, connecting: 128,
})))
const opening = (performance.now() - begun) / 1_000
const bytesPerSession = (memory: Record<string, number>): number => Math.round((sum(memory, holdsSessions) - sum(emptyMemory, holdsSessions)) / SESSIONS)
await sleep(10_000)
const openMemory = station.memory()
say(`${SESSIONS} sessions after ${opening.toFixed(0)} s; ${bytesPerSession(openMemory)} bytes a session`)
const settling = [openMemory]
const moved = (): boolean => settling.slice(-4).some((memory) => Math.abs(sum(memory, holdsSessions) / sum(settling.at(-1)!, holdsSessions) - 1) > 0.01)
while (settling.length < 4 || (moved() && settling.length < SETTLING / 10)) {
  await sleep(10_000)
  settling.push(station.memory())
}
const settledMemory = settling.at(-1)!
say(`${bytesPerSession(settledMemory)} bytes a session after ${settling.length * 10} s`)

const samples: { second: number; memory: Record<string, number> }[] = []
const [cpuBefore, from] = [station.cpu(), performance.now()]
const timer = setInterval(() => samples.push({ second: Math.round((performance.now() - from) / 1_000), memory: station.memory() }), SAMPLE_MS)
const result = together(await Promise.all(generators.map((generator) => generator.steady(PER_SECOND / GENERATORS, SECONDS))))
clearInterval(timer)
const seconds = (performance.now() - from) / 1_000
const cpuAfter = station.cpu()
const stored = async (): Promise<number> => (await station.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM reading')).rows[0]!.n
for (let waited = 0; waited < 300 && await stored() < result.sent; waited += 1) await sleep(200)
const rows = await stored()
const share = (sum(cpuAfter) - sum(cpuBefore)) / seconds / CORES
const serviceMemory = samples.map(({ memory }) => sum(memory, (name) => name !== 'postgres' && name !== 'redis'))
const third = Math.max(1, Math.floor(serviceMemory.length / 3))
print({
  name: 'sessions', ours: result.confirmed, foil: null, ratio: null, unit: `of ${result.sent} reports acknowledged`,
  sessions: SESSIONS, perSecond: PER_SECOND, seconds: Math.round(seconds), stored: rows, p50Ms: quantile(result.latency, 0.5), p99Ms: quantile(result.latency, 0.99), p999Ms: quantile(result.latency, 0.999),
  stationShareOfBothCores: Number(share.toFixed(3)), generatorCores: Number((result.cpuSeconds / seconds).toFixed(2)),
  microsPerReport: Object.fromEntries(Object.entries(cpuAfter).map(([name, spent]) => [name, Math.round((spent - (cpuBefore[name] ?? 0)) / result.confirmed * 1e6)])),
  bytesPerSession: bytesPerSession(settledMemory), secondsToSettle: settling.length * 10, bytesPerSessionAfterLogins: bytesPerSession(openMemory), secondsToOpen: Math.round(opening),
  // The last third of the run against the middle one: the first fills caches.
  memoryGrowth: Number((median(serviceMemory.slice(-third)) / median(serviceMemory.slice(third, 2 * third)) - 1).toFixed(3)),
  memory: { empty: emptyMemory, open: openMemory, settled: settledMemory, end: samples.at(-1)?.memory }, faults: result.faults, late: result.late, runs: samples, machine: machine(),
})
await Promise.all(generators.map((generator) => generator.end()))
await station.stop()
