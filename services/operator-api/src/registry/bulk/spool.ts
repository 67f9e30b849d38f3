import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HesError } from '@zhuzhan/core'

/** An uploaded file, complete. */
export interface Spooled {
  path: string
  bytes: number
  sha256: string
  /** UTF-8 where it is valid UTF-8, else the encoding of Chinese spreadsheets. */
  charset: 'utf-8' | 'gb18030'
  remove(): Promise<void>
}

/**
 * Takes an upload to a temporary file before its first row is looked at. So an upload that breaks off changes nothing, memory
 * stays flat, and the report can be sent while rows are stored without waiting for a caller that is still sending.
 * @throws HesError BODY_INVALID when it is longer than `maxBytes`
 */
export async function spool(upload: Readable, maxBytes: number): Promise<Spooled> {
  const folder = await mkdtemp(join(tmpdir(), 'zhuzhan-import-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'upload.csv')
  const hash = createHash('sha256')
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  let charset: Spooled['charset'] = 'utf-8'
  let bytes = 0
  const look = (chunk?: Buffer): void => {
    if (charset !== 'utf-8') return
    try {
      utf8.decode(chunk, { stream: chunk !== undefined })
    } catch {
      charset = 'gb18030'
    }
  }
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) return done(new HesError('BODY_INVALID', `the file is longer than ${maxBytes} bytes`, { path: '' }))
      hash.update(chunk)
      look(chunk)
      done(null, chunk)
    },
  })
  try {
    await pipeline(upload, measure, createWriteStream(path, { mode: 0o600 }))
    look()
  } catch (error) {
    await remove()
    throw error
  }
  return { path, bytes, sha256: hash.digest('hex'), charset, remove }
}
