import type { Codec } from '@zhuzhan/codec'
import type { Form } from '../forms/index.js'
import type { IdentifierRow } from './row.js'

/** What an identifier stands for. */
export interface DataIdentifier {
  /** Eight hex digits, DI3 first. */
  readonly di: string
  readonly name: string
  readonly nameZh: string
  readonly unit: string
  /** How its value stands in the data; absent when that is not known. A block has that of its elements. */
  readonly form?: Form
  readonly access: IdentifierRow['access']
  readonly mark: IdentifierRow['mark']
  readonly clause: string
  /** FF stands for all values of a position: the value is a list, element i that of `element(i)`. */
  readonly block?: { element(index: number): DataIdentifier | undefined }
  /** Names of the elements, where one identifier has a list for its value. */
  readonly elements?: (index: number) => { en: string; zh: string } | undefined
}

/** An identifier with how its value is read and written; neither name nor codec when it is not in the tables. */
export interface Item {
  readonly di: string
  readonly known: DataIdentifier | undefined
  readonly codec: Codec<unknown> | undefined
  /** Fewer bytes than that are no value. */
  readonly least: number
}
