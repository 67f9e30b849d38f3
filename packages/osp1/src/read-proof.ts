import { sm4Cmac } from '@zhuzhan/gm-crypto'
import { label, lp } from './bytes.js'

/** Read proof: a GET without a session whose answer proves itself. §7.5 */

export const PROOF_RN_LENGTH = 16
/** How long an RN waits for its one answer, in milliseconds. */
export const PROOF_VALID_MS = 5 * 60_000
const LABEL = label('OSP1-RDP')

/** MAC over request and answer together: CMAC(KRP, label || AD || LP(RN) || LP(APDU) || LP(APDU')), 16 bytes. */
export function signReadProof(key: Uint8Array, ad: Uint8Array, rn: Uint8Array, request: Uint8Array, response: Uint8Array): Buffer {
  return sm4Cmac(key).sign(LABEL, ad, lp(rn), lp(request), lp(response))
}

export function verifyReadProof(
  key: Uint8Array,
  ad: Uint8Array,
  rn: Uint8Array,
  request: Uint8Array,
  response: Uint8Array,
  mac: Uint8Array,
): boolean {
  return sm4Cmac(key).verify(mac, LABEL, ad, lp(rn), lp(request), lp(response))
}
