import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCryptoMachineClient } from '@zhuzhan/crypto-client'
import { createLogger } from '@zhuzhan/service-kit'
import { PROJECT, SERVICE_PROGRAM, startPostgres } from '@zhuzhan/testing'
import { machine, median } from './harness.js'

/**
 * `kill -9` of the crypto machine and its next start, as the supervisor starts it: seconds from the fork until it listens (its log says
 * ready), until a client that was waiting is connected again, and the CPU time used until then. STARTS changes how often.
 */
const STARTS = Number(process.env['STARTS'] ?? 20)
const postgres = await startPostgres()
const keyFile = join(tmpdir(), `zhuzhan-bench-${process.pid}.key`)
writeFileSync(keyFile, randomBytes(32), { mode: 0o600 })
const secret = randomBytes(16).toString('hex')
const port = 20_000 + (process.pid % 10_000)
const env = {
  ...process.env, NODE_OPTIONS: '', DATABASE_URL: postgres.url, ZHUZHAN_OPS_PORT: String(port + 1), ZHUZHAN_CRYPTO_PORT: String(port), ZHUZHAN_CRYPTO_SECRET: secret,
  ZHUZHAN_MASTER_KEY_FILE: keyFile, ZHUZHAN_SERVICE: 'crypto-machine',
}
const client = createCryptoMachineClient({ url: `ws://127.0.0.1:${port}`, secret, identity: 'bench', log: createLogger({ service: 'bench', level: 'silent' }) })
await client.start()

async function start(): Promise<{ listens: number; back: number; cpu: number }> {
  const since = performance.now()
  const child = spawn(process.execPath, [...SERVICE_PROGRAM], { cwd: join(PROJECT, 'services/crypto-machine'), env, stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  const listens = new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      said += part.toString()
      if (said.includes('"msg":"ready"')) resolve(performance.now())
    })
    child.once('exit', () => reject(new Error(`the machine ended: ${said}`)))
  })
  const at = await listens
  const cpu = cpuSeconds(child.pid!)
  while (!client.connected) await sleep(1)
  const back = performance.now()
  await client.status([{}])
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  while (client.connected) await sleep(1)
  return { listens: (at - since) / 1000, back: (back - since) / 1000, cpu }
}

/** CPU seconds a process has used; Linux counts in hundredths. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

await start() // the first of all makes its keys
const runs: Awaited<ReturnType<typeof start>>[] = []
for (let n = 0; n < STARTS; n += 1) runs.push(await start())
const of = (key: 'listens' | 'back' | 'cpu'): number[] => runs.map((run) => run[key])
const figures = Object.fromEntries((['listens', 'back', 'cpu'] as const).map((key) => [key, { median: Number(median(of(key)).toFixed(2)), worst: Number(Math.max(...of(key)).toFixed(2)) }]))
const result = { name: 'machine-start', ours: figures['back']?.median, foil: null, ratio: null, unit: 'seconds from the fork until a waiting client is connected', figures, load: Number(loadavg()[0]!.toFixed(1)), machine: machine() }
process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`)

await client.stop()
await postgres.stop()
rmSync(keyFile)
