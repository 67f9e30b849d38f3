import { either, optional, sequence } from '@zhuzhan/codec'
import type { Codec, TypeOf } from '@zhuzhan/codec'
import { DateTimeS, Ti } from '../data/time.js'
import { many } from './members.js'
import { ResultNormal } from './results.js'
import { ResultRecord } from './records.js'

/** When it was sent and how long it is good for (value 0: not checked, UNSURE). Reference §4. */
export const TimeTag = sequence({ sent: DateTimeS, delay: Ti })
export type TimeTag = TypeOf<typeof TimeTag>

/** Events a server attaches to any response. */
export const FollowReport = either({ results: [1, many(ResultNormal, 6)], records: [2, many(ResultRecord, 7)] })
export type FollowReport = TypeOf<typeof FollowReport>

/** In tolerant mode (decodeApdu) set in the reader's settings under `tail`; counts the bytes a device left off. */
export interface TailReading {
  missing: number
}

/** An optional member at the very end, which some meters leave off altogether (UNSURE, reference §10.2). */
function ending<T>(codec: Codec<T>): Codec<T | undefined> {
  const strict = optional(codec)
  return {
    read: (r) => {
      const tail = r.remaining === 0 ? r.settings['tail'] as TailReading | undefined : undefined
      if (tail === undefined) return strict.read(r)
      tail.missing++
      return undefined
    },
    write: (w, value) => strict.write(w, value),
  }
}

/** End of 02, 03 and 05-09. */
export const ClientTail = sequence({ timeTag: ending(TimeTag) })

/** End of 82-89. */
export const ServerTail = sequence({ followReport: ending(FollowReport), timeTag: ending(TimeTag) })
