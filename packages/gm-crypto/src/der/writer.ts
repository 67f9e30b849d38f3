import { TAG } from './reader.js'

/** One element with a minimal length. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body])
  const hex = body.length.toString(16)
  const length = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, body])
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => der(TAG.sequence, ...items)
/** SET OF: in ascending order, as DER wants. */
export const set = (...items: readonly Uint8Array[]): Buffer => der(TAG.set, ...[...items].sort(Buffer.compare))
export const octetString = (bytes: Uint8Array): Buffer => der(TAG.octetString, bytes)
export const bitString = (bytes: Uint8Array): Buffer => der(TAG.bitString, Buffer.of(0), bytes)
export const explicit = (number: number, ...items: readonly Uint8Array[]): Buffer => der(0xa0 | number, ...items)
export const boolean = (value: boolean): Buffer => der(TAG.boolean, Buffer.of(value ? 0xff : 0))

/** Non-negative INTEGER, minimal, with the sign octet where it is needed. */
export function unsignedInteger(bytes: Uint8Array): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const value = bytes.length === 0 ? Buffer.of(0) : bytes.subarray(start)
  return (value[0] ?? 0) & 0x80 ? der(TAG.integer, Buffer.of(0), value) : der(TAG.integer, value)
}

/** OBJECT IDENTIFIER from its dotted text. */
export function oid(text: string): Buffer {
  const arcs = text.split('.').map(Number)
  const out: number[] = []
  const [first = 0, second = 0, ...rest] = arcs
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc & 0x7f]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left & 0x7f) | 0x80)
    out.push(...groups)
  }
  return der(TAG.oid, Buffer.from(out))
}

/** Whole PEM text of one block. */
export function toPem(label: string, body: Uint8Array): string {
  const lines =
    Buffer.from(body)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

export interface PemBlock {
  label: string
  body: Buffer
}

/** Every block of a PEM text, in order; other lines are ignored. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g)
  return [...blocks].map(([, label = '', body = '']) => ({ label, body: Buffer.from(body.replace(/\s+/g, ''), 'base64') }))
}

/** The first PEM block, which must have one of the labels. @throws RangeError when it does not */
export function fromPem(text: string, ...labels: readonly string[]): PemBlock {
  const [first] = pemBlocks(text)
  if (!first || !labels.includes(first.label)) throw new RangeError(`no PEM block of ${labels.join(' or ')}`)
  return first
}
