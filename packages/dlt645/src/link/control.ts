import { EncodeError, bits, decode, u8 } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'

/** Control code C, reference §2. */
export interface Control {
  /** D7: sent by the meter. */
  fromMeter: boolean
  /** D6: the answer is a refusal. */
  abnormal: boolean
  /** D5: more data follow, to be asked for with function 12. */
  followUp: boolean
  /** D4-D0. */
  function: number
}

const Raw = bits(u8, { fromMeter: [7], abnormal: [6], followUp: [5], function: [0, 5] })

/** One object for each code: there are only 256. */
const CONTROLS: readonly Readonly<Control>[] = Array.from({ length: 256 }, (_, code) => Object.freeze(decode(Raw, Uint8Array.of(code))))

export const Control: Codec<Readonly<Control>> = { read: (r) => CONTROLS[r.u8()]!, write: (w, value) => Raw.write(w, value) }

/** What a control code says. */
export function controlOf(code: number): Readonly<Control> {
  return CONTROLS[code & 0xff]!
}

/** The byte itself. @throws EncodeError */
export function controlCode({ fromMeter, abnormal, followUp, function: code }: Control): number {
  if (!Number.isInteger(code) || code < 0 || code > 0x1f) throw new EncodeError('control.function', '0 to 31')
  return (fromMeter ? 0x80 : 0) | (abnormal ? 0x40 : 0) | (followUp ? 0x20 : 0) | code
}
