import { HesError, errorText } from '@zhuzhan/core'
import type { ControllableLoad, SetPoint } from '@zhuzhan/contracts'
import { openChargingSendings, settleChargingSending } from '@zhuzhan/persistence'
import type { OpenSending } from '@zhuzhan/persistence'
import type pg from 'pg'
import type { Logger } from 'pino'

/** Makes the station's command of a set-point, on the way every command goes, at most once for an id. */
export interface SetPointDispatch {
  /** @throws HesError UNAVAILABLE when it should be tried again; any other when there will be no such command */
  setPower(order: { id: string; meter: string; load: ControllableLoad; setPoint: SetPoint; reason: string; expiresInSeconds: number }): Promise<unknown>
}

const SHORTEST_SECONDS = 10
const LONGEST_SECONDS = 900
/** Orders at once: each is a ticket of the crypto machine. */
const AT_ONCE = 4

/**
 * Carries out what the steps of a night decided. Every sending has the id of its command from the start, so whatever dies on the way, doing
 * it again finds the command or makes it: the station never has two for one sending.
 */
export function createSendings({ pool, dispatch, log }: { pool: pg.Pool; dispatch: SetPointDispatch; log: Logger }) {
  const one = async (night: number, sending: OpenSending, now: number): Promise<boolean> => {
    const { setPoint: id, command, meter, load, sequence, watts, from, to, reason } = sending
    const settle = (outcome: { ordered: true } | { whyNot: string }): Promise<void> => settleChargingSending(pool, night, sending, outcome, new Date(now))
    if (to.getTime() <= now) { await settle({ whyNot: 'its time was over before it could be sent' }); return false }
    if (meter === null) { await settle({ whyNot: 'the night knows no such load' }); return false }
    try {
      const expiresInSeconds = Math.min(LONGEST_SECONDS, Math.max(SHORTEST_SECONDS, Math.ceil((to.getTime() - now) / 1_000)))
      await dispatch.setPower({ id: command, meter, load, setPoint: { id, sequence, watts, from: from.getTime(), to: to.getTime() }, reason, expiresInSeconds })
      await settle({ ordered: true })
      return true
    } catch (error) {
      if (!(error instanceof HesError) || error.code === 'UNAVAILABLE') {
        log.warn({ night, setPoint: id, reason: errorText(error) }, 'charging: a set-point could not be ordered yet')
        return false
      }
      await settle({ whyNot: error.message })
      return false
    }
  }
  return {
    /** @returns how many commands were made */
    carryOut: async (night: number, now: () => number, signal: AbortSignal): Promise<number> => {
      const open = await openChargingSendings(pool, night)
      let made = 0
      for (let at = 0; at < open.length; at += AT_ONCE) {
        signal.throwIfAborted()
        const outcomes = await Promise.all(open.slice(at, at + AT_ONCE).map((sending) => one(night, sending, now())))
        made += outcomes.filter(Boolean).length
      }
      return made
    },
  }
}
export type Sendings = ReturnType<typeof createSendings>
