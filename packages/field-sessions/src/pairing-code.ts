import { HesError } from '@zhuzhan/core'
import { crc16, decode, encode, octets, sequence, u16be, u8 } from '@zhuzhan/codec'
import { sm3 } from '@zhuzhan/gm-crypto'
import { KINDS, kindOf } from './kinds.js'
import type { Kind } from './kinds.js'

/**
 * Content of a QR code. The meter shows one on its display (phone, handheld), a breaker or a sensor carries it as a label.
 * It reaches the other side past the radio: whoever sees the code is near, and who is not near does not know the secret. §6.1
 */
export interface PairingCode {
  kind: Kind
  shownBy: 'meter' | 'device'
  /** MID or PID of the one who shows it, 8 bytes. */
  id: Buffer
  /** 16 random bytes, for one pairing. */
  secret: Buffer
  /** First 16 bytes of SM3 over the shower's public key (64 bytes); zeros where it has none. */
  fingerprint: Buffer
}

const PREFIX = 'FSP1:'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const SHOWN_BY = ['meter', 'device'] as const
const Body = sequence({ version: u8, kind: u8, shownBy: u8, id: octets(8), secret: octets(16), fingerprint: octets(16), check: u16be })
const CHECKED = 43

export const fingerprintOf = (publicKey: Uint8Array): Buffer => sm3(publicKey).subarray(0, 16)
export const NO_FINGERPRINT = Buffer.alloc(16)

/** Upper-case text without padding: QR codes hold it in their alphanumeric mode. The CRC finds typing errors, nothing else. */
export function encodePairingCode(code: PairingCode): string {
  const body = { version: 1, kind: KINDS[code.kind].code, shownBy: SHOWN_BY.indexOf(code.shownBy), id: code.id, secret: code.secret, fingerprint: code.fingerprint }
  const bytes = encode(Body, { ...body, check: 0 })
  bytes.writeUInt16BE(crc16(bytes, 0, CHECKED), CHECKED)
  return PREFIX + toBase32(bytes)
}

/** @throws HesError BODY_INVALID for anything but exactly such a text; the message holds nothing of it */
export function decodePairingCode(text: string): PairingCode {
  const bytes = text.startsWith(PREFIX) ? fromBase32(text.slice(PREFIX.length)) : undefined
  if (bytes?.length !== CHECKED + 2 || crc16(bytes, 0, CHECKED) !== bytes.readUInt16BE(CHECKED)) throw refused()
  const { version, kind, shownBy, id, secret, fingerprint } = decode(Body, bytes)
  const [known, side] = [kindOf(kind), SHOWN_BY[shownBy]]
  if (version !== 1 || known === undefined || side === undefined) throw refused()
  return { kind: known, shownBy: side, id, secret, fingerprint }
}

function refused(): HesError {
  return new HesError('BODY_INVALID', 'This is no pairing code.')
}

function toBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    for (; bits >= 5; bits -= 5) text += ALPHABET.charAt((value >>> (bits - 5)) & 31)
  }
  return bits > 0 ? text + ALPHABET.charAt((value << (5 - bits)) & 31) : text
}

/** Undefined for foreign letters, and for bits left over that are not zero: one code, one text. */
function fromBase32(text: string): Buffer | undefined {
  const out: number[] = []
  let bits = 0
  let value = 0
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter)
    if (digit < 0) return undefined
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out.push((value >>> bits) & 0xff)
    }
  }
  return (value & ((1 << bits) - 1)) === 0 && bits < 5 ? Buffer.from(out) : undefined
}
