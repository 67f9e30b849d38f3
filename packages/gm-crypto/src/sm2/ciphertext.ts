import { DerError, TAG, readDer } from '../der/reader.js'
import { octetString, sequence, unsignedInteger } from '../der/writer.js'
import { authFailed } from '../failure.js'
import { padTo32 } from './signature-encoding.js'
import type { Sm2Ciphertext } from './engine.js'

/** `c1c3c2`: current order of GB/T 32918.4. `c1c2c3`: the old one, still met. `asn1`: GM/T 0009, OpenSSL, TLCP. */
export type CiphertextOrder = 'c1c3c2' | 'c1c2c3' | 'asn1'

export function encodeCiphertext(text: Sm2Ciphertext, order: CiphertextOrder): Buffer {
  if (order === 'c1c3c2') return Buffer.concat([text.c1, text.c3, text.c2])
  if (order === 'c1c2c3') return Buffer.concat([text.c1, text.c2, text.c3])
  return sequence(
    unsignedInteger(text.c1.subarray(1, 33)),
    unsignedInteger(text.c1.subarray(33)),
    octetString(text.c3),
    octetString(text.c2),
  )
}

/**
 * Split without judging the point (decrypt does that). An empty C2 is refused.
 * @throws HesError AUTH_FAILED
 */
export function decodeCiphertext(bytes: Uint8Array, order: CiphertextOrder): Sm2Ciphertext {
  if (order === 'asn1') return decodeAsn1(bytes)
  if (bytes.length < 65 + 32 + 1 || bytes[0] !== 4) throw authFailed()
  const c1 = Buffer.from(bytes.subarray(0, 65))
  const rest = Buffer.from(bytes.subarray(65))
  return order === 'c1c3c2'
    ? { c1, c3: rest.subarray(0, 32), c2: rest.subarray(32) }
    : { c1, c3: rest.subarray(rest.length - 32), c2: rest.subarray(0, rest.length - 32) }
}

/** OpenSSL 3.0 accepts trailing bytes and an x beyond p here; this reader does not, and decrypt checks the point. */
function decodeAsn1(bytes: Uint8Array): Sm2Ciphertext {
  try {
    const outer = readDer(bytes)
    const body = outer.enter(TAG.sequence)
    outer.end()
    const x = padTo32(body.unsigned())
    const y = padTo32(body.unsigned())
    const c3 = Buffer.from(body.take(TAG.octetString).value)
    const c2 = Buffer.from(body.take(TAG.octetString).value)
    body.end()
    if (!x || !y || c3.length !== 32 || c2.length === 0) throw authFailed()
    return { c1: Buffer.concat([Buffer.of(4), x, y]), c3, c2 }
  } catch (error) {
    if (error instanceof DerError) throw authFailed()
    throw error
  }
}
