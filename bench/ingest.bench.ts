import { startGenerator, quantile } from './load/generator-process.js'
import { startLoadStation } from './load/station.js'
import { machine } from './harness.js'

const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const [TERMINALS, REPORTS, WINDOW] = [size('TERMINALS', 1_000), size('REPORTS', 100), size('WINDOW', 2)]
const redis = process.env['QUEUE'] !== 'postgres'
const station = await startLoadStation({ redis, profile: (process.env['PROFILE'] ?? '').split(',') })
process.stderr.write('station up\n')
const enrolled = await station.enrol(TERMINALS, 'S')
process.stderr.write('enrolled\n')
const generator = startGenerator()
await generator.prepare({ terminals: enrolled.map((one) => ({ ...one, gateway: station.gateways[0]! })), reports: REPORTS, from: Math.floor(Date.now() / 60_000) * 60_000 - REPORTS * 60_000, checkEvery: 16, heartbeatSeconds: 300, connecting: 64 })
process.stderr.write('sessions up\n')
const before = station.cpu()
const at = performance.now()
const result = await generator.flood(WINDOW)
const stored = async () => (await station.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM reading')).rows[0]!.n
while (await stored() < TERMINALS * REPORTS && performance.now() - at < 120_000) await new Promise((r) => setTimeout(r, 50))
const seconds = (performance.now() - at) / 1000
const after = station.cpu()
const perReport = Object.fromEntries(Object.entries(after).map(([name, s]) => [name, Number(((s - (before[name] ?? 0)) / result.confirmed * 1e6).toFixed(1))]))
process.stdout.write(JSON.stringify({ backend: redis ? 'redis' : 'postgres', confirmed: result.confirmed, rate: Math.round(result.confirmed / result.seconds), storedRate: Math.round(result.confirmed / seconds), p50: quantile(result.latency, 0.5), p99: quantile(result.latency, 0.99), perReportMicros: { ...perReport, generator: Number((result.cpuSeconds / result.confirmed * 1e6).toFixed(1)) }, faults: result.faults, stored: await stored(), memory: station.memory(), machine: machine() }, null, 1) + '\n')
if (process.env['METRICS']) for (const name of ['front-end-1', 'crypto-machine', 'analytics-1']) process.stderr.write((await station.metrics(name)).split('\n').filter((line) => !line.startsWith('#') && /seconds_(sum|count)|batch|operations|lag|store_seconds_bucket/.test(line)).join('\n') + '\n')
await generator.end()
await station.stop()
