import { setTimeout as sleep } from 'node:timers/promises'
import { startGenerator } from './load/generator-process.js'
import { startLossyLine } from './load/lossy-line.js'
import { startLoadStation } from './load/station.js'
import { machine, median, print } from './harness.js'

/**
 * A day's registers of 10,000 meters over a long and lossy line: 1,000 terminals in mode S with ten meters each, every link frame
 * 25 ms later in each direction, 2 % of all frames of either direction lost. There is no foil: no other open head-end reads
 * meters behind secured terminals.
 */
const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const [TERMINALS, METERS_EACH, RUNS, DELAY_MS, LOSS] = [size('TERMINALS', 1_000), size('METERS', 10), size('RUNS', 3), size('DELAY_MS', 25), size('LOSS', 0.02)]
/** `records`: from what the terminals have collected; `meters`: each meter through its terminal. */
const WAY = process.env['WAY'] ?? 'records'
const METERS = TERMINALS * METERS_EACH
const POLL_MS = 100
/** So many requests within 20 ms are the collection; single ones are asked now and then. */
const COLLECTING = 5
const GIVE_UP_MS = 120_000
/** One slot: the last local midnight. */
const PLAN = `INSERT INTO collection_plan (id, name, freeze_oad, items, interval_minutes, task_records, every_seconds, horizon_hours, priority)
  VALUES ('bench', 'bench', '50040200', '{00100200,00200200}', NULL, ${WAY === 'records' ? `'stored'` : 'NULL'}, 900, 24, 1)`

interface Pass { firstPass: number; first95Seconds: number; firstPassSeconds: number; allSeconds: number; stored: number; readInFirstPass: number; attempts: Record<string, number>; lost: object; cpuSeconds: Record<string, number> }

async function pass(): Promise<Pass> {
  const station = await startLoadStation({ redis: process.env['QUEUE'] !== 'postgres', profile: (process.env['PROFILE'] ?? '').split(',') })
  const line = await startLossyLine(station.gateways[0]!, DELAY_MS)
  const generator = startGenerator()
  try {
    const enrolled = await station.enrol(TERMINALS, 'S', 1, METERS_EACH)
    await generator.prepare({ terminals: enrolled.map((one) => ({ ...one, gateway: { host: '127.0.0.1', port: line.port } })), reports: 0, from: 0, checkEvery: 1, heartbeatSeconds: 300, connecting: 64 })
    process.stderr.write('sessions up\n')
    // The first records of the sessions are answered; what is lost from now on is lost of the collection.
    await sleep(2_000)
    await line.lose(LOSS)
    await station.pool.query(PLAN)
    const attempts = async (): Promise<Record<string, number>> => Object.fromEntries([...(await station.metrics('front-end-1')).matchAll(/^\w*fep_collection_attempts\w*\{([^}]*)\} (\d+)/gm)]
      .map(([, labels, count]) => [['attempt', 'result'].map((name) => new RegExp(`${name}="([a-z]+)"`).exec(labels!)?.[1]).join(' '), Number(count)]))
    const stored = async (): Promise<number> => (await station.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM reading')).rows[0]!.n
    // The front end reads its plans every half minute.
    let [begun, before, requests] = [performance.now(), station.cpu(), (await line.counts()).requests]
    for (let more = 0; more < COLLECTING;) {
      await sleep(20)
      const now = (await line.counts()).requests
      more = now - requests
      if (more < COLLECTING) [begun, before, requests] = [performance.now(), station.cpu(), now]
    }
    const elapsed = (): number => (performance.now() - begun) / 1_000
    let [first95Seconds, firstPassSeconds, readInFirstPass, have] = [0, 0, 0, 0]
    for (; have < METERS && elapsed() * 1_000 < GIVE_UP_MS; await sleep(POLL_MS)) {
      have = await stored()
      if (process.env['PROGRESS']) process.stderr.write(`${elapsed().toFixed(1)} s: ${have} stored ${JSON.stringify(await attempts())}\n`)
      if (first95Seconds === 0 && have >= METERS * 0.95) first95Seconds = elapsed()
      if (firstPassSeconds > 0 || have < METERS * 0.8) continue
      const now = await attempts()
      if ((now['first answered'] ?? 0) + (now['first unanswered'] ?? 0) >= METERS) [firstPassSeconds, readInFirstPass] = [elapsed(), now['first answered'] ?? 0]
    }
    const allSeconds = elapsed()
    const after = station.cpu()
    return {
      firstPass: readInFirstPass / firstPassSeconds, first95Seconds, firstPassSeconds, readInFirstPass, allSeconds, stored: have, attempts: await attempts(), lost: (await line.counts()).lost,
      cpuSeconds: Object.fromEntries(Object.entries(after).map(([name, s]) => [name, Number((s - (before[name] ?? 0)).toFixed(2))])),
    }
  } finally {
    await generator.end()
    await line.end()
    await station.stop()
  }
}

const runs: Pass[] = []
for (let run = 0; run < RUNS; run += 1) {
  const one = await pass()
  runs.push(one)
  process.stderr.write(`run ${run + 1}: ${JSON.stringify(one)}\n`)
}
const rounded = (value: number): number => Number(value.toPrecision(4))
const range = (values: readonly number[]): [number, number] => [rounded(Math.min(...values)), rounded(Math.max(...values))]
print({
  name: 'collection', ours: Math.round(median(runs.map((run) => run.firstPass))), foil: null, ratio: null, unit: 'meters/s of the first pass', spread: { ours: range(runs.map((run) => run.firstPass)) },
  way: WAY, meters: METERS, terminals: TERMINALS, delayMsEachWay: DELAY_MS, lossOfFrames: LOSS,
  stored95Seconds: rounded(median(runs.map((run) => run.first95Seconds))), firstPassSeconds: rounded(median(runs.map((run) => run.firstPassSeconds))), allSeconds: rounded(median(runs.map((run) => run.allSeconds))),
  storedOfMeters: rounded(Math.min(...runs.map((run) => run.stored)) / METERS),
  runs, machine: machine(),
})
