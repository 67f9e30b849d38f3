import { decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { ActionRequest, Apdu, Data } from '@zhuzhan/dlt698'

/** ACTIONs on F100 that OSP-1 fills: key update (method 7) and module manifest (method 3). §7.7, §7.8 */

export const KEY_UPDATE = 'F1000700'
export const CHIP_OPERATION = 'F1000300'
const UPDATE_SID = 'F1040000'
const MANIFEST_SID = 'F1050000'
const CHALLENGE = 16

const piidOf = (number: number) => ({ number, priority: false, acd: false })
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/**
 * 07 01 PIID F1000700 {octet-string KU, SID_MAC F1040000 00 00}. No TimeTag: it belongs to a session, whose seq ages it, and a meter
 * whose clock stands still must get its keys, too.
 */
export function keyUpdateRequest(ku: Uint8Array, piid: number): Buffer {
  const parameter: Data = { type: 'structure', items: [{ type: 'octet-string', hex: hex(ku) }, { type: 'sid-mac', sid: UPDATE_SID, attach: '', mac: '' }] }
  return encodeApdu({ apdu: 'action-request', choice: 'normal', piid: piidOf(piid), omd: KEY_UPDATE, parameter })
}

/** KU of such a request; `undefined` when the parameter has another form. */
export function keyUpdateOf({ parameter }: { parameter: Data }): Buffer | undefined {
  if (parameter.type !== 'structure' || parameter.items.length !== 2) return undefined
  const [ku, sid] = parameter.items
  if (ku?.type !== 'octet-string' || sid?.type !== 'sid-mac' || sid.sid !== UPDATE_SID || sid.attach !== '' || sid.mac !== '') return undefined
  return Buffer.from(ku.hex, 'hex')
}

/** 07 01 PIID F1000300 SID{F1050000, challenge}. */
export function manifestRequest(challenge: Uint8Array, piid: number): Buffer {
  const parameter: Data = { type: 'sid', sid: MANIFEST_SID, attach: hex(challenge) }
  return encodeApdu({ apdu: 'action-request', choice: 'normal', piid: piidOf(piid), omd: CHIP_OPERATION, parameter })
}

/** The challenge of such a request; `undefined` when it asks for something else. */
export function challengeOf({ parameter }: { parameter: Data }): Buffer | undefined {
  if (parameter.type !== 'sid' || parameter.sid !== MANIFEST_SID || parameter.attach.length !== CHALLENGE * 2) return undefined
  return Buffer.from(parameter.attach, 'hex')
}

/** 87 01 PIID OMD 00 octet-string. */
export function octetsResponse(request: Extract<ActionRequest, { choice: 'normal' }>, bytes: Uint8Array): Buffer {
  const piid = { ...request.piid, acd: false }
  return encodeApdu({ apdu: 'action-response', choice: 'normal', piid, omd: request.omd, dar: 0, data: { type: 'octet-string', hex: hex(bytes) } })
}

/** What an ACTION-Response to one of these gave: the octet-string, or the DAR; `undefined` for anything else. */
export function octetsOf(bytes: Uint8Array, omd: string): { octets: Buffer } | { dar: number } | undefined {
  const apdu: Apdu = decodeApdu(bytes)
  if (apdu.apdu !== 'action-response' || apdu.choice !== 'normal' || apdu.omd !== omd) return undefined
  if (apdu.dar !== 0) return { dar: apdu.dar }
  return apdu.data?.type === 'octet-string' ? { octets: Buffer.from(apdu.data.hex, 'hex') } : undefined
}
