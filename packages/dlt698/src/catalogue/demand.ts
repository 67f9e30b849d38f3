import { leaf, list, moment, structure } from './layouts.js'
import type { Leaf, ObjectRow } from './model.js'
import { attribute, objectsOf } from './objects.js'

const object = objectsOf('§8.1')
type Quantity = readonly [digit: string, name: string, nameZh: string, unit: string, type: Leaf['type']]

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

function maximum(oi: string, name: string, nameZh: string, value: Leaf, recorded: boolean): ObjectRow {
  const layout = list(structure(['value', '值', value], ['time of occurrence', '发生时间', moment]), 'tariffs')
  return object(oi, 2, name, nameZh, { attributes: { 2: attribute(name, nameZh, layout, { access: 'read', confidence: recorded ? 'recorded' : 'one-source' }) } })
}

/** Class 2, elements {value, date_time_s}: 10x0 since the last settlement, 11x0 within the frozen period. */
export const demand: readonly ObjectRow[] = QUANTITIES.flatMap(([digit, name, nameZh, unit, type]) => [
  maximum(`10${digit}0`, `Maximum ${name} demand`, `${nameZh}最大需量`, leaf(type, -4, unit), digit === '1'),
  maximum(`11${digit}0`, `Maximum ${name} demand in the frozen period`, `冻结周期内${nameZh}最大需量`, leaf(type, -4, unit), false),
])
