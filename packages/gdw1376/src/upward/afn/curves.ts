import { A11, A13, A25, A5, A7, A9 } from '../../formats/index.js'
import { curve, curveRequest } from './frozen-forms.js'
import { FLOWS, REGISTERS } from './quantities.js'
import type { FnRow } from '../../afn-table.js'

const TOTAL_AND_PHASES = [['total', 'total', '总'], ['a', 'phase A', 'A相'], ['b', 'phase B', 'B相'], ['c', 'phase C', 'C相']] as const
const PHASES = TOTAL_AND_PHASES.slice(1)

/** The format is that of 0C F25 and F133-F136; the curve list does not repeat it. */
const sibling = { under: ['siblingLayouts', 'taken', 'up'] } as const

/** Quadrants in the order of F145-F148, as places in REGISTERS. */
const QUADRANT_ORDER = [1, 4, 2, 3].map((quadrant) => REGISTERS[3 + quadrant]!)

/** Curves of AFN 0D. Reference §A10. */
export const curves: readonly FnRow[] = [
  ...TOTAL_AND_PHASES.map(([part, en, zh], i) => curve(81 + i, [`active power, ${en}`, `${zh}有功功率`], { member: 'activePower', part, form: A9 })),
  ...TOTAL_AND_PHASES.map(([part, en, zh], i) => curve(85 + i, [`reactive power, ${en}`, `${zh}无功功率`], { member: 'reactivePower', part, form: A9 })),
  ...PHASES.map(([part, en, zh], i) => curve(89 + i, [`voltage, ${en}`, `${zh}电压`], { member: 'voltage', part, form: A7 })),
  ...PHASES.map(([part, en, zh], i) => curve(92 + i, [`current, ${en}`, `${zh}电流`], { member: 'current', part, form: A25 })),
  curve(95, ['zero-sequence current', '零序电流'], { member: 'current', part: 'zero', form: A25, ...sibling }),
  ...FLOWS.map(([key, en, zh], i) => curve(97 + i, [`${en} energy amount`, `${zh}总电能量`], { member: `${key}Amount`, part: 'total', form: A13 })),
  ...REGISTERS.slice(0, 4).map(({ member, en, zh }, i) => curve(101 + i, [en, `${zh}(总)`], { member, part: 'total', form: A11 })),
  ...TOTAL_AND_PHASES.map(([part, en, zh], i) =>
    curve(105 + i, [`power factor, ${en}`, `${zh}功率因数`], { member: 'powerFactor', part, form: A5, ...sibling })),
  curveRequest(109, ['voltage angles', '电压相位角']),
  curveRequest(110, ['current angles', '电流相位角']),
  ...QUADRANT_ORDER.map(({ member, en, zh }, i) => curve(145 + i, [en, `${zh}(总)`], { member, part: 'total', form: A11, ...sibling })),
]
