import type { Random } from '../random.js'

/** What strikes in the next slot: one kind, to be settled before the next, or two at once. */
export type Slot<Name extends string> = { kind: 'settled'; faults: [Name] } | { kind: 'overlapping'; faults: [Name, Name] }

export interface Schedule<Name extends string> {
  /** @param slotsLeft this one included; when two in each are needed, and enough, for every kind's turns, two strike in each */
  next(slotsLeft: number): Slot<Name>
}

/**
 * Kinds are dealt like cards: all of them in a random order, then again in another, so that none is rarer than another by more than
 * one. Slots with one fault and slots with two alternate.
 * @param times how often every kind should come
 */
export function createSchedule<Name extends string>(kinds: readonly Name[], random: Random, times = 5): Schedule<Name> {
  let deck: Name[] = []
  let dealt = 0
  let slots = 0
  const deal = (not?: Name): Name => {
    if (deck.length === 0) deck = random.shuffled(kinds)
    // Two of the same kind at once would be one.
    const at = deck.findIndex((name) => name !== not)
    if (at < 0) {
      deck = [...random.shuffled(kinds.filter((name) => name !== not)), ...deck]
      return deal(not)
    }
    dealt += 1
    return deck.splice(at, 1)[0]!
  }
  return {
    next: (slotsLeft) => {
      const missing = kinds.length * times - dealt
      const two = kinds.length > 1 && (slots++ % 2 === 1 || (missing > slotsLeft * 1.5 && missing <= slotsLeft * 2))
      const first = deal()
      return two ? { kind: 'overlapping', faults: [first, deal(first)] } : { kind: 'settled', faults: [first] }
    },
  }
}
