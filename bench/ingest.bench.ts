import { setTimeout as sleep } from 'node:timers/promises'
import { machine, median, print, range } from './harness.js'
import { quantile, startGenerator } from './load/generator-process.js'
import type { Generator } from './load/generator-process.js'
import { mosquitto, mqttFoil } from './load/mqtt-foil.js'
import { startLoadStation } from './load/station.js'
import type { LoadStation } from './load/station.js'

/**
 * Durable ingest, generator included: secured reports of three values (OSP-1 mode S), each acknowledged when the queue's store has it on
 * disk, counted until every row is committed. Foil: Mosquitto at QoS 1, Node, PostgreSQL with the same terminals, messages and values,
 * `before`: acknowledged before commit (batches by COPY), `after`: each message acknowledged after its own commit. Ours on Redis with
 * appendfsync always; then ours with the queues in PostgreSQL. ROUNDS, TERMINALS, REPORTS (a round), WINDOW change the size;
 * FOIL=0 leaves the foil out; PROFILE=front-end-1,... writes CPU profiles to /tmp/prof-NAME.
 */
const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const [ROUNDS, TERMINALS, REPORTS, WINDOW] = [size('ROUNDS', 5), size('TERMINALS', 1_000), size('REPORTS', 80), size('WINDOW', 2)]
const AFTER_REPORTS = 8
const WARM_UP = 40
const withFoil = process.env['FOIL'] !== '0'
const say = (text: string): void => void process.stderr.write(`${text}\n`)
const from = Math.floor(Date.now() / 60_000) * 60_000 - (WARM_UP + ROUNDS * REPORTS) * 60_000

interface Ours { rate: number; acknowledged: number; p50: number; p99: number; micros: Record<string, number>; faults: Record<string, number> }

async function setUp(redis: boolean): Promise<{ station: LoadStation; generator: Generator; round(): Promise<Ours>; stop(): Promise<void> }> {
  const station = await startLoadStation({ redis, profile: (process.env['PROFILE'] ?? '').split(',') })
  const generator = startGenerator()
  const enrolled = await station.enrol(TERMINALS, 'S')
  await generator.prepare({ terminals: enrolled.map((one) => ({ ...one, gateway: station.gateways[0]! })), reports: WARM_UP + ROUNDS * REPORTS, from, checkEvery: 16, heartbeatSeconds: 300, connecting: 64 })
  let total = 0
  const flood = async (reports: number): Promise<Ours> => {
    total += TERMINALS * reports
    const [before, begun] = [station.cpu(), performance.now()]
    const result = await generator.flood(reports, WINDOW)
    if (result.confirmed !== TERMINALS * reports) throw new Error(`${result.confirmed} of ${TERMINALS * reports} reports were confirmed ${JSON.stringify(result.faults)}`)
    while (await storedRows(station) < total) await sleep(20)
    const seconds = (performance.now() - begun) / 1_000
    const after = station.cpu()
    const micros = Object.fromEntries(Object.entries(after).map(([name, spent]) => [name, Math.round((spent - (before[name] ?? 0)) / result.confirmed * 1e6)]))
    return {
      rate: Math.round(result.confirmed / seconds), acknowledged: Math.round(result.confirmed / result.seconds), p50: quantile(result.latency, 0.5), p99: quantile(result.latency, 0.99),
      micros: { ...micros, generator: Math.round(result.cpuSeconds / result.confirmed * 1e6) }, faults: result.faults,
    }
  }
  await flood(WARM_UP)
  return {
    station, generator, round: () => flood(REPORTS),
    stop: async () => {
      await generator.end()
      await station.stop()
    },
  }
}

/** One row a report: the same meter and minute. */
async function storedRows({ pool }: LoadStation): Promise<number> {
  return (await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM reading')).rows[0]!.n
}

const runs: { ours: Ours; foil?: number; foilAcknowledged?: number; after?: number }[] = []
// Said before minutes have gone into it.
if (withFoil && mosquitto === undefined) throw new Error('mosquitto is not installed here (Debian: apt-get install mosquitto); FOIL=0 measures without it.')
const onRedis = await setUp(true)
for (let round = 1; round <= ROUNDS; round += 1) {
  const foil = async () => withFoil
    ? { before: await mqttFoil('before', { terminals: TERMINALS, reports: REPORTS, window: WINDOW, from }), after: await mqttFoil('after', { terminals: TERMINALS, reports: AFTER_REPORTS, window: WINDOW, from }) }
    : undefined
  const first = round % 2 === 1 ? await onRedis.round() : undefined
  const theirs = await foil()
  const ours = first ?? await onRedis.round()
  runs.push({ ours, ...(theirs && { foil: Math.round(theirs.before.stored), foilAcknowledged: Math.round(theirs.before.acknowledged), after: Math.round(theirs.after.stored) }) })
  say(`round ${round}: ours ${ours.rate}/s (p99 ${ours.p99} ms), foil ${runs.at(-1)?.foil ?? '-'}/s before commit, ${runs.at(-1)?.after ?? '-'}/s after commit`)
}
await onRedis.stop()
if (process.env['QUICK']) { print({ name: 'ingest', runs } as never); process.exit(0) }
const onPostgres = await setUp(false)
const postgresRuns: Ours[] = []
for (let round = 1; round <= Math.min(3, ROUNDS); round += 1) postgresRuns.push(await onPostgres.round())
await onPostgres.stop()

const rates = runs.map(({ ours }) => ours.rate)
const of = (pick: (run: (typeof runs)[number]) => number | undefined): number | null => (withFoil ? median(runs.map((run) => pick(run) ?? 0)) : null)
print({
  name: 'ingest', ours: median(rates), foil: of((run) => run.foil), ratio: of((run) => Number((run.ours.rate / (run.foil ?? 1)).toFixed(3))), unit: 'messages of 3 values/s, until the last row is committed',
  spread: { ours: range(rates) }, p50Ms: median(runs.map(({ ours }) => ours.p50)), p99Ms: median(runs.map(({ ours }) => ours.p99)),
  foilAfterCommit: of((run) => run.after), timesAfterCommit: of((run) => Number((run.ours.rate / (run.after ?? 1)).toFixed(1))),
  foilAcknowledged: of((run) => run.foilAcknowledged), microsPerMessage: runs[Math.floor(runs.length / 2)]!.ours.micros,
  postgresQueue: { ours: median(postgresRuns.map(({ rate }) => rate)), p99Ms: median(postgresRuns.map(({ p99 }) => p99)), microsPerMessage: postgresRuns[0]!.micros },
  runs, machine: machine(),
})
