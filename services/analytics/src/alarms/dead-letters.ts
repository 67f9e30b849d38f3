import type pg from 'pg'
import { errorText } from '@zhuzhan/core'
import { insertEvents, storeDeadLetter } from '@zhuzhan/persistence'
import type { DeadLetter } from '@zhuzhan/persistence'
import { metric } from '@zhuzhan/telemetry'
import type { Logger } from 'pino'

export interface DeadLetters {
  /** Resolves when the letter is kept. The same letter again is kept once. */
  keep(letter: DeadLetter & { meter?: string; rows?: number }): Promise<void>
}

const letters = metric('analytics_dead_letters')

/** Keeps what cannot be stored, counts it, and tells people. */
export function createDeadLetters({ pool, log }: { pool: pg.Pool; log: Logger }): DeadLetters {
  return {
    keep: async ({ meter, rows, ...letter }) => {
      try {
        await storeDeadLetter(pool, letter)
      } catch (error) {
        if (!isDataFault(error)) throw error
        // jsonb refuses U+0000 and lone surrogates; kept as bytes all the same.
        await storeDeadLetter(pool, { ...letter, payload: { jsonBase64: Buffer.from(JSON.stringify(letter.payload)).toString('base64') } })
      }
      letters.add(1)
      log.error({ origin: letter.origin, code: letter.code, detail: letter.detail, meter, rows }, 'kept as a dead letter')
      const detail = { origin: letter.origin, reason: letter.detail, ...(rows === undefined ? {} : { rows }) }
      // Events inform; the letter itself is safe.
      await insertEvents(pool, [{ kind: 'reading.dead-letter', severity: 'alarm', code: letter.code, detail, ...(meter === undefined ? {} : { meter }) }])
        .catch((error: unknown) => log.warn({ reason: errorText(error) }, 'event not written'))
    },
  }
}

/** SQLSTATE classes 22 and 23: the data itself does not go in, however often it is tried. */
export function isDataFault(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? (error as { code: unknown }).code : undefined
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code)
}
