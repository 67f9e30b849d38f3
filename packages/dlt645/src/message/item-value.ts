import { DecodeError, EncodeError, restHex } from '@zhuzhan/codec'
import type { ByteReader, ByteWriter, Fields } from '@zhuzhan/codec'
import { identifiersFor } from '../identifiers/index.js'
import type { Item } from '../identifiers/index.js'
import { fields, member } from './combinators.js'
import { Di } from './members.js'

/** A value as its form reads it: a decimal or moment as text, `{ missing }` (FF, EE), `{ notBcd }`, or a composite of these. */
export type ItemValue = string | readonly ItemValue[] | { readonly [member: string]: ItemValue }

/** What stands for an item: its value, or its bytes with the reason why they have no layout here. */
export interface ValueFields {
  value?: ItemValue
  /** Bytes behind the value: some devices send more than the form has. Reference §8. */
  surplus?: string
  data?: string
  /** Why there is no value; derived. */
  reason?: string
}

/** The item of a DI. */
export function readItem(r: ByteReader, target: Record<string, unknown>): Item {
  const identifiers = identifiersFor(r.settings)
  const item = r.trace === undefined ? identifiers.item(r.u32le()) : identifiers.item(Number.parseInt(r.traced('di', Di), 16))
  target['di'] = item.di
  return item
}

function itemOf(w: ByteWriter, di: unknown): Item {
  if (typeof di !== 'string' || !/^[0-9A-Fa-f]{8}$/.test(di)) throw new EncodeError('di', '8 hex digits')
  return identifiersFor(w.settings).item(Number.parseInt(di, 16))
}

/** The value of an item; undefined when its form is not known or the bytes are not of that form. */
export function readItemValue(r: ByteReader, { codec, least }: Item): unknown {
  if (codec === undefined || r.remaining < least) return undefined
  try {
    return codec.read(r)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** The value of an item, up to the end; bytes that do not fit its form are kept. */
export function readValue(r: ByteReader, target: Record<string, unknown>, { di, known, codec, least }: Item): void {
  if (r.remaining === 0) return
  const from = r.offset
  const mark = r.trace?.mark()
  try {
    if (codec === undefined) r.fail(known === undefined ? `a known identifier, not ${di}` : `an item with a known layout, not ${known.name}`)
    if (r.remaining < least) r.fail(`${known!.form!.name}: ${least} bytes, not ${r.remaining}`)
    target['value'] = member(r, 'value', codec)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (mark) r.trace!.rewind(mark)
    r.offset = from
    target['data'] = member(r, 'data', restHex)
    target['reason'] = `expected ${error.expected}`
    return
  }
  if (r.remaining > 0) target['surplus'] = member(r, 'surplus', restHex)
}

function writeValue(w: ByteWriter, item: Item, { value, data, surplus }: ValueFields): void {
  if (value !== undefined) {
    if (item.codec === undefined) throw new EncodeError('value', `data, since the layout of ${item.di} is not known`)
    item.codec.write(w, value)
  } else if (data !== undefined) w.hex(data)
  if (surplus !== undefined) w.hex(surplus)
}

/** Identifier and value. */
export const ItemAndValue: Fields<{ di: string } & ValueFields> = fields({
  readInto: (r, target) => readValue(r, target, readItem(r, target)),
  write: (w, value) => {
    const item = itemOf(w, value.di)
    w.hexReversed(item.di)
    writeValue(w, item, value)
  },
})

/** Identifier, other members, then the value up to `after` bytes before the end, then the rest of the members. */
export function itemAround<T extends object>(between: Fields<T>): Fields<{ di: string } & T> {
  return fields({
    readInto: (r, target) => {
      readItem(r, target)
      between.readInto(r, target)
    },
    write: (w, value) => {
      w.hexReversed(itemOf(w, value.di).di)
      between.write(w, value)
    },
  })
}

/** The value of the item whose `di` the object has already. */
export const ValueOfDi: Fields<ValueFields> = fields({
  readInto: (r, target) => readValue(r, target, identifiersFor(r.settings).item(Number.parseInt(target['di'] as string, 16))),
  write: (w, value) => writeValue(w, itemOf(w, (value as { di?: unknown }).di), value),
})
