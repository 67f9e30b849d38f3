import { once } from 'node:events'
import { connect } from 'node:net'
import { CONTROL, createSplitter, decodeFrame, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, LinkControl, LinkFrame } from '@zhuzhan/dlt698'
import { until } from '../e2e/wait.js'

/** A connection to the gateway on which a test writes whatever it likes. */
export interface RawTerminal {
  send(bytes: Uint8Array): void
  /** Whole frames the station sent; a plain terminal that logged in is also asked for readings at once. */
  readonly frames: readonly LinkFrame[]
  /** How many logins and heartbeats were answered. */
  readonly answered: number
  readonly closed: boolean
  /** The first frame with this APDU tag behind the `after` first ones. */
  receive(tag: number, after?: number): Promise<LinkFrame>
  /** The login is accepted, or refused with this result. */
  login(address: string, result?: number): Promise<void>
  /** The station still listens: a heartbeat is answered. */
  heartbeat(address: string): Promise<void>
  ended(): Promise<void>
  close(): void
}

const LINK_RESPONSE = 0x81

export async function connectRaw(gateway: string): Promise<RawTerminal> {
  const [host, port] = gateway.split(':')
  const socket = connect({ host: host!, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  const frames: LinkFrame[] = []
  let closed = false
  const splitter = createSplitter({ onFrame: (bytes) => frames.push(decodeFrame(bytes)) })
  socket.on('data', (chunk) => splitter.push(chunk))
  // What the station closes while we still write ends in a reset.
  socket.on('error', () => undefined)
  socket.on('close', () => { closed = true })

  const receive: RawTerminal['receive'] = (tag, after = 0) => until(`a frame with APDU ${tag.toString(16)}`, 20, async () => frames.slice(after).find(({ data }) => data[0] === tag))
  return {
    send: (bytes) => { socket.write(bytes) },
    frames,
    get answered() { return frames.filter(({ data }) => data[0] === LINK_RESPONSE).length },
    get closed() { return closed },
    receive,
    login: async (address, result = 0) => {
      socket.write(linkFrame(address, 'login'))
      // LINK-Response: tag, PIID-ACD, result.
      expect((await receive(LINK_RESPONSE)).data[2]! & 7).toBe(result)
    },
    heartbeat: async (address) => {
      const { length } = frames
      socket.write(linkFrame(address, 'heartbeat'))
      await receive(LINK_RESPONSE, length)
    },
    ended: () => until('the end of the connection', 20, async () => (closed ? true : undefined)).then(() => undefined),
    close: () => { socket.destroy() },
  }
}

/** A frame as a terminal of this address sends it. */
export function frameOf(address: string, data: Buffer | Apdu, control: LinkControl = CONTROL.serverResponse): Buffer {
  return encodeFrame({ control, address: { type: 'single', logical: 0, server: address, client: 16 }, data: Buffer.isBuffer(data) ? data : encodeApdu(data) })
}

export function linkFrame(address: string, kind: 'login' | 'heartbeat'): Buffer {
  const time = { year: 2026, month: 10, day: 5, weekday: 1, hour: 8, minute: 0, second: 0, millisecond: 0 }
  return frameOf(address, { apdu: 'link-request', piid: { number: 0, priority: false, acd: false }, kind, heartbeatSeconds: 60, time }, CONTROL.serverLink)
}

const PIID = { number: 1, priority: false, acd: false }
const voltage = (value: number) => ({ oad: '20000201', data: { type: 'long-unsigned', value } }) as const

/** Unprotected report of the terminal's own voltage, in tenths of a volt. */
export const reportOf = (value: number): Apdu => ({ apdu: 'report-notification', choice: 'normal-list', piid: PIID, results: [voltage(value)], followReport: undefined, timeTag: undefined })

/** Unprotected APDUs with a voltage of 230.0 V, as a terminal sends them. */
export const plainReport: Apdu = reportOf(2_300)
export const plainGetResponse: Apdu = { apdu: 'get-response', choice: 'normal', piid: PIID, result: voltage(2_300), followReport: undefined, timeTag: undefined }
/** The station's own direction. */
export const getRequest: Apdu = { apdu: 'get-request', choice: 'normal', piid: PIID, oad: '20000201', timeTag: undefined }
