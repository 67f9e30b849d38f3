/** Left-padded to 32 bytes; undefined when longer. */
export function padTo32(bytes: Uint8Array): Buffer | undefined {
  return bytes.length > 32 ? undefined : Buffer.concat([Buffer.alloc(32 - bytes.length), bytes])
}

/*
 * Written out instead of taken from der/: this happens at every signature and verification, and the general reader
 * and writer cost as much as 5 % of one.
 */
const [SEQUENCE, INTEGER] = [0x30, 0x02]

/** Raw r || s to DER SEQUENCE{INTEGER r, INTEGER s} (GM/T 0009), minimal. */
export function signatureToDer(raw: Uint8Array): Buffer {
  if (raw.length !== 64) throw new RangeError('a raw SM2 signature has 64 bytes')
  const out = Buffer.alloc(72)
  const end = writeInteger(out, writeInteger(out, 2, raw, 0), raw, 32)
  out[0] = SEQUENCE
  out[1] = end - 2
  return out.subarray(0, end)
}

/** The 32 bytes of `raw` from `from` as minimal non-negative INTEGER. @returns where it ends */
function writeInteger(out: Uint8Array, at: number, raw: Uint8Array, from: number): number {
  let first = from
  while (first < from + 31 && raw[first] === 0) first++
  const sign = (raw[first] as number) >>> 7
  const length = sign + from + 32 - first
  out[at] = INTEGER
  out[at + 1] = length
  // the sign octet is 0 already
  for (let i = first, to = at + 2 + sign; i < from + 32; i++, to++) out[to] = raw[i] as number
  return at + 2 + length
}

/**
 * Strict: no trailing byte, no superfluous leading zero, no long-form length, no negative integer.
 * @returns raw r || s, or undefined when it is not such DER
 */
export function signatureFromDer(der: Uint8Array): Buffer | undefined {
  // Two integers of at most 33 bytes keep every length below 128, so the long form is never minimal.
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) return undefined
  const raw = Buffer.alloc(64)
  const second = readInteger(der, 2, raw, 0)
  return second !== undefined && readInteger(der, second, raw, 32) === der.length ? raw : undefined
}

/** A minimal non-negative INTEGER of at most 32 bytes, right-aligned into 32 bytes of `raw`. @returns where it ends */
function readInteger(der: Uint8Array, at: number, raw: Uint8Array, to: number): number | undefined {
  const length = der[at + 1]
  if (der[at] !== INTEGER || length === undefined || length === 0 || at + 2 + length > der.length) return undefined
  let first = at + 2
  const end = first + length
  if ((der[first] as number) >= 0x80) return undefined
  if (der[first] === 0 && length > 1) {
    if ((der[first + 1] as number) < 0x80) return undefined
    first++
  }
  if (end - first > 32) return undefined
  for (let i = first, out = to + 32 - (end - first); i < end; i++, out++) raw[out] = der[i] as number
  return end
}
