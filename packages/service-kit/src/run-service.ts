import { HesError, errorText } from '@zhuzhan/core'
import { stopTelemetry } from '@zhuzhan/telemetry'
import type { Logger } from 'pino'
import { followClockFile } from './laboratory-clock.js'
import { setLifecycleState } from './lifecycle.js'
import type { Part } from './lifecycle.js'
import { withoutUrlPasswords } from './redact.js'

/** A stop that takes longer than this is ended by force; the supervisor's own patience must be longer. */
const HARD_STOP_MS = 15_000

export interface ServiceOptions {
  log: Logger
  /** In the order they need each other; intake comes last, so that it is the first to stop. */
  parts: readonly Part[]
  /** For tests. */
  host?: ProcessHost
  hardStopMs?: number
}

/** What runService needs of `process`. */
export type ProcessHost = Pick<NodeJS.Process, 'on' | 'exit' | 'env' | 'connected'> & { send?: ((message: object) => unknown) | undefined }

/**
 * Runs a service from start to end and then leaves the process: code 0 after an ordered stop, 1 after a failure.
 *
 * Stops on SIGTERM, on SIGINT unless supervised (then Ctrl-C is the supervisor's business), and when the supervisor's
 * channel closes, for then it died. An error nobody handled ends the service: the supervisor starts a clean one.
 */
export async function runService({ log, parts, host = process, hardStopMs = HARD_STOP_MS }: ServiceOptions): Promise<void> {
  const supervised = host.send !== undefined || host.env['ZHUZHAN_SUPERVISED'] === '1'
  const clockFile = host.env['ZHUZHAN_CLOCK_OFFSET_FILE']
  if (clockFile && host.env['ZHUZHAN_PRODUCTION'] !== '1') followClockFile(clockFile)
  const started: Part[] = []
  let stopping: Promise<void> | undefined

  const stop = (reason: string, code: number): Promise<void> => (stopping ??= stopAll(reason, code))
  const stopAll = async (reason: string, code: number): Promise<void> => {
    setLifecycleState('stopping')
    log.info({ reason }, 'stopping')
    const hardStop = setTimeout(() => {
      log.fatal({ reason }, 'stop took too long; ended by force')
      host.exit(1)
    }, hardStopMs)
    for (const part of started.reverse()) {
      await part.stop().catch((error: unknown) => { log.error({ err: error, part: part.name }, 'part did not stop cleanly') })
    }
    await stopTelemetry()
    clearTimeout(hardStop)
    log.info({ reason }, 'stopped')
    host.exit(code)
  }
  const crash = (kind: string) => (error: unknown): void => {
    log.fatal({ err: error, kind }, 'unexpected failure')
    void stop(kind, 1)
  }

  host.on('uncaughtException', crash('uncaughtException'))
  host.on('unhandledRejection', crash('unhandledRejection'))
  host.on('SIGTERM', () => void stop('SIGTERM', 0))
  host.on('SIGINT', () => { if (!supervised) void stop('SIGINT', 0) })
  host.on('disconnect', () => void stop('supervisor is gone', 0))

  for (const part of parts) {
    if (stopping) return stopping
    started.push(part)
    try {
      await part.start()
    } catch (error) {
      log.fatal({ err: error, part: part.name }, 'part did not start')
      return stop(`${part.name} did not start`, 1)
    }
  }
  // The channel may have closed before anybody listened.
  if (supervised && !host.connected) return stop('supervisor is gone', 0)
  if (stopping) return stopping
  setLifecycleState('ready')
  log.info('ready')
  host.send?.({ ready: true })
}

/**
 * Last words of a `main.ts` whose configuration or wiring fails before `runService`: one line instead of a stack.
 * Use as `await main().catch(refuseToStart)`.
 */
export function refuseToStart(error: unknown): never {
  const text = error instanceof HesError || !(error instanceof Error) ? errorText(error) : (error.stack ?? error.message)
  process.stderr.write(`${withoutUrlPasswords(text)}\n`)
  process.exit(1)
}
