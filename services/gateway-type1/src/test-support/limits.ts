import { configSchema, limitsOf } from '../config.js'
import type { Limits } from '../config.js'

/** The limits of an unchanged configuration, but for these. */
export function limitsWith(changes: Partial<Limits> = {}): Limits {
  return { ...limitsOf(configSchema.parse({ DATABASE_URL: 'postgres://localhost/none', ZHUZHAN_LINK_SECRET: 'sixteen characters' })), ...changes }
}
