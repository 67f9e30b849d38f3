import { z } from 'zod'
import { Cursor, InstantInput, pageLimit } from './common.js'

export const AuditQuery = z.strictObject({
  from: InstantInput.optional(),
  to: InstantInput.optional(),
  actor: z.string().max(128).optional(),
  action: z.string().max(128).optional().describe('Exact, or a beginning that ends in a dot: `command.`'),
  object: z.string().max(256).optional(),
  outcome: z.string().max(64).optional(),
  limit: pageLimit(100, 1_000),
  cursor: Cursor.optional(),
})

export const AuditAnswer = z.object({
  id: z.number().int(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  object: z.string(),
  outcome: z.string(),
  reason: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
  hash: z.string().describe('SM3 over the former hash and this entry, hex'),
}).meta({ id: 'AuditEntry' })
