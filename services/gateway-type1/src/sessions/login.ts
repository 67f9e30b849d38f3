import { CONTROL, decodeApdu, encodeApdu, encodeFrame, epochToDateTime } from '@zhuzhan/dlt698'
import type { Apdu, LinkFrame } from '@zhuzhan/dlt698'

export type LinkRequest = Extract<Apdu, { apdu: 'link-request' }>

/** LINK-Response result codes 0-2; names of 1 and 2 are UNSURE in the reference (§4.1). Bit 7, "clock trusted", is never claimed. */
export const LINK_RESULT = { accepted: 0, illegalDevice: 2 } as const

/** @throws DecodeError when the bytes are no LINK-Request */
export function readLinkRequest(frame: LinkFrame): LinkRequest | undefined {
  const apdu = decodeApdu(frame.data, { tolerant: true })
  return apdu.apdu === 'link-request' ? apdu : undefined
}

/** The whole frame that answers a LINK-Request; times are the terminal's local time. */
export function linkResponse(request: LinkFrame, apdu: LinkRequest, result: number, receivedAt: number, now: number, offsetMinutes: number): Buffer {
  return encodeFrame({
    control: { ...CONTROL.clientLink, scrambled: request.control.scrambled },
    address: request.address,
    data: encodeApdu({
      apdu: 'link-response', piid: { ...apdu.piid, acd: false }, result,
      requestTime: apdu.time, receiveTime: epochToDateTime(receivedAt, offsetMinutes), responseTime: epochToDateTime(now, offsetMinutes),
    }),
  })
}
