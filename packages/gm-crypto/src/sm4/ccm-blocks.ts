import { SM4_BLOCK } from './block.js'

/** Formatting of CCM (RFC 3610), shared by every implementation of it. */

const MAX_AAD = 0xfeff

/** @throws RangeError for a nonce, tag length, AAD or text that CCM (or its 2-byte AAD length) does not take */
export function checkCcm(nonce: Uint8Array, aad: Uint8Array, textLength: number, tagLength: number): void {
  if (nonce.length < 7 || nonce.length > 13) throw new RangeError('a CCM nonce has 7 to 13 bytes')
  if (tagLength < 4 || tagLength > 16 || tagLength % 2 !== 0) throw new RangeError('a CCM tag has 4, 6 .. 16 bytes')
  if (aad.length > MAX_AAD) throw new RangeError('CCM AAD beyond the 2-byte length form')
  if (textLength >= 2 ** (8 * (15 - nonce.length)) || textLength > 0x7fff_ffff) throw new RangeError('CCM plaintext too long for its nonce')
}

const padded = (length: number): number => (length + SM4_BLOCK - 1) & -SM4_BLOCK

/** Bytes of B0 and the AAD with its length, padded: where the text begins in the MAC's input. */
export function macHeadLength(aad: Uint8Array): number {
  return SM4_BLOCK + (aad.length === 0 ? 0 : padded(aad.length + 2))
}

/** Bytes of the whole MAC input. */
export function macInputLength(aad: Uint8Array, textLength: number): number {
  return macHeadLength(aad) + padded(textLength)
}

/** Write B0 and the padded AAD to the start of `target`. @returns where the text begins */
export function writeMacHead(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, textLength: number, tagLength: number): number {
  const lengthBytes = 15 - nonce.length
  target[0] = (aad.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3) | (lengthBytes - 1)
  target.set(nonce, 1)
  // textLength is below 2^31, so the shift by 8 at a time never meets the sign.
  for (let at = SM4_BLOCK - 1, rest = textLength; at > nonce.length; at--, rest >>>= 8) target[at] = rest & 0xff
  if (aad.length === 0) return SM4_BLOCK
  target[SM4_BLOCK] = aad.length >>> 8
  target[SM4_BLOCK + 1] = aad.length & 0xff
  target.set(aad, SM4_BLOCK + 2)
  const end = macHeadLength(aad)
  target.fill(0, SM4_BLOCK + 2 + aad.length, end)
  return end
}

/** Counter block 0: its key stream masks the tag, the next ones the text. */
export function counterBlock(nonce: Uint8Array): Buffer {
  const block = Buffer.alloc(SM4_BLOCK)
  block[0] = 14 - nonce.length
  block.set(nonce, 1)
  return block
}
