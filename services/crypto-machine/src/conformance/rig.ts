import { randomBytes } from 'node:crypto'
import type {
  CryptoMachine,
  CryptoOperation,
  CryptoOutcome,
  CryptoRequest,
  CryptoResult,
  IssuedKeys,
  SecurityMode,
} from '@zhuzhan/contracts'
import { outcomeValue } from '@zhuzhan/contracts'
import { manualClock } from '@zhuzhan/core'
import { decodeApdu, encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { ConnectHeader, ConnectResponse, LinkAddress } from '@zhuzhan/dlt698'
import { createEngine } from '@zhuzhan/gm-crypto'
import type { EngineName, Sm2Engine } from '@zhuzhan/gm-crypto'
import { createOsp1Device, memoryStore, readKeyFile } from '@zhuzhan/osp1'
import type { ActContext, DeviceFirmware, DeviceEvent, Osp1Device, Osp1DeviceOptions } from '@zhuzhan/osp1'
import { createMachine } from '../app.js'
import type { Machine } from '../app.js'
import { openVault } from '../keys/vault.js'
import type { KeyProvider } from '../provider/provider.js'
import { createSoftProvider } from '../provider/soft-provider.js'
import type { SoftProviderOptions } from '../provider/soft-provider.js'
import { createMemoryStore, memoryDisk } from '../store/memory-store.js'
import type { MemoryDisk } from '../store/memory-store.js'
import type { MachineStore } from '../store/store.js'

/** A machine and devices face to face in memory, with a clock moved by hand. */

export const STATION_ID = Buffer.from('OSP1HES0')
export const MASTER_KEY = Buffer.alloc(32, 7)
export const CLIENT_ADDRESS = 0x10

export const OFFER: ConnectHeader = {
  version: 0x16,
  protocolConformance: 'FFFFFFFFC0000000',
  functionConformance: 'FFFEC400000000000000000000000000',
  sendSize: 1024,
  receiveSize: 1024,
  window: 1,
  apduSize: 2000,
  timeoutSeconds: 7200,
}
export const ABILITY: ConnectHeader = { ...OFFER, receiveSize: 512, timeoutSeconds: 3600 }
const PIID = { number: 1, priority: false, acd: false }

/** One engine for all tests of a file: parsing keys is the slow part. */
let shared: Sm2Engine | undefined
export function testEngine(name: EngineName = 'openssl'): Sm2Engine {
  return (shared ??= createEngine(name))
}

export interface RigOptions {
  disk?: MemoryDisk
  store?: MachineStore
  clock?: ReturnType<typeof manualClock>
  production?: boolean
  masterKey?: Buffer
  stationId?: Buffer
  /** Another provider than the software one. */
  openProvider?: (parts: SoftProviderOptions) => Promise<KeyProvider>
  synchronised?: () => Promise<boolean>
  unboundModules?: 'suspect' | 'tolerate'
}

export interface MachineRig {
  machine: Machine
  disk: MemoryDisk
  clock: ReturnType<typeof manualClock>
  /** The port as the front end sees it. */
  port: CryptoMachine
  stop(): Promise<void>
}

/** A machine process: give the same disk again for a restart or a second replica. */
export async function startMachine({
  disk = memoryDisk(),
  store = createMemoryStore(disk),
  clock = manualClock(),
  production = false,
  masterKey = MASTER_KEY,
  stationId = STATION_ID,
  openProvider = createSoftProvider,
  synchronised = async () => true,
  unboundModules,
}: RigOptions = {}): Promise<MachineRig> {
  const engine = testEngine()
  const vault = await openVault(store, masterKey, randomBytes, 16)
  const fencing = await store.takeOver('test')
  const provider = await openProvider({ engine, store, vault, random: randomBytes, clock, stationId })
  const machine = createMachine({
    choice: { engine, reason: '' },
    provider,
    store,
    vault,
    clock,
    random: randomBytes,
    stationId,
    fencing,
    production,
    clientAddress: CLIENT_ADDRESS,
    synchronised,
    unboundModules,
    passwordCost: 16,
  })
  return { machine, disk, clock, port: machine.as('fep-1'), stop: () => provider.close() }
}

/** Ask for one thing. @throws HesError with the machine's code */
export async function ask<O extends CryptoOperation>(port: CryptoMachine, op: O, request: CryptoRequest<O>): Promise<CryptoResult<O>> {
  const [outcome] = await (port[op] as (batch: readonly CryptoRequest<O>[]) => Promise<readonly CryptoOutcome<O>[]>)([request])
  return outcomeValue<O>(outcome)
}

export interface TestDevice {
  keys: IssuedKeys
  device: Osp1Device
  address: LinkAddress
  store: ReturnType<typeof memoryStore>
  events: DeviceEvent[]
  /** APDUs the device carried out. */
  acted: Buffer[]
  /** What `act` answers; a plain GET-Response unless a test says otherwise. */
  answerWith(answer: (apdu: Buffer, context: ActContext) => Uint8Array): void
}

export const GET_CLOCK = encodeApdu({ apdu: 'get-request', choice: 'normal', piid: PIID, oad: '40000200' })
export const GET_ENERGY = encodeApdu({ apdu: 'get-request', choice: 'normal', piid: PIID, oad: '00100200' })
export const CLOCK_ANSWER = Buffer.from('850101400002000100' + '0000', 'hex')
export const REPORT = encodeApdu({
  apdu: 'report-notification',
  choice: 'normal-list',
  piid: PIID,
  results: [{ oad: '00100201', data: { type: 'double-long-unsigned', value: 12_345 } }],
})
export const REPORT_RESPONSE = encodeApdu({ apdu: 'report-response', choice: 'normal-list', piid: PIID, oads: ['00100201'] })

/** A device with keys issued by the machine. */
export async function makeDevice(
  rig: MachineRig,
  mode: SecurityMode,
  number = '259689583757',
  more: { store?: ReturnType<typeof memoryStore>; sessionSeconds?: number; firmware?: DeviceFirmware; /** Without modules to show. */ bare?: boolean } & Pick<Osp1DeviceOptions, 'modules' | 'manifest'> = {},
): Promise<TestDevice> {
  const keys = await ask(rig.port, 'issueKeys', { address: number, mode })
  const store = more.store ?? memoryStore()
  const events: DeviceEvent[] = []
  const acted: Buffer[] = []
  let answer = (_apdu: Buffer, _context: ActContext): Uint8Array => CLOCK_ANSWER
  const device = await createOsp1Device({
    keys: readKeyFile(more.bare ? { ...keys, modules: undefined } : keys),
    engine: testEngine(),
    store,
    clock: rig.clock,
    random: randomBytes,
    header: ABILITY,
    factory: '30'.repeat(32),
    sessionSeconds: more.sessionSeconds ?? 1800,
    ...(more.firmware && { firmware: more.firmware }),
    ...(more.modules && { modules: more.modules }),
    ...(more.manifest && { manifest: more.manifest }),
    act: async (apdu, context) => {
      acted.push(apdu)
      return answer(apdu, context)
    },
    onEvent: (event) => events.push(event),
  })
  return {
    keys,
    device,
    store,
    events,
    acted,
    address: { type: 'single', logical: 0, server: number, client: CLIENT_ADDRESS },
    answerWith: (next) => {
      answer = next
    },
  }
}

/** CONNECT-Request bytes from what the machine gave. */
export function connectApdu(opened: CryptoResult<'connectOpen'>, header: ConnectHeader = OFFER): Buffer {
  const mechanism = {
    kind: opened.mechanism === 'S' ? ('symmetric' as const) : ('signature' as const),
    cipher: Buffer.from(opened.cipher),
    signature: Buffer.from(opened.signature),
  }
  return encodeApdu({ apdu: 'connect-request', piid: PIID, header, mechanism })
}

export const openRequest = (address: string): CryptoRequest<'connectOpen'> => ({
  address,
  clientAddress: CLIENT_ADDRESS,
  header: encodeConnectHeader(OFFER),
})

/** What the front end hands over from a CONNECT-Response. */
export function finishRequest(exchange: string, response: Buffer | undefined): CryptoRequest<'connectFinish'> {
  const apdu = decodeApdu(response ?? Buffer.alloc(0)) as ConnectResponse
  return {
    exchange,
    header2: encodeConnectHeader(apdu.header),
    result: apdu.result,
    ...(apdu.security && { rn: apdu.security.rn, signature: apdu.security.signature }),
  }
}

/** The whole handshake; gives the handle. */
export async function connect(rig: Pick<MachineRig, 'port'>, peer: TestDevice): Promise<string> {
  const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
  const response = await peer.device.receive({ address: peer.address, apdu: connectApdu(opened) })
  const finished = await ask(rig.port, 'connectFinish', finishRequest(opened.exchange, response))
  if (!('handle' in finished)) throw new Error('counter answer')
  return finished.handle
}

/** Seal, let the device answer, open. */
export async function exchange(
  rig: Pick<MachineRig, 'port'>,
  peer: TestDevice,
  handle: string,
  apdu: Uint8Array = GET_CLOCK,
): Promise<CryptoResult<'open'>> {
  const sealed = await ask(rig.port, 'seal', { handle, apdu })
  const answer = await peer.device.receive({ address: peer.address, apdu: sealed.apdu })
  if (!answer) throw new Error('the device is silent')
  return ask(rig.port, 'open', { handle, apdu: answer })
}

export function flip(bytes: Uint8Array, at: number, mask = 1): Buffer {
  const out = Buffer.from(bytes)
  out[at] = (out[at] ?? 0) ^ mask
  return out
}
