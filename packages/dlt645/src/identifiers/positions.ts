import type { Words } from '@zhuzhan/codec'

/** What a varying byte of an identifier counts. FF in it asks for all of them in order, where `block` says so. Reference §4. */
export interface Position {
  from: number
  to: number
  block: boolean
  /** What the value adds to the name; undefined for nothing. */
  words(value: number): Words | undefined
}

const PHASES: readonly Words[] = [{ en: 'phase A', zh: 'A相' }, { en: 'phase B', zh: 'B相' }, { en: 'phase C', zh: 'C相' }]
const TOTAL: Words = { en: 'total', zh: '总' }

const FREEZES: readonly Words[] = [
  { en: 'timed', zh: '定时冻结' }, { en: 'immediate', zh: '瞬时冻结' }, { en: 'zone switch', zh: '时区表切换冻结' }, { en: 'period switch', zh: '时段表切换冻结' },
  { en: 'hourly', zh: '整点冻结' }, { en: 'holiday or price', zh: '节假日或电价冻结' }, { en: 'daily', zh: '日冻结' },
]

function counted(en: string, zh: (n: number) => string): (n: number) => Words {
  return (n) => ({ en: `${en} ${n}`, zh: zh(n) })
}

function rowWords(n: number): Words {
  const zz = n.toString(16).toUpperCase()
  return { en: `row ${zz}H`, zh: `${zz}H行` }
}

/** By the two letters that stand for them in rows. */
export const POSITIONS: Readonly<Record<string, Position>> = {
  /** Total and tariffs. */
  rr: { from: 0, to: 0x3f, block: true, words: (n) => n === 0 ? TOTAL : { en: `tariff ${n}`, zh: `费率${n}` } },
  /** Current and settlements back. */
  ss: { from: 0, to: 0x0c, block: true, words: (n) => n === 0 ? undefined : { en: `settlement ${n}`, zh: `上${n}结算日` } },
  /** Phases. */
  pp: { from: 1, to: 3, block: true, words: (n) => PHASES[n - 1] },
  /** Total and phases. */
  qq: { from: 0, to: 3, block: true, words: (n) => n === 0 ? TOTAL : PHASES[n - 1] },
  /** Order of a harmonic. */
  hh: { from: 1, to: 0xfe, block: true, words: counted('order', (n) => `${n}次`) },
  /** Energy rows of the phases whose quantity the reference does not name. */
  pa: { from: 0x16, to: 0x28, block: false, words: rowWords },
  pb: { from: 0x2a, to: 0x3c, block: false, words: rowWords },
  pc: { from: 0x3e, to: 0x50, block: false, words: rowWords },
  ww: { from: 1, to: 7, block: true, words: (n) => ({ en: String(n), zh: String(n) }) },
  /** Kinds of freeze; the hourly and the daily one have rows of their own. */
  tt: { from: 0, to: 6, block: false, words: (n) => FREEZES[n] },
  th: { from: 4, to: 4, block: false, words: (n) => FREEZES[n] },
  td: { from: 6, to: 6, block: false, words: (n) => FREEZES[n] },
  /** Records back, 1 the last. */
  nn: { from: 1, to: 0xfe, block: false, words: counted('last', (n) => `上${n}次`) },
  /** The ten records of an event. */
  ee: { from: 1, to: 10, block: false, words: counted('last', (n) => `上${n}次`) },
  /** Classes of the load profile. */
  lc: { from: 1, to: 6, block: false, words: counted('class', (n) => `第${n}类`) },
  /** Day tables. */
  dt: { from: 1, to: 8, block: false, words: counted('day table', (n) => `第${n}日时段表`) },
  /** Password levels are numbered from 1 for level 0. */
  pl: { from: 1, to: 0x0a, block: false, words: (n) => ({ en: `level ${n - 1}`, zh: `${n - 1}级` }) },
  /** Anything. */
  xx: { from: 0, to: 0xfe, block: false, words: () => undefined },
  /** Event classes of voltage, current and load. */
  ev: { from: 0x10, to: 0x1c, block: false, words: () => undefined },
}
