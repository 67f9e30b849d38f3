import { setTimeout as sleep } from 'node:timers/promises'
import { machine, print } from './harness.js'
import { quantile, startGenerator } from './load/generator-process.js'
import type { Generator } from './load/generator-process.js'
import type { LoadResult } from './load/generator-messages.js'
import { startLoadStation } from './load/station.js'

/**
 * Flow control end to end. LIVE terminals report PER_SECOND times a second all the time, with values of now. Meanwhile, one after the
 * other: nothing; analytics, the crypto machine and PostgreSQL stand still for STILL_SECONDS each; then the flood after an outage of a
 * day: BACKLOG further terminals push 96 quarter hours each, as fast as they are confirmed. Of each phase: the wait of live reports for
 * their acknowledgement, heartbeats, the most memory of the services, and how long after the fault all live rows were stored. No foil.
 */
const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const [LIVE, PER_SECOND, BACKLOG, PHASE_SECONDS, STILL_SECONDS] = [size('LIVE', 300), size('PER_SECOND', 300), size('BACKLOG', 1_000), size('PHASE_SECONDS', 20), size('STILL_SECONDS', 8)]
const QUARTERS = 96
const QUARTER_MS = 900_000
const CATCH_UP_MS = 120_000
const say = (text: string): void => void process.stderr.write(`${text}\n`)

const station = await startLoadStation({ redis: process.env['QUEUE'] !== 'postgres' })
const [live, flood] = [startGenerator(), startGenerator()]
const enrolled = await station.enrol(LIVE + BACKLOG, 'S')
const atGateway = (some: typeof enrolled) => some.map((one) => ({ ...one, gateway: station.gateways[0]! }))
const common = { checkEvery: 16, heartbeatSeconds: 30, connecting: 64 }
const reports = Math.ceil(PER_SECOND * PHASE_SECONDS * 6 / LIVE)
await live.prepare({ ...common, terminals: atGateway(enrolled.slice(0, LIVE)), reports, from: Math.floor(Date.now() / 60_000) * 60_000 - 30 * 60_000, stepMs: 10_000 })
await flood.prepare({ ...common, terminals: atGateway(enrolled.slice(LIVE)), reports: QUARTERS, from: Math.floor((Date.now() - QUARTERS * QUARTER_MS) / QUARTER_MS) * QUARTER_MS, stepMs: QUARTER_MS })

const lastLive = enrolled[LIVE - 1]!.meter
const rows = async (of: '<=' | '>'): Promise<number> => (await station.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM reading r JOIN meter m ON m.id = r.meter_id WHERE m.address ${of} $1`, [lastLive])).rows[0]!.n
let sentLive = 0

interface Phase { phase: string; acknowledged: number; p50Ms: number; p99Ms: number; slowestMs: number; caughtUpSeconds: number; heartbeats: { sent: number; answered: number; slowestMs: number }; mostMegabytes: Record<string, number>; faults: Record<string, number>; backlogSeconds?: number; backlogStoredSeconds?: number }
const phases: Phase[] = []
let beats = { sent: 0, answered: 0, slowestMs: 0 }

async function phase(name: string, during: () => Promise<Partial<Phase>>): Promise<void> {
  const most: Record<string, number> = {}
  const watch = setInterval(() => { for (const [one, bytes] of Object.entries(station.memory())) most[one] = Math.max(most[one] ?? 0, Math.round(bytes / 2 ** 20)) }, 250)
  const [result, more]: [LoadResult, Partial<Phase>] = await Promise.all([live.steady(PER_SECOND, PHASE_SECONDS), during()])
  const ended = performance.now()
  sentLive += result.confirmed
  while (await rows('<=') < sentLive && performance.now() - ended < CATCH_UP_MS) await sleep(50)
  clearInterval(watch)
  const { sent, answered, slowestMs } = result.heartbeats
  phases.push({
    phase: name, acknowledged: result.confirmed, p50Ms: quantile(result.latency, 0.5), p99Ms: quantile(result.latency, 0.99), slowestMs: quantile(result.latency, 1),
    caughtUpSeconds: Number(((performance.now() - ended) / 1_000).toFixed(1)), heartbeats: { sent: sent - beats.sent, answered: answered - beats.answered, slowestMs }, mostMegabytes: most, faults: result.faults, ...more,
  })
  beats = { sent, answered, slowestMs }
  say(JSON.stringify(phases.at(-1)))
}

const still = (name: string) => async (): Promise<Partial<Phase>> => {
  await sleep(3_000)
  station.signal(name, 'SIGSTOP')
  await sleep(STILL_SECONDS * 1_000)
  station.signal(name, 'SIGCONT')
  return {}
}
await phase('nothing', async () => ({}))
await phase('analytics stands still', still('analytics-1'))
await phase('the crypto machine stands still', still('crypto-machine'))
await phase('PostgreSQL stands still', still('postgres'))
await phase('the flood of a day', async () => {
  const begun = performance.now()
  const pushed = await flood.flood(QUARTERS, 4)
  const backlogSeconds = Number(((performance.now() - begun) / 1_000).toFixed(1))
  if (pushed.confirmed !== BACKLOG * QUARTERS) throw new Error(`${pushed.confirmed} of ${BACKLOG * QUARTERS} reports of the backlog were confirmed ${JSON.stringify(pushed.faults)}`)
  while (await rows('>') < pushed.confirmed && performance.now() - begun < CATCH_UP_MS) await sleep(100)
  return { backlogSeconds, backlogStoredSeconds: Number(((performance.now() - begun) / 1_000).toFixed(1)) }
})
const expected = PER_SECOND * PHASE_SECONDS * phases.length
print({
  name: 'outage', ours: sentLive, foil: null, ratio: null, unit: `of ${expected} live reports acknowledged`, stored: await rows('<='), backlog: BACKLOG * QUARTERS, backlogStored: await rows('>'),
  ...Object.fromEntries(phases.map((one) => [`p99Ms, ${one.phase}`, one.p99Ms])), runs: phases, machine: machine(),
})
for (const one of [live, flood] satisfies Generator[]) await one.end()
await station.stop()
