import { sm4CbcMac, sm4EcbEncrypt } from '@zhuzhan/gm-crypto'
import { exactly, label, u32, zeros } from './bytes.js'

/** Purposes of root and device keys. §7.1 */
export const PURPOSE = { session: 1, report: 2, group: 3, transport: 4, pairing: 5, firmware: 6 } as const
export type Purpose = keyof typeof PURPOSE
export const PURPOSES = Object.keys(PURPOSE) as Purpose[]

/** What is derived from which device key, under which label. §7.1 */
export const DERIVED = {
  handshakeCipher: { purpose: 'session', label: 'OSP1-HSE' },
  handshakeMac: { purpose: 'session', label: 'OSP1-HSM' },
  reportCipher: { purpose: 'report', label: 'OSP1-RPU' },
  reportAnswer: { purpose: 'report', label: 'OSP1-RPA' },
  readProof: { purpose: 'report', label: 'OSP1-RDP' },
  group: { purpose: 'group', label: 'OSP1-GRP' },
  transport: { purpose: 'transport', label: 'OSP1-KTR' },
  pairing: { purpose: 'pairing', label: 'OSP1-PAR' },
  firmware: { purpose: 'firmware', label: 'OSP1-FWK' },
} as const satisfies Record<string, { purpose: Purpose; label: string }>
export type DerivedKey = keyof typeof DERIVED

/**
 * DK = SM4-ECB(RK, D || not D). By the PRP property device keys are independent; a root key encrypts nothing else.
 * The root keys of the two key states differ, so a serial that looks like a number meets nothing. §7.1
 */
export function diversify(root: Uint8Array, dispersion: Uint8Array): Buffer {
  return sm4EcbEncrypt(root, diversificationBlock(dispersion))
}

/** D || not D, the one block a root key ever encrypts for a device; for devices that hold the root key themselves. */
export function diversificationBlock(dispersion: Uint8Array): Buffer {
  exactly(8, dispersion, 'dispersion factor')
  return Buffer.concat([dispersion, dispersion.map((byte) => byte ^ 0xff)])
}

/** RKregion = SM4-ECB(RK, R || R); R || R is never D || not D, so no device key is a region root. @throws RangeError for R = 0 */
export function regionRoot(root: Uint8Array, region: Uint8Array): Buffer {
  exactly(8, region, 'region code')
  if (region.every((byte) => byte === 0)) throw new RangeError('region code 0 is reserved')
  return sm4EcbEncrypt(root, Buffer.concat([region, region]))
}

const TOTAL_BITS = Buffer.from('00000080', 'hex')
const FIRST = u32(1)

/**
 * PRF(K, label, ctx48) = CBC-MAC over exactly 64 bytes: a PRF because the length is fixed, and within reach of
 * `SDF_CalculateMAC`. @throws RangeError for any other context length
 */
export function prf(key: Uint8Array, name: string, context: Uint8Array): Buffer {
  return sm4CbcMac(key, prfMessage(name, context))
}

/** The 64 bytes the PRF is taken of, for a key that lies in a device. @throws RangeError unless the context has 48 bytes */
export function prfMessage(name: string, context: Uint8Array): Buffer {
  exactly(48, context, 'PRF context')
  return Buffer.concat([label(name), FIRST, TOTAL_BITS, context])
}

/** ctx(D) = 0^32 || D || 0^8. */
export function deviceContext(dispersion: Uint8Array): Buffer {
  exactly(8, dispersion, 'dispersion factor')
  return Buffer.concat([zeros(32), dispersion, zeros(8)])
}

/** A working key of the table from the device key of its purpose. A device key is only ever a PRF key. */
export function deriveKey(deviceKey: Uint8Array, which: DerivedKey, dispersion: Uint8Array): Buffer {
  return prf(deviceKey, DERIVED[which].label, deviceContext(dispersion))
}

/** First 8 bytes of PRF(AK, "OSP1-KCV", updateId || 0^24 || D || 0^8): proves possession of a new AK. §7.8 */
export function keyCheckValue(authKey: Uint8Array, updateId: Uint8Array, dispersion: Uint8Array): Buffer {
  return prf(authKey, 'OSP1-KCV', Buffer.concat([updateId, zeros(24), dispersion, zeros(8)])).subarray(0, 8)
}
