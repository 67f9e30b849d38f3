import { authFailed, equalBytes, hmacSm3, sm4Ctr } from '@zhuzhan/gm-crypto'
import { decode } from '@zhuzhan/codec'
import { erase, u32, zeros } from './bytes.js'
import { ccmOpen, ccmSeal } from './cipher/modes.js'
import type { BlockKey } from './cipher/port.js'
import { Record, transcript } from './message.js'
import type { FieldContext } from './message.js'

/** Records inside a session. §6.3 */

export type Direction = 'up' | 'down'
/** Every session ends here; a nonce counts no further. */
export const MAX_SEQ = 2 ** 20
/** Longest content of a record. */
export const MAX_CONTENT = 2_048
const HMAC = 32

/** Keys of one direction: one of them would let a record be sent back to its sender. */
export type RecordKey = { protection: 'ccm'; key: BlockKey } | { protection: 'ctr-hmac'; cipher: Buffer; mac: Buffer }

/** Keys of one session, in volatile memory only. */
export interface SessionKeys {
  up: RecordKey
  down: RecordKey
}

export function eraseKeys(keys: SessionKeys): void {
  for (const one of [keys.up, keys.down]) {
    if (one.protection === 'ccm') one.key.erase()
    else erase(one.cipher, one.mac)
  }
}

/** direction(1: 01 up, 02 down) || 000000 || 00000000 || seq(4): 12 bytes. */
export function recordNonce(direction: Direction, seq: number): Buffer {
  return Buffer.concat([Buffer.of(direction === 'up' ? 1 : 2), zeros(7), u32(seq)])
}

const typeOf = (direction: Direction) => (direction === 'up' ? 'recordUp' : 'recordDown')

/** Body of RECORD-UP or -DOWN: seq(4) || ciphertext || tag. @throws RangeError for content no record may carry */
export async function sealRecord(key: RecordKey, c: FieldContext, direction: Direction, seq: number, content: Uint8Array): Promise<Buffer> {
  if (content.length === 0 || content.length > MAX_CONTENT) throw new RangeError(`a record carries 1 to ${MAX_CONTENT} bytes`)
  if (seq < 1 || seq > MAX_SEQ) throw new RangeError('seq')
  const [nonce, aad] = [recordNonce(direction, seq), transcript('FSP1-REC', c, typeOf(direction), u32(seq))]
  if (key.protection === 'ccm') return Buffer.concat([u32(seq), await ccmSeal(key.key, nonce, aad, content)])
  const ciphertext = sm4Ctr(key.cipher, Buffer.concat([nonce, zeros(4)]), content)
  return Buffer.concat([u32(seq), ciphertext, hmacSm3(key.mac, aad, ciphertext)])
}

/** The MAC comes before everything else is believed, the seq included. @throws HesError AUTH_FAILED, DecodeError */
export async function openRecord(key: RecordKey, c: FieldContext, direction: Direction, body: Uint8Array): Promise<{ seq: number; content: Buffer }> {
  const { seq: bytes, sealed } = decode(Record, body)
  const seq = bytes.readUInt32BE(0)
  const overhead = key.protection === 'ccm' ? 16 : HMAC
  if (seq < 1 || seq > MAX_SEQ || sealed.length <= overhead || sealed.length > MAX_CONTENT + overhead) throw authFailed()
  const [nonce, aad] = [recordNonce(direction, seq), transcript('FSP1-REC', c, typeOf(direction), bytes)]
  if (key.protection === 'ccm') return { seq, content: await ccmOpen(key.key, nonce, aad, sealed) }
  const [ciphertext, tag] = [sealed.subarray(0, -HMAC), sealed.subarray(-HMAC)]
  if (!equalBytes(tag, hmacSm3(key.mac, aad, ciphertext))) throw authFailed()
  return { seq, content: sm4Ctr(key.cipher, Buffer.concat([nonce, zeros(4)]), ciphertext) }
}
