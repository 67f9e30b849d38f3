import { EncodeError } from '@zhuzhan/codec'
import { toHex } from '@zhuzhan/core'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Members that are bytes wherever they stand in an APDU, outside of values that carry their own type. */
const BYTES = new Set(['content', 'mac', 'rn', 'signature', 'cipher', 'attach', 'command', 'reply', 'frames'])
const INTEGER64 = new Set<unknown>(['long64', 'long64-unsigned'])
const FLOAT = new Set<unknown>(['float32', 'float64'])

/** What stands in a security wrapper, which may be an APDU. */
export interface ContentForm {
  toJson(content: Buffer): Json
  fromJson(json: { [key: string]: Json }): Buffer
}

export function membersToJson(value: unknown, content: ContentForm['toJson'], key = ''): Json {
  if (Buffer.isBuffer(value)) return key === 'content' ? content(value) : toHex(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return value.map((item) => membersToJson(item, content, key))
  if (typeof value !== 'object' || value === null) return value as Json
  // Every object of every frame comes through here: a plain loop costs a third of entries, filter, map and fromEntries.
  const members: { [key: string]: Json } = {}
  for (const name in value) {
    const member = (value as Record<string, unknown>)[name]
    if (member !== undefined) members[name] = membersToJson(member, content, name)
  }
  return members
}

export function membersFromJson(value: Json, content: ContentForm['fromJson'], key = ''): unknown {
  if (typeof value === 'string') return BYTES.has(key) ? bytesOf(value) : value
  if (Array.isArray(value)) return value.map((item) => membersFromJson(item, content, key))
  if (typeof value !== 'object' || value === null) return value
  if (typeof value['type'] === 'string') return dataFromJson(value, content)
  if (key === 'content' && 'apdu' in value) return content(value)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, membersFromJson(member, content, name)]))
}

/** A typed value: its hex stays hex. */
function dataFromJson(value: { [key: string]: Json }, content: ContentForm['fromJson']): unknown {
  const { type } = value
  if (INTEGER64.has(type)) return { ...value, value: integer(value['value']) }
  if (FLOAT.has(type)) return { ...value, value: Number(value['value']) }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, membersFromJson(member, content)]))
}

function integer(value: Json | undefined): bigint {
  if (typeof value !== 'string' || !/^-?[0-9]{1,20}$/.test(value)) throw new EncodeError('value', 'an integer as a string')
  return BigInt(value)
}

export function bytesOf(hex: Json | undefined): Buffer {
  if (typeof hex !== 'string' || hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) throw new EncodeError('', 'hex digits in pairs')
  return Buffer.from(hex, 'hex')
}
