import type { SetPointCommand, Tracked } from './command.js'

/**
 * The most a pile may be set to at a time, as far as the station can know: what it acknowledged, anything newer that was sent (it may have
 * arrived, or may yet), and its safe limit, to which a restart brings it. A command that was given up counts until its time is over.
 */
export function mayBeSetTo(commands: readonly Tracked[], at: number, safeKw: number): number {
  const valid = commands.filter((one) => mayArrive(one) && one.command.from <= at && at < one.command.to)
  const held = Math.max(-1, ...valid.filter(({ acknowledgedAt }) => acknowledgedAt !== undefined).map(({ command }) => command.sequence))
  return Math.max(safeKw, ...valid.filter(({ command }) => command.sequence >= held).map(({ command }) => command.kw))
}

/** Sent once, it may; not yet sent, it will. */
function mayArrive({ tries, state, refused }: Tracked): boolean {
  return refused !== true && (tries > 0 || state === 'planned' || state === 'approved' || state === 'queued')
}

export interface Over {
  at: number
  kw: number
  roomKw: number
}

/** First time at which new commands, together with all that may still arrive, could bring the piles over the room. */
export function firstOver(
  drafts: readonly Pick<SetPointCommand, 'pile' | 'kw' | 'from' | 'to'>[],
  tracked: ReadonlyMap<string, readonly Tracked[]>,
  { safeKw, roomKw }: { safeKw: ReadonlyMap<string, number>; roomKw: (at: number) => number },
): Over | undefined {
  const from = Math.min(...drafts.map((one) => one.from))
  const to = Math.max(...drafts.map((one) => one.to))
  const outstanding = [...tracked.values()].flat().map(({ command }) => command)
  const times = new Set([...drafts, ...outstanding].flatMap((one) => [one.from, one.to]).filter((at) => at >= from && at < to))
  for (const at of [...times].sort((a, b) => a - b)) {
    let sum = 0
    for (const [pile, safe] of safeKw) {
      const added = drafts.filter((one) => one.pile === pile && one.from <= at && at < one.to).map(({ kw }) => kw)
      sum += Math.max(mayBeSetTo(tracked.get(pile) ?? [], at, safe), ...added)
    }
    if (sum > roomKw(at) + 1e-6) return { at, kw: sum, roomKw: roomKw(at) }
  }
  return undefined
}
