import { HesError } from '@zhuzhan/core'
import { z } from 'zod'

type Environment = Readonly<Record<string, string | undefined>>

/** '1' is on; '0', empty and absent are off. */
export const flag = z.enum(['0', '1', '']).default('0').transform((text) => text === '1')
/** A TCP port; 0 lets the system choose. */
export const port = z.coerce.number().int().min(0).max(65_535)
/** An absent or empty variable is the same. */
const optionalText = z.string().transform((text) => text || undefined).optional()

/** `SM1`, `SM7` or both, separated by a comma. */
const hardwareCiphers = z.string().default('').pipe(z.string().regex(/^(SM[17](,SM[17])*)?$/)).transform((text) => [...new Set(text.split(',').filter((part) => part !== ''))] as ('SM1' | 'SM7')[])

/** Variables every service knows; spread them into the service's own `z.object({ ...commonConfig, … })`. */
export const commonConfig = {
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//).describe('PostgreSQL, postgresql://user:password@host:port/database'),
  REDIS_URL: optionalText.describe('Redis for the queues, redis://host:port; without it the queues live in PostgreSQL'),
  ZHUZHAN_PRODUCTION: flag.describe('1 = production: refuses the laboratory profile `plain` and laboratory key issue'),
  ZHUZHAN_HARDWARE_CIPHERS: hardwareCiphers.describe('unpublished algorithms the GM/T 0018 device offers: SM1, SM7 or SM1,SM7; where the policy asks for one that is not here, the station refuses'),
  ZHUZHAN_LAB_SUBSTITUTION: hardwareCiphers.describe('laboratories only: the same list for algorithms that SM4 replaces; sessions are marked substituted; refused with ZHUZHAN_PRODUCTION=1'),
  ZHUZHAN_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info').describe('lowest level that is logged'),
  ZHUZHAN_CLOCK_OFFSET_FILE: optionalText.describe('kill tests only: a file with milliseconds by which the clock of every service is wrong; refused with ZHUZHAN_PRODUCTION=1'),
  ZHUZHAN_OPS_HOST: z.string().default('127.0.0.1').describe('address of /health, /ready and /metrics'),
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalText.describe('OTLP/HTTP collector for traces, http://host:4318; without it none are recorded'),
  ZHUZHAN_TRACE_RATIO: z.coerce.number().min(0).max(1).default(0.01).describe('part of new traces that is recorded, 0 to 1'),
}

/** The `ZHUZHAN_OPS_PORT` variable with the service's own default. */
export function opsPort(defaultPort: number) {
  return port.default(defaultPort).describe('port of /health, /ready and /metrics')
}

/**
 * Reads a service's configuration from its environment.
 * @throws HesError CONFIG_INVALID whose message names every wrong variable at once, and never a value (it may be a secret).
 */
export function loadConfig<S extends z.ZodType>(schema: S, env: Environment = process.env): z.output<S> {
  const result = schema.safeParse(env)
  if (result.success) return notInProduction(result.data)
  const wrong = result.error.issues.map((issue) => {
    const name = issue.path.join('.') || 'configuration'
    const reason = env[name] === undefined ? 'is missing' : describe(issue)
    return `${name} ${reason}`
  })
  throw new HesError('CONFIG_INVALID', `Configuration: ${wrong.join('; ')}.`)
}

/** What is a contradiction in every service. */
function notInProduction<T>(data: T): T {
  const { ZHUZHAN_PRODUCTION: production, ZHUZHAN_LAB_SUBSTITUTION: laboratory, ZHUZHAN_CLOCK_OFFSET_FILE: clockFile } = data as {
    ZHUZHAN_PRODUCTION?: boolean
    ZHUZHAN_LAB_SUBSTITUTION?: readonly string[]
    ZHUZHAN_CLOCK_OFFSET_FILE?: string | undefined
  }
  if (production && laboratory !== undefined && laboratory.length > 0) {
    throw new HesError('CONFIG_INVALID', 'Configuration: ZHUZHAN_LAB_SUBSTITUTION is for laboratories and refused with ZHUZHAN_PRODUCTION=1.')
  }
  if (production && clockFile !== undefined) {
    throw new HesError('CONFIG_INVALID', 'Configuration: ZHUZHAN_CLOCK_OFFSET_FILE is for kill tests and refused with ZHUZHAN_PRODUCTION=1.')
  }
  return data
}

function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type': return `must be a ${issue.expected}`
    case 'invalid_value': return `must be one of ${issue.values.filter((value) => value !== '').join(', ')}`
    case 'too_small': return `must be at least ${issue.minimum}${issue.origin === 'string' ? ' characters long' : ''}`
    case 'too_big': return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`
    case 'invalid_format': return 'has the wrong form'
    default: return issue.message
  }
}
