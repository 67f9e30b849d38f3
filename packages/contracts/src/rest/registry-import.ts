import { z } from 'zod'
import { FlagInput } from './common.js'

export const IMPORT_MAX_BYTES = 50 * 1024 * 1024

export const ImportQuery = z.strictObject({ dryRun: FlagInput.default(false).describe('Check only, store nothing') })

/** What became of one row. `row` counts from 1 without the header. */
export const ImportRow = z.object({
  row: z.number().int(),
  address: z.string().nullable(),
  result: z.enum(['created', 'exists', 'refused']),
  code: z.string().optional(),
  message: z.string().optional(),
})
export type ImportRow = z.infer<typeof ImportRow>

export const ImportReport = z.object({
  dryRun: z.boolean(),
  items: z.array(ImportRow),
  rows: z.number().int(),
  created: z.number().int(),
  exists: z.number().int(),
  refused: z.number().int(),
  error: z.object({ code: z.string(), message: z.string() }).optional().describe('The import ended here; rows reported before stay'),
}).meta({ id: 'ImportReport' })
export type ImportReport = z.infer<typeof ImportReport>
