import { errorText } from '@zhuzhan/core'
import type { ImportReport, ImportRow } from '@zhuzhan/contracts'
import { translateError } from '../../http/translate-error.js'

/**
 * The report of an import as JSON text, written while rows are stored. The status line has left by then, so a failure on the
 * way ends the report with `error` instead of a status; rows reported before it stay.
 */
export async function* reportText(dryRun: boolean, chunks: AsyncIterable<ImportRow[]>, ended: (totals: Omit<ImportReport, 'items'>, failure?: unknown) => void): AsyncGenerator<string> {
  const totals: Omit<ImportReport, 'items'> = { dryRun, rows: 0, created: 0, exists: 0, refused: 0 }
  let failure: unknown
  yield '{"items":['
  try {
    for await (const chunk of chunks) {
      if (chunk.length === 0) continue
      const text = chunk.map((row) => JSON.stringify(row)).join(',')
      yield totals.rows === 0 ? text : `,${text}`
      totals.rows += chunk.length
      for (const { result } of chunk) totals[result] += 1
    }
  } catch (error) {
    failure = error
    const { code, message } = translateError(error)
    totals.error = { code, message: code === 'BODY_INVALID' ? errorText(error) : message }
  }
  ended(totals, failure)
  yield `],${JSON.stringify(totals).slice(1)}`
}
