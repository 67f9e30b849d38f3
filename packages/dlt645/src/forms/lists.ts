import { EncodeError } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { NO_SCALAR } from './form.js'
import type { Form } from './form.js'

/** As many whole elements of `size` bytes as there are; the bytes tell how many, never a setting we assume. Reference §4.1. */
export function listToEnd(element: Codec<unknown>, size: number): Codec<unknown[]> {
  return {
    read: (r) => {
      const items: unknown[] = []
      for (let i = 0; r.remaining >= size; i++) items.push(r.trace === undefined ? element.read(r) : r.traced(String(i), element))
      return items
    },
    write: (w, items) => {
      if (!Array.isArray(items)) throw new EncodeError('', 'a list')
      for (const item of items) element.write(w, item)
    },
  }
}

/** The form `…[]`: elements up to the end of the data. */
export function listForm(element: Form): ListForm {
  return { name: `${element.name}[]`, size: 0, codec: listToEnd(element.codec, element.size), scalar: NO_SCALAR, element }
}

export interface ListForm extends Form {
  readonly element: Form
}

export function isListForm(form: Form): form is ListForm {
  return 'element' in form
}
