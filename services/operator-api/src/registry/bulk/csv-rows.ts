import { createReadStream } from 'node:fs'
import { Transform } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { HesError } from '@zhuzhan/core'
import { csvText } from '../../http/csv.js'
import type { Spooled } from './spool.js'

const MAX_RECORD = 20_000

/**
 * The records of a CSV file as lists of cells, blank lines left out.
 * @throws HesError BODY_INVALID where the file stops being CSV (a quote that never closes)
 */
export async function* csvRecords(file: Pick<Spooled, 'path' | 'charset'>): AsyncGenerator<string[]> {
  const source = createReadStream(file.path)
  const parser = parse({ bom: true, relax_column_count: true, skip_empty_lines: true, skip_records_with_empty_values: true, trim: true, max_record_size: MAX_RECORD })
  const text = file.charset === 'utf-8' ? source : source.pipe(toUtf8(file.charset))
  source.on('error', (error) => parser.destroy(error))
  text.pipe(parser)
  try {
    for await (const record of parser as AsyncIterable<string[]>) yield record.map(csvText)
  } catch (error) {
    if (error instanceof CsvError) throw new HesError('BODY_INVALID', `line ${String(error['lines'])}: ${error.message}`, { path: '' }, { cause: error })
    throw error
  } finally {
    source.destroy()
  }
}

function toUtf8(charset: string): Transform {
  const decoder = new TextDecoder(charset)
  return new Transform({
    transform(chunk: Buffer, _encoding, done) { done(null, decoder.decode(chunk, { stream: true })) },
    flush(done) { done(null, decoder.decode()) },
  })
}
