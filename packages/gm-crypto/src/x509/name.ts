import { DerError, TAG, checkSetOrder, readDer } from '../der/reader.js'
import { der, oid, sequence, set } from '../der/writer.js'

/** Short names of the attribute types that names here are made of (RFC 4519). */
export const NAME_TYPES = {
  CN: '2.5.4.3',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
} as const
export type NameType = keyof typeof NAME_TYPES

export interface NamePart {
  /** Short name, or dotted OID of a type that has none here. */
  type: string
  /** Text, or `#` and hex for a value that is none. */
  value: string
}

const SHORT = new Map<string, string>(Object.entries(NAME_TYPES).map(([short, id]) => [id, short]))

/**
 * A distinguished name in DER, one attribute per part. Country is a PrintableString, all else UTF8String.
 * @throws RangeError for an unknown type, an empty or too long value (1 to 64 characters), or control characters
 */
export function encodeName(parts: readonly { type: string; value: string }[]): Buffer {
  if (parts.length === 0) throw new RangeError('an empty name')
  return sequence(
    ...parts.map(({ type, value }) => {
      const id = (NAME_TYPES as Record<string, string>)[type]
      if (id === undefined) throw new RangeError(`'${type}' is none of ${Object.keys(NAME_TYPES).join(', ')}`)
      if (!/^\P{Cc}{1,64}$/u.test(value)) throw new RangeError(`${type}: 1 to 64 characters`)
      if (type === 'C' && !/^[A-Z]{2}$/.test(value)) throw new RangeError('C: two capital letters')
      const tag = type === 'C' || (type === 'serialNumber' && /^[A-Za-z0-9 '()+,./:=?-]+$/.test(value)) ? TAG.printableString : TAG.utf8String
      return set(sequence(oid(id), der(tag, Buffer.from(value))))
    }),
  )
}

/** @throws DerError when it is no Name in DER */
export function decodeName(name: Uint8Array): NamePart[] {
  const file = readDer(name)
  const groups = file.enter(TAG.sequence)
  file.end()
  const parts: NamePart[] = []
  while (!groups.done) {
    const group = groups.enter(TAG.set)
    if (group.done) throw new DerError('empty RDN')
    const members: Uint8Array[] = []
    while (!group.done) {
      const member = group.take(TAG.sequence)
      members.push(member.raw)
      const pair = readDer(member.value)
      const id = pair.oid()
      const { tag, value, raw } = pair.take()
      pair.end()
      parts.push({ type: SHORT.get(id) ?? id, value: text(tag, value) ?? `#${Buffer.from(raw).toString('hex')}` })
    }
    checkSetOrder(members)
  }
  return parts
}

function text(tag: number, value: Uint8Array): string | undefined {
  const bytes = Buffer.from(value)
  switch (tag) {
    case TAG.utf8String:
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
      } catch {
        throw new DerError('UTF8String is not UTF-8')
      }
    case TAG.printableString:
    case TAG.ia5String:
      if (value.some((byte) => byte > 0x7f)) throw new DerError('a string of ASCII is none')
      return bytes.toString('latin1')
    case TAG.bmpString:
      if (value.length % 2 !== 0) throw new DerError('BMPString of half a character')
      return bytes.swap16().toString('utf16le')
    default:
      return undefined
  }
}

/** `C=CN, O=Laboratory, CN=x`: for people; control characters and separators inside values are escaped. */
export function nameText(name: Uint8Array): string {
  const escape = (value: string): string => value.replace(/[\\,+"<>;=]/g, '\\$&').replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return decodeName(name).map(({ type, value }) => `${type}=${escape(value)}`).join(', ')
}

/**
 * The parts of `C=CN,O=Laboratory,CN=x`; a backslash takes the next character as it is.
 * @throws RangeError when a part has no type
 */
export function parseNameText(text: string): NamePart[] {
  const parts = text.match(/(?:\\.|[^,\\])+/g) ?? []
  return parts.map((part) => {
    const match = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(part)
    if (!match) throw new RangeError(`'${part.trim()}' is no TYPE=value`)
    return { type: match[1] as string, value: (match[2] as string).replace(/\\(.)/g, '$1') }
  })
}
