import type { PileReading } from '../command.js'
import type { PlanRequest, SlotPlan, SlotPlanner } from '../planner.js'
import { planHolds } from './hold-plan.js'
import type { Appliance, HoldBook } from './hold-plan.js'

/** What a planner of holds remembers, as JSON. */
export interface HoldPlannerState {
  version: number
  standing?: { slot: number; kw: [string, number[]][] } | undefined
  /** How each appliance stands when slot `slot` begins, if all it was told arrived. */
  books: [string, HoldBook][]
  slot: number
}

export interface HoldPlannerOptions {
  slotMs: number
  slackMs: number
  /** By slot of the run, as for `planHolds`. */
  lessKw: readonly number[]
  saved?: HoldPlannerState | undefined
}

/**
 * Holds of appliances slot after slot, from what they say of themselves. What an appliance was told counts as held whether or not it arrived: its
 * comfort is what is kept in doubt.
 */
export function createHoldPlanner(appliances: readonly Appliance[], { slotMs, slackMs, lessKw, saved }: HoldPlannerOptions): SlotPlanner<HoldPlannerState> {
  let version = saved?.version ?? 0
  let standing = saved?.standing
  let books = new Map<string, HoldBook>(saved?.books)
  let at = saved?.slot ?? 0

  const plan = async ({ slot, readings, sinceReadMs = 0, unable, why }: PlanRequest): Promise<SlotPlan> => {
    // Slots that nobody planned: nobody was held in them.
    for (; at < slot; at++) books = new Map([...books].map(([name, book]) => [name, { ...book, heldMs: 0, restMs: Math.max(0, (book.heldMs > 0 ? recoveryOf(name) : book.restMs) - slotMs) }]))
    books = new Map(appliances.map((one) => [one.name, asRead(books.get(one.name), readings?.get(one.name), sinceReadMs)]))
    const { kw, short, after } = planHolds({ slotMs, slackMs, lessKw: lessKw.slice(slot), appliances, books, ...(unable && { unable }) })
    version++
    standing = { slot, kw: [...kw].map(([name, powers]) => [name, [...powers]]) }
    ;[books, at] = [new Map(after), slot + 1]
    return {
      version, hurried: new Set(), reason: why ?? (version === 1 ? 'first plan' : 'a plan is not kept longer'),
      setPoints: new Map([...kw].map(([name, powers]) => [name, powers[0] as number])),
      ...(short[0] !== undefined && { short: short[0] }),
    }
  }
  const recoveryOf = (name: string): number => appliances.find((one) => one.name === name)?.recoveryMs ?? 0
  return Object.assign(plan, { save: (): HoldPlannerState => ({ version, standing, books: [...books], slot: at }) })
}

/** What an appliance says of itself, beside what it was told. @param sinceReadMs from the read-back to the start of the slot */
function asRead(book: HoldBook = { drawsKw: undefined, heldMs: 0, todayMs: 0, restMs: 0 }, reading: PileReading | undefined, sinceReadMs: number): HoldBook {
  const hold = reading?.hold
  if (!reading || !hold) return book
  const restMs = Math.max(0, hold.restMs - sinceReadMs)
  const todayMs = Math.max(book.todayMs, hold.todayMs)
  // It gave the hold up, or was let go since nothing reached it, and will not follow when the slot begins.
  if (hold.comfort === 'left' || (hold.comfort === 'recovering' && (book.heldMs === 0 || restMs > 0))) return { ...book, todayMs, heldMs: 0, restMs: Math.max(book.restMs, restMs) }
  if (hold.comfort === 'held') return { ...book, todayMs, heldMs: book.heldMs > 0 ? Math.max(book.heldMs, hold.heldMs) : 0 }
  return { ...book, todayMs, ...(hold.comfort === 'normal' && book.held !== true && { drawsKw: reading.kw }) }
}
