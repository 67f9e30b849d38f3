import type { Words } from '@zhuzhan/codec'
import type { Catalogue } from './afn-table.js'
import { localCatalogue } from './local/afn/index.js'
import { upwardCatalogue } from './upward/afn/index.js'

/** The functions of both standards, as data. */
export const CATALOGUES: Readonly<Record<'1376.1' | '1376.2', Catalogue>> = { '1376.1': upwardCatalogue, '1376.2': localCatalogue }

/** Name of a function, `describeFn('1376.1', 0x0c, 25)`; undefined when the reference does not name it. */
export function describeFn(standard: keyof typeof CATALOGUES, afn: number, fn: number): Words | undefined {
  return CATALOGUES[standard].describeFn(afn, fn)
}

/** Name of an application function, `describeAfn('1376.2', 0x13)`. */
export function describeAfn(standard: keyof typeof CATALOGUES, afn: number): Words | undefined {
  return CATALOGUES[standard].describeAfn(afn)
}
