import type { CatalogueRow } from './row.js'

type Quantity = readonly [digit: string, name: string, nameZh: string, unit: string, type: 'double-long' | 'double-long-unsigned']

/** The second digit of the OI. Combined reactive demand may be negative. Reference §8.1. */
const QUANTITIES: readonly Quantity[] = [
  ['1', 'forward active', '正向有功', 'kW', 'double-long-unsigned'],
  ['2', 'reverse active', '反向有功', 'kW', 'double-long-unsigned'],
  ['3', 'combined reactive 1', '组合无功1', 'kvar', 'double-long'],
  ['4', 'combined reactive 2', '组合无功2', 'kvar', 'double-long'],
  ['5', 'quadrant 1 reactive', '第一象限', 'kvar', 'double-long-unsigned'],
  ['6', 'quadrant 2 reactive', '第二象限', 'kvar', 'double-long-unsigned'],
  ['7', 'quadrant 3 reactive', '第三象限', 'kvar', 'double-long-unsigned'],
  ['8', 'quadrant 4 reactive', '第四象限', 'kvar', 'double-long-unsigned'],
]

const common = { attribute: 2, class: 2, shape: 'demand-tariffs', scaler: -4, access: 'read', clause: '§8.1' } as const

/** Class 2, elements {value, date_time_s}: 10x0 since the last settlement, 11x0 within the frozen period. */
export const demand: readonly CatalogueRow[] = QUANTITIES.flatMap(([digit, name, nameZh, unit, type]): CatalogueRow[] => [
  { ...common, oi: `10${digit}0`, name: `Maximum ${name} demand`, nameZh: `${nameZh}最大需量`, type, unit, sure: digit === '1' },
  { ...common, oi: `11${digit}0`, name: `Maximum ${name} demand in the frozen period`, nameZh: `冻结周期内${nameZh}最大需量`, type, unit, sure: false },
])
