import { encodeApdu } from '@zhuzhan/dlt698'
import type { ConnectHeader, ConnectRequest, ConnectResponse } from '@zhuzhan/dlt698'
import { commonHeader } from '@zhuzhan/osp1'
import type { Settings } from './context.js'

/** Manufacturer 4, software version 4, its date 6, hardware version 4, its date 6, extension 8. Reference §4.2. */
export const FACTORY = Buffer.from('ZHUZ0100261001010026100100000000').toString('hex').toUpperCase()

/** What a virtual terminal can do: protocol bits 0-19 without DL/T 645, slicing of GET and PROXY, security; all measured functions. */
export function ownHeader(settings: Settings): ConnectHeader {
  return {
    version: 0x0016, protocolConformance: 'FFFFFC0100000000', functionConformance: 'FFFEC400000000000000000000000000',
    sendSize: settings.frameSize, receiveSize: settings.frameSize, window: 1, apduSize: settings.apduSize, timeoutSeconds: 7200,
  }
}

/** What both sides agreed about sizes; before any CONNECT the terminal's own. */
export interface Agreed {
  /** Largest frame this terminal sends (value of L): its own sending, the station's receiving. */
  frame: number
  apdu: number
}

export function ownSizes(settings: Settings): Agreed {
  return { frame: settings.frameSize, apdu: settings.apduSize }
}

/** Below this no frame has room for anything; an offer of less is taken for none. */
const LEAST_SIZE = 64

export function agreedSizes(offer: ConnectHeader, settings: Settings): Agreed {
  const smaller = (theirs: number, ours: number): number => (theirs < LEAST_SIZE ? ours : Math.min(theirs, ours))
  return { frame: smaller(offer.receiveSize, settings.frameSize), apdu: smaller(offer.apduSize, settings.apduSize) }
}

/** CONNECT to a plain terminal: null and any password are accepted, it has no keys for the rest. Results: reference §4.2. */
export function plainConnect(request: ConnectRequest, settings: Settings): { answer: Buffer; agreed?: Agreed } {
  const results: Record<ConnectRequest['mechanism']['kind'], number> = { null: 0, password: 0, symmetric: 2, signature: 4 }
  const result = results[request.mechanism.kind]
  const response: ConnectResponse = {
    apdu: 'connect-response', piid: { ...request.piid, acd: false }, factory: FACTORY, header: commonHeader(request.header, ownHeader(settings)), result,
    security: undefined, followReport: undefined, timeTag: request.timeTag,
  }
  return { answer: encodeApdu(response), ...(result === 0 && { agreed: agreedSizes(request.header, settings) }) }
}
