import { HesError } from '@zhuzhan/core'
import { authFailed, sm4CcmOpen, sm4CcmSeal } from '@zhuzhan/gm-crypto'
import type { Ccm } from '@zhuzhan/gm-crypto'
import { label, zeros } from './bytes.js'

/** Records inside a session. §7.4 */

/** 1 client to server, 2 server to client; part of nonce and AAD, with a key of its own. */
export type Direction = 1 | 2
/** 0 plaintext + MAC, 1 ciphertext + MAC, 2 a DAR + MAC (answers only). */
export type RecordMode = 0 | 1 | 2

export const MAX_APDU = 65_000

export interface RecordAddress {
  clientAddress: number
  ad: Uint8Array
}

export interface RecordHead extends RecordAddress {
  direction: Direction
  mode: RecordMode
  seq: number
  task: number
}

export interface SealedRecord {
  data: Buffer
  mac: Buffer
}

/** SID = F1 mode 00 00. */
export function recordSid(mode: RecordMode): Buffer {
  return Buffer.of(0xf1, mode, 0, 0)
}

/** attach = seq(8) || task(1). */
export function recordAttach(seq: number, task: number): Buffer {
  const out = Buffer.allocUnsafe(ATTACH)
  writeAttach(out, 0, seq, task)
  return out
}

export function recordNonce(direction: Direction, seq: number): Buffer {
  const out = Buffer.alloc(12)
  out[0] = direction
  writeSeq(out, 4, seq)
  return out
}

/** 8 bytes for task 3, 16 for every other: taken from the task, never from the wire. */
export function tagLength(task: number): number {
  return task === 3 ? 8 : 16
}

const LABEL = label('OSP1-REC')
const ATTACH = 9
/** Label, direction, mode, client address, SID and LP(attach). */
const FIXED = LABEL.length + 3 + 4 + 2 + ATTACH

/**
 * In modes 0 and 2 the content is authenticated here, with its length, and the plaintext is empty. Written into one
 * buffer: this is done for every record of every session.
 */
export function recordAad(head: RecordHead, content: Uint8Array): Buffer {
  const { direction, mode, clientAddress, ad, seq, task } = head
  const size = FIXED + ad.length
  const out = Buffer.allocUnsafe(mode === 1 ? size : size + 2 + content.length)
  out.set(LABEL)
  let at = LABEL.length
  out[at++] = direction
  out[at++] = mode
  out[at++] = clientAddress
  out.set(ad, at)
  at += ad.length
  out[at] = 0xf1
  out[at + 1] = mode
  out[at + 2] = out[at + 3] = 0
  out.writeUInt16BE(ATTACH, at + 4)
  writeAttach(out, at + 6, seq, task)
  if (mode !== 1) {
    out.writeUInt16BE(content.length, size)
    out.set(content, size + 2)
  }
  return out
}

function writeAttach(out: Buffer, at: number, seq: number, task: number): void {
  writeSeq(out, at, seq)
  out[at + 8] = task
}

/** 8 bytes, big-endian; seq stays below 2^53. */
function writeSeq(out: Buffer, at: number, seq: number): void {
  out.writeUInt32BE(Math.floor(seq / 2 ** 32), at)
  out.writeUInt32BE(seq >>> 0, at + 4)
}

/** A direction's key, or the cipher kept under it where many records follow. */
export type RecordKey = Uint8Array | Pick<Ccm, 'seal' | 'open'>

/** @throws RangeError for content that no record may carry */
export function sealRecord(key: RecordKey, head: RecordHead, content: Uint8Array): SealedRecord {
  if (content.length === 0 || content.length > MAX_APDU) throw new RangeError('a record carries 1 to 65000 bytes')
  const plaintext = head.mode === 1 ? content : zeros(0)
  const nonce = recordNonce(head.direction, head.seq)
  const aad = recordAad(head, content)
  const length = tagLength(head.task)
  const { ciphertext, tag } =
    key instanceof Uint8Array ? sm4CcmSeal(key, nonce, aad, plaintext, length) : key.seal(nonce, aad, plaintext, length)
  return { data: head.mode === 1 ? ciphertext : Buffer.from(content), mac: tag }
}

/** @throws HesError AUTH_FAILED */
export function openRecord(key: RecordKey, head: RecordHead, record: { data: Uint8Array; mac: Uint8Array }): Buffer {
  const { data, mac } = record
  if (data.length === 0 || data.length > MAX_APDU) throw authFailed()
  const ciphertext = head.mode === 1 ? data : zeros(0)
  const nonce = recordNonce(head.direction, head.seq)
  const aad = recordAad(head, data)
  const length = tagLength(head.task)
  const plaintext =
    key instanceof Uint8Array ? sm4CcmOpen(key, nonce, aad, ciphertext, mac, length) : key.open(nonce, aad, ciphertext, mac, length)
  return head.mode === 1 ? plaintext : Buffer.from(data)
}

const DOWN = new Set([0x03, 0x05, 0x06, 0x07, 0x09])
const UP = new Set([0x83, 0x85, 0x86, 0x87, 0x89])

/** May an APDU with this tag stand inside a record of this direction? Never SECURITY or CONNECT at a record's own level. */
export function innerTagAllowed(direction: Direction, apdu: Uint8Array): boolean {
  return (direction === 1 ? DOWN : UP).has(apdu[0] ?? -1)
}

/** @throws HesError AUTH_FAILED: authentic, but nothing that may come this way */
export function checkInnerTag(direction: Direction, apdu: Uint8Array): void {
  if (!innerTagAllowed(direction, apdu))
    throw new HesError('AUTH_FAILED', 'an APDU of this kind may not stand in a record', { tag: apdu[0] ?? -1 })
}
