import { randomBytes } from 'node:crypto'
import { manualClock } from '@zhuzhan/core'
import { decodeApdu, encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { Apdu, ConnectResponse, LinkAddress, SecurityResponse } from '@zhuzhan/dlt698'
import { createEngine } from '@zhuzhan/gm-crypto'
import { authenticatedAddressOfNumber, dispersionOfNumber } from '../../address.js'
import type { DeviceKeys } from '../../key-file.js'
import { PURPOSES } from '../../keys.js'
import { acceptAnswerS, connectS, handshakeKeys, sessionKeysS } from '../../mode-s.js'
import { openRecord, sealRecord } from '../../record.js'
import type { SessionKeys } from '../../session-keys.js'
import { readRecordResponse, recordRequest } from '../../wire.js'
import { createOsp1Device } from '../device.js'
import { memoryStore } from '../state.js'
import type { DeviceEvent, Osp1DeviceOptions } from '../types.js'

/** A meter, and a station made of the pure functions: it can do what a well-behaved one never does. */

export const engine = createEngine('noble')
export const NUMBER = '259689583757'
export const GROUP = Buffer.alloc(8, 0xee)
export const piid = { number: 1, priority: false, acd: false }
export const HEADER = {
  version: 0x16,
  protocolConformance: 'FFFFFFFFC0000000',
  functionConformance: 'FFFEC400000000000000000000000000',
  sendSize: 512,
  receiveSize: 512,
  window: 1,
  apduSize: 1000,
  timeoutSeconds: 3600,
}
export const address: LinkAddress = { type: 'single', logical: 0, server: NUMBER, client: 0x10 }
export const ad = authenticatedAddressOfNumber(NUMBER)
export const dispersion = dispersionOfNumber(NUMBER)
export const keysOf = (first: number): DeviceKeys['keys'] =>
  Object.fromEntries(PURPOSES.map((purpose, i) => [purpose, Buffer.alloc(16, first + i)])) as DeviceKeys['keys']

export interface MeterOptions {
  keyState?: 0 | 1
  /** D in the factory state is the chip's serial. */
  dispersion?: Buffer
  store?: ReturnType<typeof memoryStore>
  modules?: Osp1DeviceOptions['modules']
  firmware?: Osp1DeviceOptions['firmware']
}

export async function meter({ keyState = 1, store = memoryStore(), dispersion: own = dispersion, modules, firmware }: MeterOptions = {}) {
  const clock = manualClock(Date.UTC(2026, 10, 22, 4))
  const keys: DeviceKeys = {
    address: NUMBER,
    mode: 'S',
    keyVersion: 1,
    keyState,
    dispersion: own,
    clientAddress: 0x10,
    stationId: Buffer.alloc(8),
    groupId: GROUP,
    keys: keysOf(1),
  }
  const events: DeviceEvent[] = []
  const acted: Apdu[] = []
  const device = await createOsp1Device({
    keys,
    engine,
    store,
    clock,
    random: randomBytes,
    header: HEADER,
    factory: '30'.repeat(32),
    onEvent: (event) => events.push(event),
    ...(modules && { modules }),
    ...(firmware && { firmware }),
    act: async (apdu) => {
      acted.push(decodeApdu(apdu))
      return Buffer.from('8701058000810000' + '000000', 'hex')
    },
  })
  return { clock, keys, events, acted, store, device }
}
export type Meter = Awaited<ReturnType<typeof meter>>

export type Answer = { dar: number } | { apdu: Buffer } | { hint: number } | undefined
/** Seals anything the test wants. */
export type Send = ((apdu: Apdu | Buffer, task: number, mode?: 0 | 1) => Promise<Answer>) & { readonly keys: SessionKeys }

/** A session under this AK and D. @throws when the meter accepts no such CONNECT */
export async function stationSession(
  { device }: Pick<Meter, 'device'>,
  { asctr = 1, auth = keysOf(1).session, d = dispersion }: { asctr?: number; auth?: Buffer; d?: Buffer } = {},
): Promise<Send> {
  const handshake = handshakeKeys(auth, d)
  const context = { clientAddress: 0x10, ad, dispersion: d, header1: encodeConnectHeader(HEADER) }
  const r1 = randomBytes(16)
  const request = connectS(handshake, context, r1, asctr)
  const connect = encodeApdu({ apdu: 'connect-request', piid, header: HEADER, mechanism: { kind: 'symmetric', ...request } })
  const response = decodeApdu((await device.receive({ address, apdu: connect })) ?? Buffer.alloc(0)) as ConnectResponse
  if (!response.security) throw new Error(`result ${response.result}`)
  const header2 = encodeConnectHeader(response.header)
  const { r2 } = acceptAnswerS(handshake, context, header2, request, response.security, { r1, asctr })
  const keys = sessionKeysS(auth, context, header2, request, response.security, { r1, r2, asctr })
  let seq = 0
  const send = async (apdu: Apdu | Buffer, task: number, mode: 0 | 1 = 1): Promise<Answer> => {
    const at = seq++
    const inner = Buffer.isBuffer(apdu) ? apdu : encodeApdu(apdu)
    const record = sealRecord(keys.toServer, { direction: 1, mode, clientAddress: 0x10, ad, seq: at, task }, inner)
    const bytes = await device.receive({ address, apdu: recordRequest(mode, at, task, record) })
    if (!bytes) return undefined
    const answer = decodeApdu(bytes) as SecurityResponse
    const parts = readRecordResponse(answer)
    if (!parts) return { hint: answer.form === 'dar' ? answer.dar : -1 }
    const content = openRecord(keys.toClient, { direction: 2, mode: parts.mode, clientAddress: 0x10, ad, seq: at, task }, parts)
    return parts.mode === 2 ? { dar: content[0] ?? -1 } : { apdu: content }
  }
  return Object.assign(send, { keys })
}
