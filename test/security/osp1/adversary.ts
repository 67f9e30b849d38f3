import { CONTROL, encodeApdu, encodeConnectHeader, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, ConnectHeader } from '@zhuzhan/dlt698'
import type { RegistryEntry } from '@zhuzhan/fleet'
import { authenticatedAddressOfNumber, openRecord, parseSecurityRequest, parseSecurityResponse, readRecordRequest, readRecordResponse } from '@zhuzhan/osp1'
import type { DeviceKeys, SessionKeys } from '@zhuzhan/osp1'
import { until } from '../../e2e/wait.js'
import type { Field } from '../field.js'
import { KIND } from '../wire-tap.js'
import type { Kind, Passing } from '../wire-tap.js'
import type { SessionWitness } from './session-witness.js'

/** The station's client address on the wire. */
export const STATION = 0x10

/** The adversary of OSP-1 §7 at the wire, and a witness who knows all keys and says what was in the records. */
export interface Adversary {
  field: Field
  witness: SessionWitness
  keysOf(terminal: RegistryEntry): DeviceKeys
  /** Keys of the session its last CONNECT made. */
  session(terminal: RegistryEntry): Promise<SessionKeys>
  /** A record request that passed, opened with these keys; undefined when it is of another session. */
  request(terminal: RegistryEntry, made: SessionKeys, passing: Passing): { seq: number; task: number; apdu: Buffer } | undefined
  answer(terminal: RegistryEntry, made: SessionKeys, to: { seq: number; task: number }, passing: Passing): Buffer | undefined
  /** Sends these bytes to the terminal and gives the frame of this kind it answers with. */
  ask(terminal: RegistryEntry, apdu: Buffer, kind: Kind): Promise<Passing>
  /** Sends them and gives how many frames of this kind came up within `ms`. */
  count(terminal: RegistryEntry, frames: readonly Buffer[], kind: Kind, ms?: number): Promise<number>
  /** Ends the connection; resolves when the terminal has a session again. */
  reconnect(terminal: RegistryEntry): Promise<void>
}

export function adversary(field: Field, witness: SessionWitness): Adversary {
  const keysOf = ({ address }: RegistryEntry): DeviceKeys => field.keys.get(address)!
  const adOf = ({ address }: RegistryEntry): Buffer => authenticatedAddressOfNumber(address)
  const opened = (work: () => Buffer): Buffer | undefined => {
    try {
      return work()
    } catch {
      return undefined
    }
  }
  const { tap } = field

  return {
    field, witness, keysOf,
    async session(terminal) {
      const requests = tap.seen(terminal.address, 'down', KIND.connectRequest)
      for (const response of tap.seen(terminal.address, 'up', KIND.connectResponse).reverse()) {
        for (const request of [...requests].reverse()) {
          const made = await witness.keysOf(keysOf(terminal), STATION, request.frame.data, response.frame.data).catch(() => undefined)
          if (made) return made
        }
      }
      throw new Error(`no session of ${terminal.address} was seen`)
    },
    request(terminal, made, { frame }) {
      const apdu = parseSecurityRequest(frame.data)
      const parts = apdu && readRecordRequest(apdu)
      const content = parts && opened(() => openRecord(made.toServer, { direction: 1, clientAddress: STATION, ad: adOf(terminal), ...parts }, parts))
      return content && { seq: parts.seq, task: parts.task, apdu: content }
    },
    answer(terminal, made, { seq, task }, { frame }) {
      const apdu = parseSecurityResponse(frame.data)
      const parts = apdu && readRecordResponse(apdu)
      return parts && opened(() => openRecord(made.toClient, { direction: 2, clientAddress: STATION, ad: adOf(terminal), seq, task, mode: parts.mode }, parts))
    },
    async ask(terminal, apdu, kind) {
      const before = tap.seen(terminal.address, 'up', kind).length
      tap.inject(terminal.address, 'down', downFrame(terminal, apdu))
      return until('an answer of the terminal', 15, async () => tap.seen(terminal.address, 'up', kind)[before])
    },
    async count(terminal, frames, kind, ms = 1_500) {
      const before = tap.seen(terminal.address, 'up', kind).length
      for (const frame of frames) tap.inject(terminal.address, 'down', frame)
      await new Promise((resolve) => setTimeout(resolve, ms))
      return tap.seen(terminal.address, 'up', kind).length - before
    },
    async reconnect(terminal) {
      const { link } = field.fleet.terminals.get(terminal.address)!
      const { sessions } = field.fleet.counts
      link.hangUp('test', 0)
      await until('a new session', 60, async () => (link.ready && field.fleet.counts.sessions > sessions ? true : undefined))
      await field.read(terminal)
    },
  }
}

/** A frame as the station sends it. */
export function downFrame({ address }: RegistryEntry, apdu: Buffer | Apdu, more: { logical?: number; client?: number } = {}): Buffer {
  const data = Buffer.isBuffer(apdu) ? apdu : encodeApdu(apdu)
  return encodeFrame({ control: CONTROL.clientRequest, address: { type: 'single', logical: more.logical ?? 0, server: address, client: more.client ?? STATION }, data })
}

/** The station's offer. */
export const OFFER: ConnectHeader = {
  version: 0x16, protocolConformance: 'FFFFFFFFC0000000', functionConformance: 'FFFEC400000000000000000000000000',
  sendSize: 1024, receiveSize: 2048, window: 1, apduSize: 8192, timeoutSeconds: 7200,
}

/** What both modes sign over, for a CONNECT of ours to this device. */
export function contextOf(keys: DeviceKeys, stationId: Uint8Array = keys.stationId) {
  return { clientAddress: STATION, ad: authenticatedAddressOfNumber(keys.address), dispersion: keys.dispersion, stationId, header1: encodeConnectHeader(OFFER) }
}

export function connectRequest(kind: 'symmetric' | 'signature', fields: { cipher: Buffer; signature: Buffer }): Buffer {
  return encodeApdu({ apdu: 'connect-request', piid: { number: 1, priority: false, acd: false }, header: OFFER, mechanism: { kind, ...fields }, timeTag: undefined })
}
