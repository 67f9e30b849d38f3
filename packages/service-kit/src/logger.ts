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
  return pino(options, destination ?? standardOutput())
}

/** Lines that the disk does not take now wait here for the next; above this the newest are dropped. */
const MOST_WAITING_BYTES = 1 << 20

function standardOutput(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: true, maxLength: MOST_WAITING_BYTES })
  // A full disk must not make a warning throw where it is given: it would end the work it speaks of (docs/chaos.md, disk-full).
  output.on('error', () => undefined)
  return output
}
