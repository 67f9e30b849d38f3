import type { Clock } from '@zhuzhan/core'
import type { KeyEvent, MachineStore } from '../store/store.js'

/** Refusals a minute that get a row of their own; a flood of rubbish must not fill the audit. */
const PER_MINUTE = 60

export interface Refusals {
  /** Write down why something was refused; callers only ever learn that it was. */
  note(event: KeyEvent): Promise<void>
}

export function createRefusals({ store, clock }: { store: Pick<MachineStore, 'addEvent'>; clock: Clock }): Refusals {
  let minute = Number.NEGATIVE_INFINITY
  let written = 0
  let dropped = 0
  return {
    async note(event) {
      const now = Math.floor(clock.monotonic() / 60_000)
      const lost = dropped
      if (now !== minute) {
        minute = now
        written = 0
        dropped = 0
      }
      if (++written > PER_MINUTE) {
        dropped++
        return
      }
      if (lost > 0 && dropped === 0) await store.addEvent({ kind: 'refusals-dropped', subject: 'machine', detail: { count: lost } })
      await store.addEvent(event)
    },
  }
}
