import { HesError, errorCode } from '@zhuzhan/core'
import { createCollector } from '@zhuzhan/custody'
import type { CustodySet } from '@zhuzhan/custody'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import type { KeyEvent } from '../store/store.js'
import type { Gate } from './gate.js'

export interface SealState {
  sealed: boolean
  set: string
  threshold: number
  officers: readonly string[]
  /** Numbers of the shares that were given. */
  given: readonly number[]
  missing: number
}

/** Collects the officers' shares and opens the gate with the last one. A refused share costs nothing but a line in the audit. */
export interface Unsealing {
  state(): SealState
  /** @throws HesError SHARE_REFUSED, STATE_CONFLICT when the machine is open, CONFIG_INVALID when the key is another database's */
  give(set: string, number: number, payload: Uint8Array): Promise<SealState>
  /** Forget what was given. */
  wipe(): void
}

export interface UnsealingOptions {
  set: CustodySet
  engine: Sm2Engine
  gate: Gate
  /** To the audit of the database; nothing there yet (the very first start) is no error. */
  note(event: KeyEvent): Promise<void>
  onOpened(): void
}

export function createUnsealing({ set, engine, gate, note, onOpened }: UnsealingOptions): Unsealing {
  const collector = createCollector(engine, set)
  let busy: Promise<unknown> = Promise.resolve()
  const subject = `custody set ${set.set}`
  const state = (): SealState => ({
    sealed: gate.opened === undefined,
    set: set.set,
    threshold: set.threshold,
    officers: set.officers,
    given: collector.given,
    missing: gate.opened ? 0 : collector.missing,
  })

  const take = async (told: string, number: number, payload: Uint8Array): Promise<void> => {
    try {
      await collector.offer(told, number, payload)
    } catch (error) {
      // All are here, but the gate did not open (the database was away): any of them given again is another try.
      const again = error instanceof HesError && error.context['reason'] === 'repeated' && collector.missing === 0
      if (!again) {
        await note({ kind: 'share-refused', subject, detail: { number, reason: String(error instanceof HesError ? error.context['reason'] : errorCode(error)) } })
        throw error
      }
      return
    }
    await note({ kind: 'share-given', subject, detail: { number, officer: set.officers[number - 1] ?? '', missing: collector.missing } })
  }

  const give = async (told: string, number: number, payload: Uint8Array): Promise<SealState> => {
    if (gate.opened) throw new HesError('STATE_CONFLICT', 'the crypto machine is open')
    await take(told, number, payload)
    if (collector.missing > 0) return state()
    try {
      await gate.open(await collector.combine())
    } catch (error) {
      if (errorCode(error) !== 'UNAVAILABLE') collector.wipe()
      throw error
    }
    const given = [...collector.given]
    collector.wipe()
    await note({ kind: 'unsealed', subject, detail: { shares: given.join(' ') } })
    onOpened()
    return { ...state(), given }
  }

  return {
    state,
    give: (told, number, payload) => {
      const work = busy.then(() => give(told, number, payload))
      busy = work.catch(() => undefined)
      return work
    },
    wipe: () => collector.wipe(),
  }
}
