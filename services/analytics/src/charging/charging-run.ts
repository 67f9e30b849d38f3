import type { LoadObjects } from '@zhuzhan/contracts'
import type { Clock } from '@zhuzhan/core'
import type { SolveProgram } from '@zhuzhan/energy-models'
import { chargingStepInput, dueChargingNights, lastChargingSequence, listChargingReadings, storeChargingStep } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'
import type { Logger } from 'pino'
import { baseLoad } from './night-settings.js'
import { createSendings } from './sendings.js'
import type { SetPointDispatch } from './sendings.js'
import { computeStep } from './step.js'

export interface ChargingRun {
  /** One step of a night; the next one is queued. False when the night is over or another step was faster. */
  step(night: number, signal: AbortSignal): Promise<boolean>
  /** Queues a step of every night whose turn is past and that nobody steps. @returns how many */
  wake(): Promise<number>
}

export interface ChargingRunDeps {
  pool: pg.Pool
  queues: Pick<Queues, 'add'>
  dispatch: SetPointDispatch
  solve: SolveProgram
  /** OI of the object each kind of load is reached by. */
  loadObjects: LoadObjects
  clock: Clock
  log: Logger
}

/** A timer may be that early. */
const EARLY_MS = 100
/** A step that is later than this has been lost. */
const LATE_MS = 3_000

/** The closed loop of orderly charging and of events that hold appliances, night by night. All that it knows is in the database; a process that dies is missed for seconds. */
export function createChargingRun({ pool, queues, dispatch, solve, loadObjects, clock, log }: ChargingRunDeps): ChargingRun {
  const sendings = createSendings({ pool, dispatch, log })
  const queue = (night: number, at: number): Promise<string> =>
    queues.add('charging.step', { night }, { jobId: `charging-${night}-${at}`, delay: Math.max(0, at - clock.now()) })
  return {
    step: async (night, signal) => {
      const input = await chargingStepInput(pool, night)
      if (!input) return false
      const now = clock.now()
      const isDue = input.night.nextStepAt.getTime() <= now + EARLY_MS || input.instructions.length > 0
      // Of two chains of steps one ends here.
      if (!isDue) {
        await sendings.carryOut(night, () => clock.now(), signal)
        return false
      }
      const step = await computeStep(input, now, {
        solve, loadObjects, baseLoad: (one) => baseLoad(pool, one), lastSequence: () => lastChargingSequence(pool), readings: (id) => listChargingReadings(pool, id),
      })
      signal.throwIfAborted()
      const stored = await storeChargingStep(pool, night, input.night.revision, step, new Date(now))
      if (stored && step.ended === undefined) await queue(night, step.nextStepAt.getTime())
      // Were these lost, the front ends find the rows by themselves.
      if (stored) await Promise.all(step.reads.map(({ command }) => queues.add('command.deliver', { commandId: command }).catch(() => undefined)))
      // Also what an earlier step left behind.
      await sendings.carryOut(night, () => clock.now(), signal)
      return stored
    },
    wake: async () => {
      const due = await dueChargingNights(pool, new Date(clock.now() - LATE_MS))
      for (const night of due) await queue(night, clock.now())
      return due.length
    },
  }
}
