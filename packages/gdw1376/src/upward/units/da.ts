import type { Codec } from '@zhuzhan/codec'
import { maskNumbers, maskOf } from '../../wire/dt.js'

/** Measuring points of a unit: `[0]` the terminal itself, points of one group of eight, or all points. */
export type Points = readonly number[] | 'all'

/** Greatest measuring point: bit 7 of group 255. */
export const MAX_POINT = 255 * 8

/** Information point: DA1 is a mask of eight points, DA2 their group from 1 on; 00 00 the terminal, FF 00 all. Reference §A2. */
export const Da: Codec<Points> = {
  read: (r) => {
    const at = r.offset
    const mask = r.u8()
    const group = r.u8()
    if (group === 0 && mask === 0) return [0]
    if (group === 0 && mask === 0xff) return 'all'
    if (group === 0 || mask === 0) r.fail('a DA of the terminal, of points in one group, or of all points', at)
    return maskNumbers(mask, (group - 1) * 8 + 1)
  },
  write: (w, points) => {
    if (points === 'all') return w.u16le(0x00ff)
    if (points.length === 1 && points[0] === 0) return w.u16le(0)
    const { mask, group } = maskOf(points, 'measuring points')
    w.u8(mask)
    w.u8(group + 1)
  },
}
