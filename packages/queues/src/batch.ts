import { Packr } from 'msgpackr'
import type { ReadingColumns } from '@zhuzhan/contracts'

// Plain msgpack without msgpackr's record extension, so that any program can read a batch.
const packr = new Packr({ useRecords: false, variableMapSize: true })

/** Columns of readings as base64 of msgpack: the form in which a batch rides in a `reading.store` job. */
export function encodeBatch(columns: ReadingColumns): string {
  // The values as one string, see ReadingColumns.
  return packr.pack({ ...columns, values: columns.values.join(' ') }).toString('base64')
}

/**
 * What a batch holds, not yet checked: parse it with `ReadingColumns`.
 * @throws RangeError when the text is no base64 or its bytes are no msgpack
 */
export function decodeBatch(text: string): unknown {
  const bytes = Buffer.from(text, 'base64')
  // Buffer skips what is no base64 without a word; a damaged batch must not become a shorter one.
  if (bytes.toString('base64') !== text) throw new RangeError('the batch is not base64')
  try {
    return packr.unpack(bytes) as unknown
  } catch (error) {
    throw new RangeError('the batch is not msgpack', { cause: error })
  }
}
