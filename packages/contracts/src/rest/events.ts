import { z } from 'zod'
import { EventKind } from '../events.js'
import { AddressInput, Cursor, InstantInput, commaList, pageLimit } from './common.js'

export const SEVERITIES = ['info', 'warning', 'alarm'] as const

export const EventAnswer = z.object({
  id: z.number().int(),
  at: z.string(),
  kind: z.string(),
  severity: z.enum(SEVERITIES),
  terminal: z.string().nullable(),
  meter: z.string().nullable(),
  code: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
}).meta({ id: 'Event' })
export type EventAnswer = z.infer<typeof EventAnswer>

const filters = {
  kind: commaList(EventKind).optional(),
  severity: commaList(z.enum(SEVERITIES)).optional(),
  terminal: AddressInput.optional(),
  meter: AddressInput.optional(),
}
const EventId = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

/** The live feed: a WebSocket of JSON texts, one event each. */
export const FeedQuery = z.strictObject({
  ...filters,
  after: EventId.optional().describe('Resume: first everything after this id, then live'),
  token: z.string().max(4_096).optional().describe('For browsers, which cannot set a header'),
})

export const EventHistoryQuery = z.strictObject({
  ...filters,
  from: InstantInput.optional(),
  to: InstantInput.optional(),
  limit: pageLimit(100, 1_000),
  cursor: Cursor.optional(),
})

/** Close codes of the feed. */
export const FEED_CLOSE = {
  /** Token expired, user disabled or out of rights. */
  notAuthenticated: 4401,
  /** The client did not read fast enough; connect again with `after`. */
  tooSlow: 4429,
} as const
