import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

const CHUNK_BYTES = 1 << 20

/** Writes rows by COPY, as text; values as the columns take them, JSON for objects, null for nothing. */
export async function copyInto(client: pg.PoolClient, table: string, columns: readonly string[], rows: Iterable<readonly unknown[]>): Promise<void> {
  const stream = client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN`))
  let text = ''
  const flush = async (): Promise<void> => {
    const full = !stream.write(text)
    text = ''
    if (full) await once(stream, 'drain')
  }
  for (const row of rows) {
    text += `${row.map(field).join('\t')}\n`
    if (text.length > CHUNK_BYTES) await flush()
  }
  await flush()
  stream.end()
  await finished(stream)
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '\\N'
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'object') return JSON.stringify(value).replaceAll('\\', '\\\\')
  return String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n')
}
