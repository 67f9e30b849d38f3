import { DAY_MS, errorText } from '@zhuzhan/core'
import { closeOrder } from '@zhuzhan/cost-control'
import type { MandateState } from '@zhuzhan/contracts'
import { areaCode } from '@zhuzhan/dispatch'
import type { ServiceDispatch } from '@zhuzhan/dispatch'
import type { CostProposals, MandateRecord, MandateStore } from '@zhuzhan/persistence'
import type { Logger } from 'pino'

export interface MandateClosings {
  /** Orders what mandates cover and their rates allow; what is over them waits, and people may take it up. @returns commands ordered */
  run(now: number, signal?: AbortSignal): Promise<number>
}

/** Proposals of one area looked at in one pass. */
const PAGE = 500
const WARN_AHEAD_MS = 14 * DAY_MS

/**
 * Gives supply back after payment without two people, where a standing mandate of theirs says so (OSP-1 §7.6). A proposal has one command
 * under its own id, so a pass that was cut off is run again; the crypto machine counts and judges in any case.
 */
export function createMandateClosings({ dispatch, proposals, mandates, log, page = PAGE }: {
  dispatch: Pick<ServiceDispatch, 'mandates' | 'allowClose'>, proposals: CostProposals, mandates: MandateStore, log: Logger, page?: number,
}): MandateClosings {
  /** By area: what a mandate that both the station and the machine hold good has room for. */
  const room = async (ours: readonly MandateRecord[], now: number): Promise<Map<string, { mandate: string; left: number }[]>> => {
    const found = new Map<string, { mandate: string; left: number }[]>()
    const known = new Map((await dispatch.mandates()).map((one): [string, MandateState] => [one.mandate, one]))
    for (const { mandate, area } of ours) {
      const told = known.get(mandate)
      if (!told || told.revoked || told.notAfter * 1_000 <= now) continue
      const left = Math.min(told.perHour - told.usedLastHour, told.perDay - told.usedLastDay) - await proposals.waitingUnder(mandate)
      if (left > 0) found.set(area, [...(found.get(area) ?? []), { mandate, left }])
    }
    return found
  }
  return {
    run: async (now, signal) => {
      await mandates.warn(new Date(now), new Date(now + WARN_AHEAD_MS))
      const ours = await mandates.inForce(new Date(now))
      const waiting = await proposals.forMandate(new Date(now), [...new Set(ours.map(({ areaName }) => areaName))], page)
      if (waiting.length === 0) return 0
      const areas = await room(ours, now)
      let ordered = 0
      for (const { id, meter, account, area, directClose } of waiting) {
        signal?.throwIfAborted()
        const under = areas.get(areaCode(area))?.find(({ left }) => left > 0)
        if (!under || closeOrder({ directClose }, true).by !== 'mandate') continue
        try {
          const command = await dispatch.allowClose({ id, meter, mandate: under.mandate, reason: `account ${account} has paid` }, (signed, detail) => proposals.orderAlone(id, under.mandate, signed, detail))
          if (command === undefined) continue
          under.left -= 1
          ordered += 1
        } catch (error) {
          // Two people can still do it; the next customer must not wait for this one.
          log.warn({ account, meter, err: errorText(error) }, 'supply is not given back under the mandate: two people have to')
        }
      }
      return ordered
    },
  }
}
