import type { CollectionStore, ItemRanges, MissingSlot } from '@zhuzhan/persistence'

/** Terminals asked for together: those whose passes begin within this time. */
const WINDOW_MS = 10
/** Meter and slot pairs of one statement. */
const MAX_PAIRS = 50_000

interface Lot {
  plan: string
  item: number
  slots: readonly number[]
  meters: number[]
  answer: Promise<ReadonlyMap<number, MissingSlot[]>>
  leave(): void
}

/**
 * What many terminals owe, asked for in few statements: planning one over all partitions costs more than its rows. Same shape as
 * the store's `missing`, by meter.
 */
export function createMissingSlots(store: Pick<CollectionStore, 'missing'>): (plan: string, item: number, meters: readonly number[], slots: readonly number[], beside?: ItemRanges) => Promise<MissingSlot[]> {
  const lots = new Map<string, Lot>()

  const begin = (key: string, plan: string, item: number, slots: readonly number[], beside: ItemRanges | undefined): Lot => {
    let leave!: () => void
    const left = new Promise<void>((resolve) => { leave = resolve })
    const timer = setTimeout(() => lot.leave(), WINDOW_MS)
    const meters: number[] = []
    const lot: Lot = {
      plan, item, slots, meters,
      leave: () => {
        clearTimeout(timer)
        if (lots.get(key) === lot) lots.delete(key)
        leave()
      },
      answer: left.then(async () => {
        const found = new Map<number, MissingSlot[]>()
        for (const one of await store.missing(plan, item, meters, slots, beside)) {
          const ofMeter = found.get(one.meterId)
          if (ofMeter) ofMeter.push(one)
          else found.set(one.meterId, [one])
        }
        return found
      }),
    }
    lots.set(key, lot)
    return lot
  }

  return async (plan, item, meters, slots, beside) => {
    if (meters.length === 0 || slots.length === 0) return []
    // The horizon moves: passes of the same window nearly always share their slots, and those that do not make a lot of their own.
    const key = `${plan} ${item} ${slots.length} ${slots[0]} ${slots.at(-1)}`
    const lot = lots.get(key) ?? begin(key, plan, item, slots, beside)
    for (const meter of meters) lot.meters.push(meter)
    if (lot.meters.length * slots.length >= MAX_PAIRS) lot.leave()
    const found = await lot.answer
    return meters.flatMap((meter) => found.get(meter) ?? [])
  }
}
