import { SM2_DEFAULT_ID, equalBytes } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { combine } from 'shamir-secret-sharing'
import { masterKeyFingerprint } from './custody-set.js'
import type { CustodySet } from './custody-set.js'
import { shareRefused } from './refusal.js'
import { SIGNATURE_BYTES, shareInput } from './split.js'

/** Takes the shares of one set, one after the other. A refused one changes nothing. */
export interface Collector {
  readonly set: CustodySet
  /** How many are still needed. */
  readonly missing: number
  /** Numbers of those that are here. */
  readonly given: readonly number[]
  /** @param set its id as told with the share. @throws HesError SHARE_REFUSED `foreign`, `repeated` or `wrong` */
  offer(set: string, number: number, payload: Uint8Array): Promise<void>
  /** The master key, once nothing is missing; wipe it after use. @throws HesError SHARE_REFUSED `wrong` */
  combine(): Promise<Buffer>
  /** Forget the shares. */
  wipe(): void
}

export function createCollector(engine: Sm2Engine, set: CustodySet): Collector {
  const shares = new Map<number, Uint8Array>()
  const publicKey = Buffer.from(set.publicKey, 'hex')
  const wipe = (): void => {
    for (const share of shares.values()) share.fill(0)
    shares.clear()
  }
  return {
    set,
    get missing() {
      return Math.max(0, set.threshold - shares.size)
    },
    get given() {
      return [...shares.keys()].sort((a, b) => a - b)
    },
    async offer(told, number, payload) {
      if (told !== set.set) throw shareRefused('foreign', { number })
      const share = Uint8Array.from(payload.subarray(0, -SIGNATURE_BYTES))
      const known = payload.length > SIGNATURE_BYTES + 1 && number >= 1 && number <= set.officers.length
      const genuine = known && (await engine.verify(publicKey, SM2_DEFAULT_ID, shareInput(set, number, share), Buffer.from(payload.subarray(-SIGNATURE_BYTES))))
      // The last byte is the share's place on the curve. The library does not refuse 0, where the secret itself lies.
      if (!genuine || share.at(-1) === 0) throw shareRefused('wrong', { number })
      if (shares.has(number)) {
        share.fill(0)
        throw shareRefused('repeated', { number })
      }
      shares.set(number, share)
    },
    async combine() {
      // The library adds up whatever it is given: fewer shares, or those of a hand-made set, give a key, just not the right one.
      if (shares.size < set.threshold) throw shareRefused('wrong')
      const secret = Buffer.from(await combine([...shares.values()]))
      const print = masterKeyFingerprint(secret, set.set)
      if (equalBytes(Buffer.from(print), Buffer.from(set.fingerprint))) return secret
      secret.fill(0)
      throw shareRefused('wrong')
    },
    wipe,
  }
}
