import { z } from 'zod'
import { QUALITIES, SOURCES } from '../readings.js'
import { AddressText, Cursor, InstantInput, OadInput, commaList, pageLimit } from './common.js'

export const READING_QUALITIES = [...QUALITIES, 'conflict'] as const

export const ReadingAnswer = z.object({
  meter: AddressText,
  item: z.string().describe('OAD of the single element, 8 hex digits'),
  name: z.string().describe('Name of the object catalogue'),
  time: z.string().describe('ISO 8601 with the terminal\'s offset'),
  value: z.string().describe('Exact decimal, already scaled'),
  unit: z.string(),
  quality: z.enum(READING_QUALITIES),
  source: z.enum(SOURCES),
  occurredAt: z.string().optional().describe('When a maximum demand occurred'),
  receivedAt: z.string(),
}).meta({ id: 'Reading' })
export type ReadingAnswer = z.infer<typeof ReadingAnswer>

export const ReadingQuery = z.strictObject({
  from: InstantInput.optional().describe('Included'),
  to: InstantInput.optional().describe('Excluded'),
  item: commaList(OadInput).optional().describe('One OAD or several, separated by commas'),
  quality: z.union([z.literal('all'), commaList(z.enum(READING_QUALITIES))]).optional()
    .describe('all: conflicts too; or a list of qualities; without it all but conflicts'),
  format: z.enum(['json', 'csv']).default('json').describe('csv: the whole range as one file'),
  limit: pageLimit(1_000, 10_000),
  cursor: Cursor.optional(),
})

export const LatestQuery = z.strictObject({ item: commaList(OadInput).optional() })
