import { bits, u8 } from '@zhuzhan/codec'
import type { Codec, TypeOf, Words } from '@zhuzhan/codec'

const Down = bits(u8, { dir: [7, 1], prm: [6, 1], fcb: [5], fcv: [4], function: [0, 4] })
const Up = bits(u8, { dir: [7, 1], prm: [6, 1], acd: [5], fcv: [4], function: [0, 4] })

/**
 * `dir` 1: from the terminal. `prm` 1: from the side that began. D5 is `fcb` downward and `acd` (event counters follow)
 * upward. Reference §A1.
 */
export type UpwardControl = TypeOf<typeof Down> | TypeOf<typeof Up>

export const UpwardControl: Codec<UpwardControl> = {
  read: (r) => r.source[r.offset]! >= 0x80 ? Up.read(r) : Down.read(r),
  write: (w, value) => {
    if (value.dir === 1) Up.write(w, value as TypeOf<typeof Up>)
    else Down.write(w, value as TypeOf<typeof Down>)
  },
}

/** Function codes of control by PRM. Reference §A1. */
export const CONTROL_FUNCTIONS: readonly Readonly<Record<number, Words>>[] = [
  {
    0: { en: 'confirm', zh: '认可' },
    8: { en: 'user data', zh: '用户数据' },
    9: { en: 'no data', zh: '否认:无所召唤的数据' },
    11: { en: 'link status', zh: '链路状态' },
  },
  {
    1: { en: 'reset', zh: '复位命令' },
    4: { en: 'user data without reply', zh: '用户数据(无回答)' },
    9: { en: 'link test', zh: '链路测试' },
    10: { en: 'request class 1 data', zh: '请求1级数据' },
    11: { en: 'request class 2 data', zh: '请求2级数据' },
  },
]
