import { z } from 'zod'
import { AddressText } from './common.js'

/** A group by the 8 bytes of its id. */
export const GroupIdInput = z.string().regex(/^[0-9A-Fa-f]{16}$/, 'a group is 8 bytes hex').transform((text) => text.toUpperCase())

export const NewGroupClockBody = z.strictObject({
  shiftSeconds: z.number().int().min(-60).max(60)
    .describe('How far the clocks were found to be off: positive when they are slow. What is sent is the time of the station, whatever stands here; it is counted towards the 300 s that meters move in all'),
  reason: z.string().trim().min(1).max(1_000).optional(),
})
export type NewGroupClockBody = z.output<typeof NewGroupClockBody>

export const GroupAnswer = z.object({
  group: z.string(),
  members: z.number().int(),
  agseq: z.number().int().describe('The last counter that may have been sent'),
  known: z.boolean().describe('false after a restore of the crypto machine, until the counters of a member were read'),
  lastAt: z.string().nullable(),
  lastShiftSeconds: z.number().int().nullable(),
  nextFrom: z.string().nullable().describe('null: now'),
  shiftedSeconds: z.number().int().describe('Of the 300 s; begins anew when the clock of every member was set in a session'),
}).meta({ id: 'Group' })
export type GroupAnswer = z.infer<typeof GroupAnswer>

export const GroupClockAnswer = z.object({
  id: z.string(),
  at: z.string(),
  group: z.string(),
  agseq: z.number().int(),
  shiftSeconds: z.number().int(),
  requestedBy: z.string(),
  reason: z.string().nullable(),
  devices: z.number().int().describe('Members it was sealed for'),
  sent: z.number().int().describe('Connected terminals it was handed to; a broadcast is not answered'),
}).meta({ id: 'GroupClock' })
export type GroupClockAnswer = z.infer<typeof GroupClockAnswer>

export const GroupList = z.object({ items: z.array(GroupAnswer) })
export const GroupDetail = z.object({ ...GroupAnswer.shape, devices: z.array(AddressText), clocks: z.array(GroupClockAnswer).describe('Youngest first') }).meta({ id: 'GroupDetail' })
