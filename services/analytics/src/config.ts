import { z } from 'zod'
import { commonConfig, opsPort } from '@zhuzhan/service-kit'

const isTimeZone = (name: string): boolean => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}

export const configSchema = z.object({
  ...commonConfig,
  ZHUZHAN_OPS_PORT: opsPort(9604),
  ZHUZHAN_STORE_CONCURRENCY: z.coerce.number().int().min(1).max(32).default(4).describe('reading batches stored at once by this process; each needs a database connection'),
  ZHUZHAN_REGISTER_FULL_SCALE: z.coerce.number().positive().default(1_000_000).describe('kWh at which registers start again from zero; depends on the meters'),
  ZHUZHAN_FIGURES_SETTLE_SECONDS: z.coerce.number().int().min(0).max(86_400).default(300).describe('energy, completeness and checks of a day follow its readings so many seconds later, once for all that came meanwhile; what people change follows within a minute'),
  ZHUZHAN_NIGHT_ZONE: z.string().refine(isTimeZone, 'must be an IANA time zone').default('Asia/Shanghai').describe('IANA time zone whose night the audits and the care of closed days run in'),
  ZHUZHAN_TIDY_AFTER_DAYS: z.coerce.number().int().min(0).max(400).default(2).describe('readings of a day (UTC) this many days back are rewritten in the order of the meters, at night; 0 = never'),
  ZHUZHAN_KEEP_READINGS_DAYS: z.coerce.number().int().min(0).default(0).describe('days of readings that are kept, older ones are dropped at night for good; 0 = all; audits of a month read 62 days back'),
})
export type Config = z.output<typeof configSchema>
