import { HesError, errorText } from '@zhuzhan/core'
import type { CostDecisions } from '@zhuzhan/persistence'
import type { Logger } from 'pino'
import type { Charges } from './charges.js'
import type { MandateClosings } from './mandate-closings.js'
import type { ReadBacks } from './read-backs.js'

const PAGE = 200

export interface CostRun {
  run(now: number, signal?: AbortSignal): Promise<{ booked: number; looked: number; faults: number; closings: number }>
}

/** One pass of cost control: charges from the daily registers, what meters said after commands, every account that may change, then supply that a mandate gives back. */
export function createCostRun({ charges, readBacks, decisions, closings, log }: { charges: Charges; readBacks: ReadBacks; decisions: CostDecisions; closings: MandateClosings; log: Logger }): CostRun {
  return {
    run: async (now, signal) => {
      const booked = await charges.run(now, signal)
      const faults = await readBacks.run(now)
      let looked = 0
      for (let after: string | undefined; ;) {
        const page = await decisions.due(PAGE, after)
        for (const account of page) {
          try {
            await decisions.look(account, now)
          } catch (error) {
            // One account that cannot be judged must not keep the others from their supply.
            if (!(error instanceof HesError)) throw error
            log.error({ account, err: errorText(error) }, 'cost control cannot judge an account')
          }
          looked += 1
          signal?.throwIfAborted()
        }
        if (page.length < PAGE) return { booked, looked, faults, closings: await closings.run(now, signal) }
        after = page.at(-1)
      }
    },
  }
}
