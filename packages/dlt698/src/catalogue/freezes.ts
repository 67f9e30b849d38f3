import type { Oad, Oi } from '../data/index.js'
import type { ObjectRow } from './model.js'
import { objectsOf } from './objects.js'

/** What starts a new row. `event`: something happens, there is no period. */
export type FreezeUnit = 'instant' | 'second' | 'minute' | 'hour' | 'day' | 'settlement-day' | 'month' | 'year' | 'event'

export interface FreezeRow {
  oi: Oi
  /** The record table, attribute 2. Its columns: 20210200 freeze time, 20230200 number, then what attribute 3 lists. */
  oad: Oad
  name: string
  nameZh: string
  /** Unit of the periods in attribute 3 {period, OAD, depth}. */
  unit: FreezeUnit
  /** The unit as a TI, for selector 2; absent where a TI cannot say it. */
  tiUnit?: number
  clause: string
  /** A recorded frame reads this table. */
  sure: boolean
}

type Freeze = readonly [oi: string, name: string, nameZh: string, unit: FreezeUnit, tiUnit?: number]

const RECORDED = new Set(['5002', '5004'])

/** Class 9. A day freeze stamped D 00:00:00 holds the registers at that moment, i.e. what day D-1 ended with. Reference §8.4. */
export const freezes: readonly FreezeRow[] = ([
  ['5000', 'Instantaneous freeze', '瞬时冻结', 'instant'],
  ['5001', 'Second freeze', '秒冻结', 'second', 0],
  ['5002', 'Minute freeze', '分钟冻结', 'minute', 1],
  ['5003', 'Hour freeze', '小时冻结', 'hour', 2],
  ['5004', 'Day freeze', '日冻结', 'day', 3],
  ['5005', 'Settlement day freeze', '结算日冻结', 'settlement-day'],
  ['5006', 'Month freeze', '月冻结', 'month', 4],
  ['5007', 'Year freeze', '年冻结', 'year', 5],
  ['5008', 'Freeze at zone table switch', '时区表切换冻结', 'event'],
  ['5009', 'Freeze at day table switch', '日时段表切换冻结', 'event'],
  ['500A', 'Freeze at tariff switch', '费率电价切换冻结', 'event'],
  ['500B', 'Freeze at step switch', '阶梯切换冻结', 'event'],
  ['5011', 'Step settlement freeze', '阶梯结算冻结', 'event'],
] satisfies readonly Freeze[]).map(([oi, name, nameZh, unit, tiUnit]: Freeze): FreezeRow => ({
  oi, oad: `${oi}0200`, name, nameZh, unit, ...(tiUnit !== undefined && { tiUnit }), clause: '§8.4', sure: RECORDED.has(oi),
}))

const object = objectsOf('§8.4')

/** The same as objects; what they hold is said by their class. */
export const freezeObjects: readonly ObjectRow[] = freezes.map(({ oi, name, nameZh, sure }) => object(oi, 9, name, nameZh, { confidence: sure ? 'recorded' : 'one-source' }))
