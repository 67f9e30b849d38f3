import { listOf, sequence, u8 } from '@zhuzhan/codec'
import type { Bcd, Codec } from '@zhuzhan/codec'
import { A15, A20, A21, registers } from '../../formats/index.js'
import { coded } from '../../wire/codes.js'
import { DENSITIES } from '../catalogue/codes.js'
import type { RegisterKind } from './quantities.js'
import type { FnRow, Layout } from '../../afn-table.js'

/** Td_d: which day; request, and first member of every daily reply. Reference §A10. */
export const DayRequest = sequence({ frozenDay: A20 })
/** Td_m: which month. */
export const MonthRequest = sequence({ frozenMonth: A21 })

const CurveStart = sequence({ curveStart: A15, density: coded(u8, DENSITIES) })
/** Td_c: from when, how dense, how many points. */
export const CurveRequest = sequence(CurveStart, { points: u8 })

/** Reply to a curve request: the request, then so many values. `part` says which of total, phases the values are. */
function curveReply(member: string, part: string, form: Codec<Bcd>): Layout {
  return sequence(CurveStart, { [member]: sequence({ [part]: listOf(form, { count: u8 }) }) })
}

type Names = readonly [en: string, zh: string]

/** A curve whose points are decoded. */
export function curve(fn: number, [en, zh]: Names, { member, part, form, under }: {
  member: string
  part: string
  form: Codec<Bcd>
  under?: FnRow['under']
}): FnRow {
  return { fn, en: `Curve: ${en}`, zh: `${zh}曲线`, down: CurveRequest, up: curveReply(member, part, form), ...(under && { under }) }
}

/** A curve of which the request is known. */
export const curveRequest = (fn: number, [en, zh]: Names): FnRow => ({ fn, en: `Curve: ${en}`, zh: `${zh}曲线`, down: CurveRequest })

/** A day's or a month's values of which the request is known. */
export const dayRequest = (fn: number, [en, zh]: Names): FnRow => ({ fn, en, zh, down: DayRequest })
export const monthRequest = (fn: number, [en, zh]: Names): FnRow => ({ fn, en, zh, down: MonthRequest })

/** How one of the three ways to freeze is asked for and called. */
export interface Freeze {
  request: typeof DayRequest | typeof MonthRequest
  en: string
  zh: string
}

export const DAILY: Freeze = { request: DayRequest, en: 'Daily', zh: '日冻结' }
export const READING_DAY: Freeze = { request: DayRequest, en: 'Reading-day', zh: '抄表日冻结' }
export const MONTHLY: Freeze = { request: MonthRequest, en: 'Monthly', zh: '月冻结' }

/** Frozen registers with their tariffs: the request, A.15, M and the values. */
export function frozenRegisters(freeze: Freeze, kinds: Readonly<Record<string, RegisterKind['form']>>): Pick<FnRow, 'down' | 'up'> {
  return { down: freeze.request, up: sequence(freeze.request as Layout, { readingTime: A15 }, registers(kinds)) }
}
