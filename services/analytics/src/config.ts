import { z } from 'zod'
import { APPLIANCE_OBJECT, PILE_OBJECT } from '@zhuzhan/dlt698'
import { WebhookMaster, WebhookOrigins } from '@zhuzhan/contracts'
import { commonConfig, opsPort } from '@zhuzhan/service-kit'

const optional = z.string().transform((text) => text || undefined).optional()

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
  ZHUZHAN_STORE_CONCURRENCY: z.coerce.number().int().min(1).max(32).default(2).describe('writes of readings at once by this process, each of up to eight waiting batches; each needs a database connection'),
  ZHUZHAN_REGISTER_FULL_SCALE: z.coerce.number().positive().default(1_000_000).describe('kWh at which registers start again from zero; depends on the meters'),
  ZHUZHAN_FIGURES_SETTLE_SECONDS: z.coerce.number().int().min(0).max(86_400).default(300).describe('energy, completeness and checks of a day follow its readings so many seconds later, once for all that came meanwhile; what people change follows within a minute'),
  ZHUZHAN_NIGHT_ZONE: z.string().refine(isTimeZone, 'must be an IANA time zone').default('Asia/Shanghai').describe('IANA time zone whose night the audits and the care of closed days run in'),
  ZHUZHAN_ANOMALY_CASE_SCORE: z.coerce.number().min(0).max(1).default(0.95).describe('score from which the nightly anomaly score opens a case for people; 1 = never; UNSURE, to be set by what inspections find'),
  ZHUZHAN_ANOMALY_MODEL_FILE: optional.describe('model of `zhuzhan analyse anomaly train` in place of the one that ships'),
  ZHUZHAN_TIDY_AFTER_DAYS: z.coerce.number().int().min(0).max(400).default(2).describe('readings of a day (UTC) this many days back are rewritten in the order of the meters, at night; 0 = never'),
  ZHUZHAN_KEEP_READINGS_DAYS: z.coerce.number().int().min(0).default(0).describe('days of readings that are kept, older ones are dropped at night for good; 0 = all; audits of a month read 62 days back'),
  ZHUZHAN_WEBHOOK_SECRET: WebhookMaster.describe('secrets of webhook endpoints are derived from it, 32 characters or more, the same for analytics and operator-api; with another one every endpoint must be made anew; without it no notice is carried'),
  ZHUZHAN_WEBHOOK_ORIGINS: WebhookOrigins.describe('where notices may be carried to, as https://host or https://host:port, separated by commas; http:// too where it stands here; empty = nowhere'),
  ZHUZHAN_SERVICE_KEY_FILE: optional,
  ZHUZHAN_SERVICE_KEY_SECRET: optional.describe('opens the service key file; without file, secret and crypto machine the station sends nothing that two people have not signed'),
  ZHUZHAN_CRYPTO_URL: optional,
  ZHUZHAN_CRYPTO_SECRET: optional,
  ZHUZHAN_PILE_OBJECT: z.string().regex(/^[0-9A-F]{4}$/).default(PILE_OBJECT),
  ZHUZHAN_APPLIANCE_OBJECT: z.string().regex(/^[0-9A-F]{4}$/).default(APPLIANCE_OBJECT),
  ZHUZHAN_PROXY_SECONDS: z.coerce.number().int().min(1).max(600).default(30).describe('how long a terminal may try to reach a meter; stands in the ticket of a control command'),
})
export type Config = z.output<typeof configSchema>
