import { EncodeError } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { Length } from './length.js'

/** Target server address: flag as in the frame (reference §1.2) and the address in display order, upper-case hex. Tag 85. */
export interface Tsa {
  flag: number
  address: string
}

/** One length, then the flag, then the address. The low nibble of the flag should be address bytes minus 1 and is not checked. */
export const Tsa: Codec<Tsa> = {
  read: (r) => {
    const at = r.offset
    const size = Length.read(r)
    if (size === 0) r.fail('a TSA of at least a flag', at)
    const value = { flag: r.u8(), address: r.hex(size - 1) }
    if (r.trace !== undefined) {
      const end = r.origin + r.offset
      r.trace.leaf('flag', end - size, end - size + 1, value.flag)
      r.trace.leaf('address', end - size + 1, end, value.address)
    }
    return value
  },
  write: (w, value) => {
    if (typeof value.address !== 'string' || value.address.length % 2 !== 0) throw new EncodeError('address', 'hex digits in pairs')
    Length.write(w, value.address.length / 2 + 1)
    w.u8(value.flag)
    w.hex(value.address)
  },
}

/** The TSA of a meter with a 12-digit number (flag 05: single, 6 bytes). @throws EncodeError for anything else */
export function tsaOf(address: string): Tsa {
  if (!/^[0-9]{12}$/.test(address)) throw new EncodeError('address', '12 decimal digits')
  return { flag: 0x05, address }
}
