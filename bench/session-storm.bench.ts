import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoOperation, CryptoOutcome, CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { systemClock } from '@zhuzhan/core'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import { decodeApdu, encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { ConnectHeader, ConnectResponse } from '@zhuzhan/dlt698'
import { createEngine } from '@zhuzhan/gm-crypto'
import { createOsp1Device, memoryStore, readKeyFile } from '@zhuzhan/osp1'
import type { Osp1Device } from '@zhuzhan/osp1'
import { createLogger } from '@zhuzhan/service-kit'
import { PROJECT, SERVICE_PROGRAM, startPostgres } from '@zhuzhan/testing'

/**
 * A reconnect storm at the crypto machine: every device asks for a session at once, in batches over the pipe, counters
 * committed in PostgreSQL with fsync on. The devices' answers are made before the clock runs again, so the time is the
 * machine's and its database's. S_SESSIONS, F_SESSIONS, ROUNDS change the size; `--cpu-prof` profiles the machine.
 */
const SESSIONS = { S: Number(process.env['S_SESSIONS'] ?? 10_000), F: Number(process.env['F_SESSIONS'] ?? 2_000) }
const ROUNDS = Number(process.env['ROUNDS'] ?? 3)
const BATCH = 500
const CLIENT = 0x10
const PIID = { number: 1, priority: false, acd: false }
const OFFER: ConnectHeader = {
  version: 0x16, protocolConformance: 'FFFFFFFFC0000000', functionConformance: 'FFFEC400000000000000000000000000',
  sendSize: 1024, receiveSize: 1024, window: 1, apduSize: 2000, timeoutSeconds: 7200,
}
const postgres = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on', shared_buffers: '128MB', max_wal_size: '2GB' } })
const keyFile = join(tmpdir(), `zhuzhan-bench-${process.pid}.key`)
writeFileSync(keyFile, randomBytes(32), { mode: 0o600 })
const secret = randomBytes(16).toString('hex')
const port = 20_000 + (process.pid % 10_000)
// The bundle, as the supervisor starts it: loaded from its sources the machine would be measured with a compiler in it.
const profile = process.argv.includes('--cpu-prof') ? ['--cpu-prof', '--cpu-prof-dir=/tmp/prof'] : []
const machine = spawn(process.execPath, [...profile, ...SERVICE_PROGRAM], {
  cwd: join(PROJECT, 'services/crypto-machine'), stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: postgres.url, ZHUZHAN_SERVICE: 'crypto-machine', ZHUZHAN_OPS_PORT: '0', ZHUZHAN_LOG_LEVEL: 'error', ZHUZHAN_CRYPTO_PORT: String(port), ZHUZHAN_CRYPTO_SECRET: secret, ZHUZHAN_MASTER_KEY_FILE: keyFile },
})
await new Promise<void>((resolve, reject) => {
  machine.once('message', () => resolve())
  machine.once('exit', (code) => reject(new Error(`the machine ended with ${code}`)))
})
const client = await connectCryptoMachine({ url: `ws://127.0.0.1:${port}`, secret, identity: 'bench', timeoutMs: 60_000, log: createLogger({ service: 'bench', level: 'silent' }) })

const values = <O extends CryptoOperation>(outcomes: readonly CryptoOutcome<O>[]): CryptoResult<O>[] => outcomes.map((one) => outcomeValue<O>(one))
const engine = createEngine('openssl')
const header = encodeConnectHeader(OFFER)

interface Device { number: string; osp1: Osp1Device }

async function enrol(mode: 'S' | 'F', first: number): Promise<Device[]> {
  const numbers = Array.from({ length: SESSIONS[mode] }, (_, n) => String(first + n).padStart(12, '0'))
  const devices: Device[] = []
  for (let at = 0; at < numbers.length; at += BATCH) {
    const issued = values<'issueKeys'>(await client.issueKeys(numbers.slice(at, at + BATCH).map((address) => ({ address, mode }))))
    devices.push(...await Promise.all(issued.map(async (keys) => ({ number: keys.address, osp1: await createOsp1Device({
      keys: readKeyFile(keys), engine, store: memoryStore(), clock: systemClock, random: randomBytes, header: OFFER, factory: '30'.repeat(32), sessionSeconds: 7_200, act: async () => Buffer.alloc(1),
    }) }))))
  }
  return devices
}

const batches = <T>(list: readonly T[]): T[][] => Array.from({ length: Math.ceil(list.length / BATCH) }, (_, n) => list.slice(n * BATCH, (n + 1) * BATCH))

/** Seconds of the machine's part, all batches under way at once, and what the devices' part took beside it. */
async function storm(devices: readonly Device[]): Promise<{ machine: number; devices: number; cpu: number }> {
  const cpuFrom = cpuSeconds(machine.pid!)
  const opening = performance.now()
  const opened = (await Promise.all(batches(devices).map(async (some) => values<'connectOpen'>(await client.connectOpen(some.map(({ number }) => ({ address: number, clientAddress: CLIENT, header }))))))).flat()
  const answering = performance.now()
  const finishes: CryptoRequest<'connectFinish'>[] = []
  for (const some of batches(opened.map((one, n) => ({ one, device: devices[n]! })))) {
    finishes.push(...await Promise.all(some.map(async ({ one: { exchange, mechanism, cipher, signature }, device }) => {
      const fields = { cipher: Buffer.from(cipher), signature: Buffer.from(signature) }
      const request = encodeApdu({ apdu: 'connect-request', piid: PIID, header: OFFER, mechanism: mechanism === 'S' ? { kind: 'symmetric', ...fields } : { kind: 'signature', ...fields } })
      const response = decodeApdu(await device.osp1.receive({ address: { type: 'single', logical: 0, server: device.number, client: CLIENT }, apdu: request }) ?? Buffer.alloc(0)) as ConnectResponse
      return { exchange, header2: encodeConnectHeader(response.header), result: response.result, ...(response.security && { rn: response.security.rn, signature: response.security.signature }) }
    })))
  }
  const finishing = performance.now()
  const finished = (await Promise.all(batches(finishes).map(async (some) => values<'connectFinish'>(await client.connectFinish(some))))).flat()
  const end = performance.now()
  if (finished.some((one) => !('handle' in one))) throw new Error('a session did not come about')
  return { machine: (answering - opening + end - finishing) / 1000, devices: (finishing - answering) / 1000, cpu: cpuSeconds(machine.pid!) - cpuFrom }
}

/** CPU seconds a process has used; Linux counts in hundredths. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const runs: Record<string, unknown>[] = []
const seconds: Record<'S' | 'F', number[]> = { S: [], F: [] }
for (const [mode, first] of [['S', 1], ['F', 500_001]] as const) {
  process.stderr.write(`issuing keys to ${SESSIONS[mode]} devices of mode ${mode}\n`)
  const devices = await enrol(mode, first)
  for (let round = 1; round <= ROUNDS; round++) {
    const run = await storm(devices)
    seconds[mode].push(run.machine)
    runs.push({ mode, sessions: devices.length, ...run })
    process.stderr.write(`mode ${mode}, ${devices.length} sessions: machine ${run.machine.toFixed(2)} s (its CPU ${run.cpu.toFixed(2)} s), devices ${run.devices.toFixed(2)} s\n`)
  }
}
const median = (list: number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!
const result = {
  name: 'session-storm', ours: Number(median(seconds.S).toFixed(2)), foil: null, ratio: null, unit: `seconds for ${SESSIONS.S} sessions of mode S`, modeF: { sessions: SESSIONS.F, seconds: Number(median(seconds.F).toFixed(2)) }, runs,
  machine: `${cpus()[0]?.model.trim()} x${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
}
process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`)

await client.stop()
machine.kill('SIGTERM')
await new Promise((resolve) => machine.once('exit', resolve))
await postgres.stop()
rmSync(keyFile)
