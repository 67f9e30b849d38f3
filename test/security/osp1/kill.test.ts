/**
 * `kill -9` of the crypto machine under load, again and again, and a second process beside the first: no counter is used twice,
 * no key meets a nonce twice, no session is taken for another, whatever the moment. OSP-1 §7.10, §8 "nonce reuse".
 * ZHUZHAN_KILLS: how often, 12 when unset; 100 takes several minutes on a busy machine.
 *
 * Seen failing with: sessions/asctr.ts without reserveAsctr (ASCTR comes again after a start); sessions/records.ts with
 * `nextSeq` instead of `nextSeq++` (key and nonce twice); reports/reports.ts without markReports (an answered report is new
 * again); app.ts `runParsed` without the look at `serving`, and lease-watch.ts without `retire` (a process that lost the machine goes on).
 */
import { readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoOutcome } from '@zhuzhan/contracts'
import { connectCryptoMachine, createCryptoMachineClient } from '@zhuzhan/crypto-client'
import type { CryptoMachineClient } from '@zhuzhan/crypto-client'
import { encodeConnectHeader } from '@zhuzhan/dlt698'
import { createEngine } from '@zhuzhan/gm-crypto'
import { createLogger } from '@zhuzhan/service-kit'
import { withPostgres } from '@zhuzhan/testing'
import { until } from '../../e2e/wait.js'
import { CLIENT, GET, OFFER, REPORT_RESPONSE, loadedDevice, rnOf } from './machine-load.js'
import type { LoadedDevice } from './machine-load.js'
import { machineHouse } from './machine-process.js'
import type { MachineHouse, MachineProcess } from './machine-process.js'
import { sessionWitness } from './session-witness.js'
import { wireLedger } from './wire-ledger.js'

const KILLS = Number(process.env['ZHUZHAN_KILLS'] ?? 12)
const MODES = ['S', 'F', 'S', 'F', 'S', 'F'] as const
/** Time the process itself may use until it serves; the wall clock belongs to everybody on the machine. */
const START_CPU_SECONDS = 3

const db = withPostgres()
const log = createLogger({ service: 'test', level: 'silent' })
const engine = createEngine('openssl')
const witness = sessionWitness(engine)
const ledger = wireLedger(witness)
let house: MachineHouse
let first: MachineProcess
let client: CryptoMachineClient
let devices: LoadedDevice[]

beforeAll(async () => {
  house = machineHouse(db.url)
  first = await house.process()
  first.start()
  const at = { url: first.url, secret: first.secret, identity: 'front-end', log }
  await (await connectCryptoMachine(at, 60_000)).stop()
  client = createCryptoMachineClient({ ...at, timeoutMs: 3_000 })
  await client.start()
  await until('the machine', 10, async () => client.connected || undefined)
  const issued = await client.issueKeys(MODES.map((mode, i) => ({ address: String(i + 1).padStart(12, '0'), mode })))
  devices = await Promise.all(issued.map((file) => loadedDevice(outcomeValue<'issueKeys'>(file), { machine: client, witness, ledger })))
}, 120_000)
afterAll(async () => {
  await client?.stop()
  await first?.stop()
  house?.close()
  engine.close()
}, 30_000)

const codeOf = (outcome: CryptoOutcome<never> | undefined): string => (outcome === undefined ? 'nothing' : outcome.ok ? 'accepted' : outcome.code)
/** The outcome's code; a machine that is away says nothing about it. */
const asked = async (call: Promise<readonly unknown[]>): Promise<string> => {
  try {
    return codeOf((await call)[0] as CryptoOutcome<never>)
  } catch {
    return 'UNAVAILABLE'
  }
}
const expectCode = async (what: string, wanted: readonly string[], call: Promise<readonly unknown[]>): Promise<void> => {
  const code = await asked(call)
  if (!wanted.includes(code)) ledger.violation(`${what}: ${code}`)
}

/** What an adversary tries on a machine that has just begun anew; `left` is what he kept of its former life. */
async function tryOldThings(left: readonly LoadedDevice['old'][]): Promise<void> {
  const GONE = ['SESSION_UNKNOWN', 'UNAVAILABLE']
  for (const [i, device] of devices.entries()) {
    const { handles, exchanges, reportTokens, answers, reports } = left[i]!
    const { address } = device.keys
    const handle = handles.at(-1)
    const [answer, exchange, token, report] = [answers.at(-1), exchanges.at(-1), reportTokens.at(-1), reports[0]]
    if (!handle || !answer || !exchange || !token || !report) continue
    await expectCode('an old handle seals', GONE, client.seal([{ handle, apdu: GET }]))
    await expectCode('an old handle opens', GONE, client.open([{ handle, apdu: answer }]))
    await expectCode('an old exchange is finished', GONE, client.connectFinish([{ exchange, header2: Buffer.alloc(37), result: 0, rn: Buffer.alloc(48), signature: Buffer.alloc(16) }]))
    await expectCode('an old report token confirms', GONE, client.confirmReport([{ address, token, apdu: REPORT_RESPONSE }]))
    // Its own old answer, and the answer of its neighbour, under the session it has now.
    const foreign = left[(i + 2) % left.length]?.answers.at(-1)
    for (const other of [answer, foreign]) {
      if (device.handle && other) await expectCode('an answer of another session opens', [...GONE, 'AUTH_FAILED'], client.open([{ handle: device.handle, apdu: other }]))
    }
    const again = await client.openReport([{ address, apdu: report }]).catch(() => undefined)
    const outcome = again?.[0]
    if (outcome?.ok && outcome.value.state === 'new') ledger.reportNew(device.keys, rnOf(report))
  }
}

const keptOf = (): LoadedDevice['old'][] => devices.map(({ old }) => ({
  handles: [...old.handles], exchanges: [...old.exchanges], reportTokens: [...old.reportTokens], answers: [...old.answers], reports: [...old.reports],
}))
const cpuSeconds = (pid: number | undefined): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
const anySession = (since: number): Promise<number> => until('a session after the start', 60, async () => {
  const first = devices.map(({ connectedAt }) => connectedAt).filter((at) => at > since).sort((a, b) => a - b)[0]
  return first
})

test(`${KILLS} times kill -9 under load: nothing is used twice, nothing is confused, and it is back`, async () => {
  let stopped = false
  const load = Promise.all(devices.map((device) => device.run(() => stopped)))
  const backAfter: number[] = []
  const cpu: number[] = []
  await anySession(0)
  for (let kill = 0; kill < KILLS; kill += 1) {
    await sleep(50 + Math.random() * 450)
    const left = keptOf()
    await first.kill()
    const since = performance.now()
    first.start()
    backAfter.push((await anySession(since) - since) / 1000)
    cpu.push(cpuSeconds(first.pid))
    await tryOldThings(left)
  }
  stopped = true
  await load
  const sorted = (values: number[]) => [...values].sort((a, b) => a - b)
  const [median, worst] = [sorted(backAfter)[backAfter.length >> 1]!, Math.max(...backAfter)]
  process.stderr.write(`${KILLS} kills: ${JSON.stringify(ledger.counts)}; first session after ${median.toFixed(2)} s (median), ${worst.toFixed(2)} s (worst); `
    + `the process's own time ${sorted(cpu)[cpu.length >> 1]!.toFixed(2)} s (median), ${Math.max(...cpu).toFixed(2)} s (worst); load ${loadavg()[0]!.toFixed(1)}\n`)
  expect(ledger.violations).toEqual([])
  // Every part of the load was there to be disturbed.
  expect(ledger.counts.sessions).toBeGreaterThan(KILLS * 2)
  expect(ledger.counts.records).toBeGreaterThan(KILLS * 10)
  expect(ledger.counts.reports).toBeGreaterThan(KILLS * 3)
  expect(Math.max(...cpu)).toBeLessThan(START_CPU_SECONDS)
}, 30_000 + KILLS * 15_000)

/** Another process on the same database, with a front end of its own. */
async function beside(): Promise<{ process: MachineProcess; port: CryptoMachineClient }> {
  const process = await house.process()
  process.start()
  const port = await connectCryptoMachine({ url: process.url, secret: process.secret, identity: 'front-end', log }, 60_000)
  rest.push(async () => {
    await port.stop()
    await process.stop()
  })
  return { process, port }
}
const rest: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const end of rest) await end()
}, 30_000)

let second: CryptoMachineClient
let rivals: LoadedDevice[]

test('a second process takes everything over: the first seals nothing and opens nothing any more, and no number is used by both', async () => {
  let stopped = false
  const load = Promise.all(devices.map((device) => device.run(() => stopped)))
  await anySession(performance.now())
  second = (await beside()).port
  const handles = devices.flatMap(({ old }) => old.handles)
  for (const handle of handles) await expectCode('a handle of the first process, at the second', ['SESSION_UNKNOWN'], second.seal([{ handle, apdu: GET }]))
  // Both are asked by everybody now; the ledger sees the numbers of both.
  const files = await second.issueKeys(devices.map(({ keys }) => ({ address: keys.address, mode: keys.mode })))
  rivals = await Promise.all(files.map((file) => loadedDevice(outcomeValue<'issueKeys'>(file), { machine: second, witness, ledger, reports: false })))
  let rivalsStopped = false
  const rivalry = Promise.all(rivals.map((device) => device.run(() => rivalsStopped)))
  await until('the end of the first process\'s service', 10, async () => ((await asked(client.status([{}]))) === 'UNAVAILABLE' ? true : undefined))
  stopped = true
  await load
  const { keys: { address }, old } = devices[0]!
  await expectCode('the first process seals', ['UNAVAILABLE'], client.seal([{ handle: old.handles.at(-1)!, apdu: GET }]))
  await expectCode('the first process connects', ['UNAVAILABLE'], client.connectOpen([{ address, clientAddress: CLIENT, header: encodeConnectHeader(OFFER) }]))
  await until('sessions at the second process', 20, async () => rivals.every(({ connectedAt }) => connectedAt > 0) || undefined)
  rivalsStopped = true
  await rivalry
  expect(ledger.violations).toEqual([])
}, 120_000)

test('a process that nobody asks anything notices it too: an open session of it seals no more three seconds later', async () => {
  const handles = rivals.flatMap(({ handle }) => handle ?? [])
  expect((await Promise.all(handles.map((handle) => asked(second.seal([{ handle, apdu: GET }]))))).filter((code) => code === 'accepted').length).toBeGreaterThan(0)
  await beside()
  await sleep(3_000)
  for (const handle of handles) expect(await asked(second.seal([{ handle, apdu: GET }]))).toBe('UNAVAILABLE')
}, 120_000)
