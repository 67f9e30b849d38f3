import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CRYPTO_OPERATIONS } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import { splitMasterKey } from '@zhuzhan/custody'
import { createLogger } from '@zhuzhan/service-kit'
import { MASTER_KEY, connect, makeDevice, startMachine, testEngine } from '../conformance/rig.js'
import type { MachineRig } from '../conformance/rig.js'
import { gateHealth } from '../health.js'
import { createPipeHandler } from '../pipe/handler.js'
import { createMemoryStore, memoryDisk } from '../store/memory-store.js'
import type { MemoryDisk } from '../store/memory-store.js'
import { ceremonies } from './ceremonies.js'
import { ceremonyServer } from './ceremony-server.js'
import { readCustody } from './custody-file.js'
import { createGate } from './gate.js'
import { createUnsealing } from './unsealing.js'

/** A sealed machine and its officers: from the socket file to a device's session. */

const OFFICERS = ['Lin', 'Wang', 'Zhao', 'Chen', 'Sun']
const made = splitMasterKey(testEngine(), MASTER_KEY, 3, OFFICERS)
const log = createLogger({ service: 'test', level: 'silent' })
const stops: (() => Promise<unknown>)[] = []
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cer-'))
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  testEngine().close()
})

interface Answer { status: number; body: { code?: string; message?: string; context?: { reason?: string }; sealed?: boolean; missing?: number; given?: number[] } }
const asked = (socketPath: string, method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array): Promise<Answer> =>
  new Promise((resolve, reject) => {
    request({ socketPath, method, path, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }))
    }).once('error', reject).end(body)
  })

async function sealed(disk: MemoryDisk = memoryDisk(), openFails?: () => void) {
  const { set, payloads } = await made
  const store = createMemoryStore(disk)
  const keys: Buffer[] = []
  let rig: MachineRig | undefined
  const gate = createGate(async (masterKey) => {
    keys.push(masterKey)
    openFails?.()
    rig = await startMachine({ disk, store, masterKey })
    return { machine: rig.machine, vault: undefined as never, provider: { close: async () => undefined } as never }
  })
  const unsealing = createUnsealing({ set, engine: testEngine(), gate, note: store.note, onOpened: () => undefined })
  const path = join(folder, `${randomBytes(4).toString('hex')}.sock`)
  const server = ceremonyServer({ path, ceremonies: ceremonies({ gate, unsealing, backup: () => { throw new Error('not here') } }), log })
  await server.start()
  stops.push(server.stop)
  const give = (number: number, payload = payloads[number - 1] as Uint8Array, id = set.set): Promise<Answer> =>
    asked(path, 'POST', '/share', { 'x-custody-set': id, 'x-share-number': String(number) }, payload)
  return { disk, gate, unsealing, path, give, keys, store, rig: () => rig as MachineRig, health: gateHealth(gate, store, unsealing.state) }
}

it('refuses every operation with one code, says how many shares are missing, and opens with the last one', async () => {
  const before = await startMachine()
  const peer = await makeDevice(before, 'S')
  const { gate, give, health, path, disk, rig, keys } = await sealed(before.disk)
  const handle = createPipeHandler(gate)
  for (const op of Object.keys(CRYPTO_OPERATIONS)) await expect(handle(op, [{}], { identity: 'fep-1' })).rejects.toMatchObject({ code: 'SEALED' })
  expect(await health()).toEqual({ ok: false, checks: { custody: { ok: false, detail: 'sealed: 3 of 3 shares missing' } } })

  expect(await give(4)).toMatchObject({ status: 200, body: { sealed: true, missing: 2, given: [4] } })
  expect((await health()).checks['custody']?.detail).toBe('sealed: 2 of 3 shares missing')
  expect(await give(1)).toMatchObject({ body: { missing: 1 } })
  await expect(handle('status', [{}], { identity: 'fep-1' })).rejects.toMatchObject({ code: 'SEALED' })
  expect(await give(5)).toMatchObject({ status: 200, body: { sealed: false, missing: 0, given: [1, 4, 5] } })
  expect(await asked(path, 'GET', '/seal')).toMatchObject({ body: { sealed: false, missing: 0 } })

  // The same keys as before it was sealed, and the whole key nowhere any more.
  await connect(rig(), peer)
  expect(await handle('status', [{}], { identity: 'fep-1' })).toMatchObject([{ ok: true }])
  expect(keys.map((key) => key.equals(Buffer.alloc(MASTER_KEY.length)))).toEqual([true])
  expect(await give(2)).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
  const audit = disk.events.filter(({ kind }) => ['share-given', 'unsealed'].includes(kind))
  expect(audit.map(({ kind, detail }) => [kind, detail?.['officer'] ?? detail?.['shares']])).toEqual([['share-given', 'Chen'], ['share-given', 'Lin'], ['share-given', 'Sun'], ['unsealed', '1 4 5']])
})

it('wrong, foreign and repeated shares: each its own error, in the audit, and nobody is shut out', async () => {
  const { give, disk } = await sealed()
  const { set, payloads } = await made
  const other = await splitMasterKey(testEngine(), MASTER_KEY, 3, OFFICERS)
  await give(1)
  const wrong = Buffer.from(payloads[1] as Buffer)
  wrong[0] = (wrong[0] ?? 0) ^ 1
  const answers = [await give(1), await give(2, wrong), await give(2, other.payloads[1], other.set.set), await give(2, other.payloads[1])]
  expect(answers.map(({ status, body }) => [status, body.code, body.context?.reason])).toEqual([
    [409, 'SHARE_REFUSED', 'repeated'],
    [409, 'SHARE_REFUSED', 'wrong'],
    [409, 'SHARE_REFUSED', 'foreign'],
    [409, 'SHARE_REFUSED', 'wrong'],
  ])
  expect(new Set(answers.slice(0, 3).map(({ body }) => body.message)).size).toBe(3)
  expect(disk.events.filter(({ kind }) => kind === 'share-refused').map(({ detail }) => detail?.['reason'])).toEqual(['repeated', 'wrong', 'foreign', 'wrong'])
  for (let i = 0; i < 200; i++) await give(3, wrong)
  expect(await give(2)).toMatchObject({ body: { missing: 1 } })
  expect(await give(3)).toMatchObject({ body: { sealed: false } })
  expect(JSON.stringify([disk.events, answers])).not.toContain((payloads[0] as Buffer).subarray(0, 8).toString('hex'))
  expect(set.set).not.toBe(other.set.set)
})

it('a key of another database opens nothing, and the shares are forgotten', async () => {
  const { disk } = await startMachine({ masterKey: Buffer.alloc(32, 9) })
  const { give, gate, unsealing } = await sealed(disk)
  await give(1)
  await give(2)
  expect(await give(3)).toMatchObject({ status: 409, body: { code: 'CONFIG_INVALID' } })
  expect([gate.opened, unsealing.state().missing]).toEqual([undefined, 3])
})

it('a database that is away at the last share costs no ceremony: any of them again is another try', async () => {
  let away = true
  const { give, gate } = await sealed(memoryDisk(), () => {
    if (away) throw new HesError('UNAVAILABLE')
  })
  await give(1)
  await give(2)
  expect(await give(3)).toMatchObject({ status: 409, body: { code: 'UNAVAILABLE' } })
  expect(gate.opened).toBeUndefined()
  away = false
  expect(await give(3)).toMatchObject({ status: 200, body: { sealed: false } })
})

it('the socket is for its own account only, takes the place of one a killed process left, and of no other file', async () => {
  const { path } = await sealed()
  // Switched off (no umask, no chmod), everybody on the host could give shares and ask for a backup.
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await asked(path, 'GET', '/keys')).toMatchObject({ status: 409, body: { code: 'NOT_FOUND' } })
  const left = join(folder, 'left.sock')
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(left, resolve))
  const server = ceremonyServer({ path: left, ceremonies: { 'GET /seal': () => ({ json: { sealed: true } }) }, log })
  await server.start()
  expect(await asked(left, 'GET', '/seal')).toMatchObject({ status: 200 })
  await server.stop()
  await new Promise((resolve) => dead.close(resolve))
  const file = join(folder, 'a file')
  await writeFile(file, 'of somebody')
  const other = ceremonyServer({ path: file, ceremonies: {}, log })
  await expect(other.start()).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect(() => ceremonyServer({ path: `/tmp/${'x'.repeat(100)}`, ceremonies: {}, log })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

it('the configuration names one place for the master key, and with custody a way to give shares', async () => {
  const file = join(folder, 'custody.json')
  await writeFile(file, JSON.stringify((await made).set))
  const config = { ZHUZHAN_MASTER_KEY_FILE: undefined, ZHUZHAN_KEY_CUSTODY_FILE: file, ZHUZHAN_CEREMONY_SOCKET: '/tmp/x.sock' }
  expect(await readCustody(config)).toEqual((await made).set)
  expect(await readCustody({ ...config, ZHUZHAN_MASTER_KEY_FILE: 'key', ZHUZHAN_KEY_CUSTODY_FILE: undefined })).toBeUndefined()
  for (const wrong of [{ ZHUZHAN_MASTER_KEY_FILE: 'key' }, { ZHUZHAN_KEY_CUSTODY_FILE: undefined }, { ZHUZHAN_CEREMONY_SOCKET: undefined }, { ZHUZHAN_KEY_CUSTODY_FILE: join(folder, 'none') }])
    await expect(readCustody({ ...config, ...wrong })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  for (const changed of [{ threshold: 6 }, { officers: ['Lin', 'Lin', 'Sun'] }, { publicKey: `04${'00'.repeat(64)}` }, { more: 1 }]) {
    await writeFile(file, JSON.stringify({ ...(await made).set, ...changed }))
    await expect(readCustody(config)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  }
})
