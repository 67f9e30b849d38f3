import { EncodeError } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import type { DataIdentifier } from './item.js'

/** The values of a block one after the other; their number is what the bytes hold. Reference §4, §4.1. */
export function blockCodec(block: NonNullable<DataIdentifier['block']>): Codec<unknown[]> {
  const forms: DataIdentifier['form'][] = []
  const formAt = (index: number) => {
    if (index === forms.length) forms.push(block.element(index)?.form)
    return forms[index]
  }
  return {
    read: (r) => {
      const values: unknown[] = []
      for (let form = formAt(0); form !== undefined && r.remaining >= form.size; form = formAt(values.length)) {
        values.push(r.trace === undefined ? form.codec.read(r) : r.traced(String(values.length), form.codec))
      }
      return values
    },
    write: (w, values) => {
      if (!Array.isArray(values)) throw new EncodeError('', 'a list')
      values.forEach((value, i) => {
        const form = formAt(i)
        if (form === undefined) throw new EncodeError(String(i), 'an element of the block')
        form.codec.write(w, value)
      })
    },
  }
}
