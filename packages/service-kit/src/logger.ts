import pino from 'pino'
import type { DestinationStream, Logger } from 'pino'
import { withoutSecrets, withoutUrlPasswords } from './redact.js'

export type { Logger } from 'pino'

export interface LoggerOptions {
  service: string
  level: string
  /** Default: standard output, written synchronously, so that the last words of a crash are not lost. */
  destination?: DestinationStream
}

/** JSON lines on standard output. Values under secret-like names and passwords in addresses never get there. */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (object: Record<string, unknown>) => withoutSecrets(object),
    },
    // Errors are already plain objects here; pino's own serializer would take them for errors again.
    serializers: { err: (value: unknown) => value },
    hooks: { streamWrite: withoutUrlPasswords },
  }
  return pino(options, destination ?? pino.destination({ dest: 1, sync: true }))
}
