import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoOperation, CryptoOutcome, CryptoResult } from '@zhuzhan/contracts'
import { systemClock } from '@zhuzhan/core'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import { decodeApdu, encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { ConnectHeader, ConnectResponse } from '@zhuzhan/dlt698'
import { createEngine } from '@zhuzhan/gm-crypto'
import { createOsp1Device, memoryStore, readKeyFile } from '@zhuzhan/osp1'
import { createLogger } from '@zhuzhan/service-kit'
import { startPostgres } from '@zhuzhan/testing'

/**
 * Records of 256 bytes through the crypto machine as a process of its own, in batches over its pipe: operations (one
 * seal or one open) per CPU second of that process, and of both processes together by the clock. Devices answer in
 * this process. SESSIONS, ROUNDS change the size; `--cpu-prof` profiles the machine.
 */
const SESSIONS = Number(process.env['SESSIONS'] ?? 256)
const ROUNDS = Number(process.env['ROUNDS'] ?? 7)
const CYCLES = Number(process.env['CYCLES'] ?? 40)
const CLIENT = 0x10
const PIID = { number: 1, priority: false, acd: false }
const OFFER: ConnectHeader = {
  version: 0x16, protocolConformance: 'FFFFFFFFC0000000', functionConformance: 'FFFEC400000000000000000000000000',
  sendSize: 1024, receiveSize: 1024, window: 1, apduSize: 2000, timeoutSeconds: 7200,
}
/** A GET list down and an octet-string up, each 256 bytes. */
const REQUEST = encodeApdu({ apdu: 'get-request', choice: 'normal-list', piid: PIID, oads: Array.from({ length: 63 }, (_, n) => `0010${(n + 1).toString(16).padStart(2, '0')}00`.toUpperCase()) })
const ANSWER = encodeApdu({ apdu: 'get-response', choice: 'normal', piid: PIID, result: { oad: '40010200', data: { type: 'octet-string', hex: 'AB'.repeat(244) } } })

const postgres = await startPostgres()
const keyFile = join(tmpdir(), `zhuzhan-bench-${process.pid}.key`)
writeFileSync(keyFile, randomBytes(32), { mode: 0o600 })
const secret = randomBytes(16).toString('hex')
const port = 20_000 + (process.pid % 10_000)
const machine = fork(fileURLToPath(new URL('../services/crypto-machine/src/main.ts', import.meta.url)), {
  execArgv: ['--conditions=zhuzhan-source', '--import', 'tsx', ...(process.argv.includes('--cpu-prof') ? ['--cpu-prof', '--cpu-prof-dir=/tmp/prof'] : [])], stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  env: { ...process.env, DATABASE_URL: postgres.url, ZHUZHAN_OPS_PORT: '0', ZHUZHAN_LOG_LEVEL: 'error', ZHUZHAN_CRYPTO_PORT: String(port), ZHUZHAN_CRYPTO_SECRET: secret, ZHUZHAN_MASTER_KEY_FILE: keyFile },
})
await new Promise<void>((resolve, reject) => {
  machine.once('message', () => resolve())
  machine.once('exit', (code) => reject(new Error(`the machine ended with ${code}`)))
})
const client = await connectCryptoMachine({ url: `ws://127.0.0.1:${port}`, secret, identity: 'bench', log: createLogger({ service: 'bench', level: 'silent' }) })

const values = <O extends CryptoOperation>(outcomes: readonly CryptoOutcome<O>[]): CryptoResult<O>[] => outcomes.map((one) => outcomeValue<O>(one))
const engine = createEngine('openssl')
const numbers = Array.from({ length: SESSIONS }, (_, n) => String(n + 1).padStart(12, '0'))
const issued = values<'issueKeys'>(await client.issueKeys(numbers.map((address) => ({ address, mode: 'S' as const }))))
const devices = await Promise.all(issued.map((keys) => createOsp1Device({
  keys: readKeyFile(keys), engine, store: memoryStore(), clock: systemClock, random: randomBytes, header: OFFER, factory: '30'.repeat(32),
  sessionSeconds: 7_200, act: async () => ANSWER,
})))
const address = (server: string) => ({ type: 'single' as const, logical: 0, server, client: CLIENT })
const opened = values<'connectOpen'>(await client.connectOpen(numbers.map((one) => ({ address: one, clientAddress: CLIENT, header: encodeConnectHeader(OFFER) }))))
const finishes = await Promise.all(opened.map(async ({ exchange, cipher, signature }, n) => {
  const request = encodeApdu({ apdu: 'connect-request', piid: PIID, header: OFFER, mechanism: { kind: 'symmetric', cipher: Buffer.from(cipher), signature: Buffer.from(signature) } })
  const response = decodeApdu(await devices[n]!.receive({ address: address(numbers[n]!), apdu: request }) ?? Buffer.alloc(0)) as ConnectResponse
  return { exchange, header2: encodeConnectHeader(response.header), result: response.result, ...(response.security && { rn: response.security.rn, signature: response.security.signature }) }
}))
const handles = values<'connectFinish'>(await client.connectFinish(finishes)).map((one) => 'handle' in one ? one.handle : '')

/** CPU seconds a process has used; Linux counts in hundredths. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

async function cycle(spent: { seal: number; open: number }): Promise<void> {
  const pid = machine.pid!
  let from = cpuSeconds(pid)
  const batches: CryptoResult<'seal'>[][] = []
  for (let n = 0; n < CYCLES; n++) {
    // What is sealed is opened below, so every session stays within its four requests under way.
    batches.push(values<'seal'>(await client.seal(handles.map((handle) => ({ handle, apdu: REQUEST })))))
    if (batches.length < 4 && n < CYCLES - 1) continue
    spent.seal += cpuSeconds(pid) - from
    const answers: Uint8Array[][] = []
    for (const batch of batches) answers.push(await Promise.all(batch.map(async ({ apdu }, i) => (await devices[i]!.receive({ address: address(numbers[i]!), apdu: Buffer.from(apdu) }))!)))
    from = cpuSeconds(pid)
    for (const batch of answers) values<'open'>(await client.open(batch.map((apdu, i) => ({ handle: handles[i]!, apdu }))))
    spent.open += cpuSeconds(pid) - from
    batches.length = 0
    from = cpuSeconds(pid)
  }
}

const runs: { seal: number; open: number }[] = []
for (let round = 0; round <= ROUNDS; round++) {
  const spent = { seal: 0, open: 0 }
  await cycle(spent)
  const run = { seal: Math.round(SESSIONS * CYCLES / spent.seal), open: Math.round(SESSIONS * CYCLES / spent.open) }
  // The first round warms up.
  if (round > 0) runs.push(run)
  process.stderr.write(`round ${round}: seal ${run.seal}/s, open ${run.open}/s per CPU second of the machine\n`)
}
const median = (list: number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!
const result = {
  name: 'open-seal', ours: Math.min(median(runs.map((run) => run.seal)), median(runs.map((run) => run.open))), foil: null, ratio: null,
  unit: `operations of ${REQUEST.length} and ${ANSWER.length} bytes per CPU second of the machine`, seal: median(runs.map((run) => run.seal)), open: median(runs.map((run) => run.open)), runs,
  machine: `${cpus()[0]?.model.trim()} x${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
}
process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`)

await client.stop()
machine.kill('SIGTERM')
await new Promise((resolve) => machine.once('exit', resolve))
await postgres.stop()
rmSync(keyFile)
