import { authFailed, sm4CcmOpen, sm4CcmSeal, sm4Cmac } from '@zhuzhan/gm-crypto'
import type { Ccm, Sm4Cmac } from '@zhuzhan/gm-crypto'
import { label, lp, u16, u32, zeros } from './bytes.js'

/** Reports without a session and their authenticated answers. §7.5 */

export const REPORT_TAG = 8
export const RN_LENGTH = 12

export interface SealedReport {
  form: 'plain' | 'cipher'
  content: Buffer
  rn: Buffer
  mac: Buffer
}

/** RN = RSPCTR(4) || random(8). */
export function reportRn(rspctr: number, random8: Uint8Array): Buffer {
  return Buffer.concat([u32(rspctr), random8])
}

export function rspctrOf(rn: Uint8Array): number {
  if (rn.length < 4) throw new RangeError('an RN begins with its counter')
  return (((rn[0] as number) << 24) | ((rn[1] as number) << 16) | ((rn[2] as number) << 8) | (rn[3] as number)) >>> 0
}

const PLAIN = label('OSP1-RPT')
const CIPHER = label('OSP1-RPE')
const ANSWER = label('OSP1-RPA')

/** Meter: mode 0 authenticates, mode 1 (default for readings) encrypts as well. Key KRU; one RN is used once. */
export function sealReport(key: Uint8Array, ad: Uint8Array, rn: Uint8Array, apdu: Uint8Array, form: 'plain' | 'cipher'): SealedReport {
  const sealed =
    form === 'plain'
      ? sm4CcmSeal(key, rn, Buffer.concat([PLAIN, ad, lp(apdu)]), zeros(0), REPORT_TAG)
      : sm4CcmSeal(key, rn, Buffer.concat([CIPHER, ad]), apdu, REPORT_TAG)
  return { form, content: form === 'plain' ? Buffer.from(apdu) : sealed.ciphertext, rn: Buffer.from(rn), mac: sealed.tag }
}

/** Station. Whoever opens many reports of a device keeps the CCM of its key. @throws HesError AUTH_FAILED */
export function openReport(
  key: Uint8Array | Ccm,
  ad: Uint8Array,
  report: { form: 'plain' | 'cipher'; content: Uint8Array; rn: Uint8Array; mac: Uint8Array },
): Buffer {
  const { form, content, rn, mac } = report
  if (rn.length !== RN_LENGTH || content.length === 0 || content.length > 65_000) throw authFailed()
  if (form === 'cipher') {
    const aad = Buffer.allocUnsafe(CIPHER.length + ad.length)
    aad.set(CIPHER)
    aad.set(ad, CIPHER.length)
    return openCcm(key, rn, aad, content, mac)
  }
  openCcm(key, rn, Buffer.concat([PLAIN, ad, lp(content)]), zeros(0), mac)
  return Buffer.from(content)
}

function openCcm(key: Uint8Array | Ccm, rn: Uint8Array, aad: Uint8Array, text: Uint8Array, mac: Uint8Array): Buffer {
  return key instanceof Uint8Array ? sm4CcmOpen(key, rn, aad, text, mac, REPORT_TAG) : key.open(rn, aad, text, mac, REPORT_TAG)
}

/** Station: MAC of the answer, CMAC(KRA, label || AD || RN || LP(APDU)), 16 bytes. Without a nonce a second answer is harmless. */
export function signReportAnswer(key: Uint8Array | Sm4Cmac, ad: Uint8Array, rn: Uint8Array, apdu: Uint8Array): Buffer {
  return ('sign' in key ? key : sm4Cmac(key)).sign(ANSWER, ad, rn, u16(apdu.length), apdu)
}

/** Meter: a forged confirmation must not lose readings. */
export function verifyReportAnswer(key: Uint8Array, ad: Uint8Array, rn: Uint8Array, apdu: Uint8Array, mac: Uint8Array): boolean {
  return sm4Cmac(key).verify(mac, ANSWER, ad, rn, lp(apdu))
}
