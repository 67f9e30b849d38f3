import { DecodeError, decodeApdu } from '@zhuzhan/dlt698'
import type { Apdu, LinkAddress } from '@zhuzhan/dlt698'
import { isControl } from '../device/methods.js'
import type { Answer } from '../device/services.js'

/** The APDU in these bytes, or `undefined` when they are none. */
export function tryDecode(bytes: Uint8Array): Apdu | undefined {
  try {
    return decodeApdu(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** EE type 1, could not be parsed. The third byte of most services is the PIID. Reference §4.9. */
export function unparsed(bytes: Buffer): Answer {
  const piid = { number: (bytes[2] ?? 0) & 0x3f, priority: false, acd: false }
  const apdu: Apdu = { apdu: 'error-response', side: 'server', piid, type: 1, followReport: undefined, timeTag: undefined }
  return { apdu, control: false, asked: 0, silent: 0, waitSeconds: 0 }
}

/** Would this request move a relay or its permission? */
export function controls(apdu: Apdu): boolean {
  if (apdu.apdu === 'action-request') return apdu.choice === 'normal' ? isControl(apdu.omd) : apdu.items.some(({ omd }) => isControl(omd))
  if (apdu.apdu !== 'proxy-request' || (apdu.choice !== 'action-list' && apdu.choice !== 'action-then-get-list')) return false
  return apdu.targets.some(({ actions }) => actions.some(({ omd }) => isControl(omd)))
}

/** Ours alone, a wildcard that fits, or everybody. We are in no group. Reference §1.2. */
export function isForUs({ type, server }: LinkAddress, address: string): boolean {
  if (type === 'single') return server.padStart(12, '0') === address
  if (type === 'wildcard') return server.length === 12 && [...server].every((digit, i) => digit === 'A' || digit === address[i])
  return type === 'broadcast'
}
