import { objectOf } from '../objects.js'
import type { ObjectName } from '../objects.js'
import type { FieldValue } from '../content.js'
import { QUARANTINE_FLAGS, QUARANTINE_SECONDS, distrusts, flagsOf } from './analysis.js'
import type { Flag, Timed } from './analysis.js'

const KEPT_SUSPECT = 16

/** What one device has said: what counts, what does not, and whether it is still believed. */
export interface Book {
  readonly values: ReadonlyMap<ObjectName, Timed>
  readonly suspect: readonly (Timed & { object: ObjectName; flags: readonly Flag[] })[]
  readonly accepted: number
  readonly flagged: number
  filtered: number
  readonly quarantined: boolean
  /** Judge the items of one report. Objects were checked before. */
  enter(items: readonly FieldValue[], at: number, now: number, ownWatts: number | undefined): Entry[]
  release(): void
}

export interface Entry {
  object: ObjectName
  value: number
  at: number
  /** Empty: it counts. */
  flags: readonly Flag[]
  /** This one brought the device into quarantine. */
  quarantines: boolean
}

export function createBook(): Book {
  const values = new Map<ObjectName, Timed>()
  const suspect: (Timed & { object: ObjectName; flags: readonly Flag[] })[] = []
  let distrusted: number[] = []
  let quarantined = false
  let [accepted, flagged] = [0, 0]

  const book = {
    values,
    suspect,
    filtered: 0,
    get accepted() {
      return accepted
    },
    get flagged() {
      return flagged
    },
    get quarantined() {
      return quarantined
    },
    enter(items: readonly FieldValue[], at: number, now: number, ownWatts: number | undefined): Entry[] {
      const known = items.flatMap(({ object, value }) => {
        const name = objectOf(object)
        return name === undefined ? [] : [{ object: name, value }]
      })
      const message = new Map(known.map(({ object, value }) => [object, value]))
      return known.map(({ object, value }) => {
        const found = flagsOf(object, { value, at }, { now, ownWatts, last: (name) => values.get(name), message })
        const flags: Flag[] = quarantined ? [...found, 'quarantine'] : found
        let quarantines = false
        if (distrusts(flags)) {
          distrusted = [...distrusted.filter((then) => now - then < QUARANTINE_SECONDS), now]
          quarantines = !quarantined && distrusted.length >= QUARANTINE_FLAGS
          quarantined ||= quarantines
        }
        if (flags.length === 0) {
          values.set(object, { value, at })
          accepted++
        } else {
          flagged++
          suspect.push({ object, value, at, flags })
          if (suspect.length > KEPT_SUSPECT) suspect.shift()
        }
        return { object, value, at, flags, quarantines }
      })
    },
    release(): void {
      quarantined = false
      distrusted = []
      // Whoever looked accepted the device as it is now: it is compared with itself from here on.
      values.clear()
    },
  }
  return book
}
