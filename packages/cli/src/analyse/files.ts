import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { HesError, errorText } from '@zhuzhan/core'

/** Far over any file of readings one person looks at; it keeps a small compressed file from filling the memory. */
const MOST_BYTES = 1_000_000_000

/** The text of a file, plain or gzip (told by its first bytes, whatever its name). @throws HesError NOT_FOUND, DATA_REFUSED */
export async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new HesError('NOT_FOUND', `${file} cannot be read: ${cause.code === 'ENOENT' ? 'there is no such file' : errorText(cause)}.`, {}, { cause })
  })
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8')
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_BYTES }).toString('utf8')
  } catch (cause) {
    throw new HesError('DATA_REFUSED', `${file} is no whole gzip file: ${errorText(cause)}.`, {}, { cause })
  }
}

/** @throws HesError BODY_INVALID */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new HesError('BODY_INVALID', `${file} is no JSON: ${errorText(cause)}.`, {}, { cause })
  }
}
