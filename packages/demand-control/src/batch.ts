export interface PileChange {
  pile: string
  /** Set-point up to the start of the slot, and from it on. */
  before: number
  next: number
  safe: number
  /** Its vehicle cannot wait. */
  hurried?: boolean
}

export interface Draft {
  pile: string
  kw: number
  from: number
  to: number
}

export interface BatchWindow {
  start: number
  end: number
  stepMs: number
  /** Largest change of the sum in one step. */
  rampKw: number
  /** Free from the start of the slot on (-Infinity: nothing): as far as the earlier set-points still fit beside the new ones, falls follow the start. */
  roomKw?: number
}

/**
 * Commands that bring the area from one slot's set-points to the next slot's. A rise begins at the start of the slot. What falls by more than
 * a step may at the start begins before it where the room from the start on asks for it, else after it, so that as few as can be lose what
 * was planned until then; hurried vehicles neither wait nor fall early while others can. Piles that wait for their step keep their
 * earlier set-point by a command of their own. A single pile is a step however large it is.
 */
export function composeBatch(changes: readonly PileChange[], { start, end, stepMs, rampKw, roomKw = 0 }: BatchWindow): Draft[] {
  const risen = changes.reduce((sum, one) => sum + Math.max(0, one.next - one.before), 0)
  const fallen = changes.reduce((sum, one) => sum + Math.max(0, one.before - one.next), 0)
  // What may still stand beside all that is new; safe limits count, to which anyone may fall back.
  let spareKw = roomKw - changes.reduce((sum, { before, next, safe }) => sum + Math.max(next, safe, next < before ? 0 : before), 0)
  // What the other direction gives back in the same step does not count: the ramp is that of the area, not of its piles.
  const stepUp = stepper(rampKw, fallen)
  const stepAtStart = stepper(rampKw, risen)
  const [stepBefore, stepAfter] = [stepper(rampKw, 0), stepper(rampKw, 0)]
  const fall = ({ before, next, safe }: PileChange): number => {
    if (stepAtStart(before - next) === 0) return 0
    const beside = before - Math.max(next, safe)
    if (beside > spareKw + 1e-9) return -1 - stepBefore(before - next)
    spareKw -= Math.max(0, beside)
    return 1 + stepAfter(before - next)
  }
  // Those that charge already go first: they need no command to wait.
  const ordered = [...changes].sort((a, b) => Number(b.hurried ?? false) - Number(a.hurried ?? false) || b.before - a.before)
  return ordered.flatMap((change): Draft[] => {
    const { pile, before, next, safe } = change
    if (next === before) return next === safe ? [] : [{ pile, kw: next, from: start, to: end }]
    const from = start + (next < before ? fall(change) : stepUp(next - before)) * stepMs
    const wait = from > start && before !== safe ? [{ pile, kw: before, from: start, to: from }] : []
    return [...wait, { pile, kw: next, from, to: end }]
  })
}

/** In which step a change finds room; the first, at the start of the slot, has what the other direction gives back besides. */
export function stepper(rampKw: number, other: number): (kw: number) => number {
  let step = 0
  let left = rampKw + other
  let empty = true
  return (kw) => {
    if (kw > left + 1e-9 && !empty) {
      step++
      left = rampKw
    }
    left -= kw
    empty = false
    return step
  }
}

/** How long before the slot the first step of a fall can lie: as many steps as the whole area takes, each half full at least. */
export function longestRamp({ rampShare, stepMs }: { rampShare: number; stepMs: number }): number {
  return (2 * Math.ceil(1 / rampShare) + 1) * stepMs
}

/**
 * Set-points that fit even when every command is lost: what a pile falls back to is reserved, and the largest are cut until the rest fits.
 * @throws RangeError when the safe limits alone are over the room: no command can help there, the piles' own limits are wrong
 */
export function fitInto(setPoints: ReadonlyMap<string, number>, safeKw: ReadonlyMap<string, number>, roomKw: number): Map<string, number> {
  const fitted = new Map([...safeKw.keys()].map((pile) => [pile, setPoints.get(pile) ?? 0]))
  const reserved = (pile: string): number => Math.max(fitted.get(pile) ?? 0, safeKw.get(pile) ?? 0)
  let over = [...fitted.keys()].reduce((sum, pile) => sum + reserved(pile), 0) - roomKw
  const bySize = [...fitted.keys()].sort((a, b) => (fitted.get(b) ?? 0) - (fitted.get(a) ?? 0))
  for (const pile of bySize) {
    if (over <= 1e-9) break
    const cut = reserved(pile) - (safeKw.get(pile) ?? 0)
    if (cut <= 0) continue
    fitted.set(pile, safeKw.get(pile) ?? 0)
    over -= cut
  }
  if (over > 1e-6) throw new RangeError(`the safe limits of the piles are ${over.toFixed(3)} kW over the room`)
  return fitted
}
