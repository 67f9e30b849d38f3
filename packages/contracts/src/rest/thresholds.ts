import { z } from 'zod'

/** Which thresholds there are is metering's matter; the routes check them against its schema. */
const Values = z.record(z.string(), z.number().nullable())

export const ThresholdsBody = z.strictObject({
  thresholds: Values.refine((values) => Object.keys(values).length > 0, 'at least one threshold; DELETE ends them').describe('Those that differ from the defaults, all of them: what is left out has its default again'),
  reason: z.string().trim().min(3).max(500).describe('Kept in the audit log'),
})
export const ThresholdsAnswer = z.object({ scope: z.string(), thresholds: Values, who: z.string(), at: z.string() }).meta({ id: 'Thresholds' })
export const ThresholdList = z.object({
  items: z.array(ThresholdsAnswer),
  classes: z.record(z.string(), Values).describe('What holds for a meter of each tariff class without thresholds of its own'),
  meanings: z.record(z.string(), z.string()),
  nextCursor: z.null(),
}).meta({ id: 'ThresholdList' })
