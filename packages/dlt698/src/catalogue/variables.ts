import { any, bits, leaf, list, structure, u32 } from './layouts.js'
import type { Confidence, Layout, ObjectRow } from './model.js'
import { attribute, objectsOf } from './objects.js'

const object = objectsOf('§8.2')
const word = 'long-unsigned'
const long = 'double-long'

type Others = Readonly<Record<number, readonly [name: string, nameZh: string, layout: Layout]>>

/** An object whose attribute 2 is the value; further attributes by number. */
function variable(oi: string, number: number | undefined, name: string, nameZh: string, layout: Layout, confidence: Confidence = 'one-source', others: Others = {}): ObjectRow {
  const more = Object.entries(others).map(([n, row]) => [n, attribute(...row, { access: 'read' })] as const)
  const attributes = { 2: attribute(name, nameZh, layout, { access: 'read', confidence }), ...Object.fromEntries(more) }
  return object(oi, number, name, nameZh, { attributes, ...(confidence === 'unsure' && { confidence }) })
}

const power = (unit: string): Layout => list(leaf(long, -1, unit), 'total-phases')
const phases = (type: 'long-unsigned' | 'double-long', scaler: number, unit: string): Layout => list(leaf(type, scaler, unit), 'phases')
const price = leaf('double-long-unsigned', -4, 'yuan/kWh')

/** Present values that are readings: a number of known scale. */
export const variables: readonly ObjectRow[] = [
  variable('2000', 3, 'Voltage', '电压', phases(word, -1, 'V'), 'recorded'),
  variable('2001', 3, 'Current', '电流', phases(long, -3, 'A'), 'recorded', { 4: ['Neutral current', '零线电流', leaf(long, -3, 'A')] }),
  variable('2002', 3, 'Voltage angle', '电压相角', phases(word, -1, '°')),
  variable('2003', 3, 'Voltage-current angle', '电压电流相角', phases(word, -1, '°')),
  variable('2004', 4, 'Active power', '有功功率', power('W'), 'recorded'),
  variable('2005', 4, 'Reactive power', '无功功率', power('var')),
  variable('2006', 4, 'Apparent power', '视在功率', power('VA')),
  variable('2007', 4, 'One-minute average active power', '一分钟平均有功功率', power('W')),
  variable('2008', 4, 'One-minute average reactive power', '一分钟平均无功功率', power('var')),
  variable('2009', 4, 'One-minute average apparent power', '一分钟平均视在功率', power('VA')),
  variable('200A', 4, 'Power factor', '功率因数', list(leaf('long', -3), 'total-phases'), 'recorded'),
  variable('200F', 6, 'Frequency', '电网频率', leaf(word, -2, 'Hz')),
  variable('2010', 6, 'Temperature in the meter', '表内温度', leaf('long', -1, '°C')),
  variable('2011', 6, 'Clock battery voltage', '时钟电池电压', leaf(word, -2, 'V')),
  variable('2012', 6, 'Reading battery voltage', '停电抄表电池电压', leaf(word, -2, 'V')),
  variable('2013', 6, 'Battery working time', '时钟电池工作时间', leaf('double-long-unsigned', 0, 'min')),
  variable('2017', 6, 'Present active demand', '当前有功需量', leaf(long, -4, 'kW'), 'recorded'),
  variable('2018', 6, 'Present reactive demand', '当前无功需量', leaf(long, -4, 'kvar')),
  variable('2019', undefined, 'Present apparent demand', '当前视在需量', leaf(long, -4, 'kVA')),
  variable('201A', undefined, 'Present tariff price', '当前电价', price),
  variable('201B', undefined, 'Present step price', '当前阶梯电价', price),
]

const percents = list(leaf('long', -2, '%'))

/**
 * Harmonics, class 5: the reference gives the type and scale of an element; which attribute is which phase, and whether
 * distortion has one array of phases instead, is UNSURE, so they are named but are no readings of the station.
 */
function harmonics(oi: string, name: string, nameZh: string): ObjectRow {
  const of = (phase: string, layout: Layout) => attribute(`${name}, phase ${phase}`, `${phase}相${nameZh}`, layout, { access: 'read', confidence: 'unsure' })
  return object(oi, 5, name, nameZh, { confidence: 'unsure', attributes: { 2: of('A', percents), 3: of('B', percents), 4: of('C', percents) } })
}

const daily = (unit: string): Layout => structure(['of the day', '当日', leaf('double-long-unsigned', 0, unit)], ['of the month', '当月', leaf('double-long-unsigned', 0, unit)])

/** States, statistics and what else is no plain reading. */
export const states: readonly ObjectRow[] = [
  harmonics('200B', 'Voltage distortion', '电压波形失真度'),
  harmonics('200C', 'Current distortion', '电流波形失真度'),
  harmonics('200D', 'Voltage harmonic content', '电压谐波含有量'),
  harmonics('200E', 'Current harmonic content', '电流谐波含有量'),
  variable('2014', 6, 'Meter run status words', '电能表运行状态字', list(bits)),
  variable('2015', 6, 'Follow-report status word', '电能表跟随上报状态字', bits),
  // The type of the step number is not said beside the prices.
  variable('201C', undefined, 'Present step', '当前运行阶梯', any),
  variable('2025', undefined, 'Event current value', '事件当前值', any),
  variable('202C', undefined, 'Wallet', '(当前)钱包文件', structure(['amount', '剩余金额', leaf('double-long-unsigned', -2, 'yuan')], ['purchases', '购电次数', u32])),
  variable('2040', undefined, 'Control status word 1', '控制状态字1', any),
  variable('2041', undefined, 'Control status word 2', '控制状态字2', any),
  variable('2131', undefined, 'Voltage qualification of phase A', 'A相电压合格率', structure(['of the day', '当日', any], ['of the month', '当月', any])),
  variable('2132', undefined, 'Voltage qualification of phase B', 'B相电压合格率', structure(['of the day', '当日', any], ['of the month', '当月', any])),
  variable('2133', undefined, 'Voltage qualification of phase C', 'C相电压合格率', structure(['of the day', '当日', any], ['of the month', '当月', any])),
  variable('2140', undefined, 'Power extreme value and its time 1', '功率极值及发生时间1', any),
  variable('2141', undefined, 'Power extreme value and its time 2', '功率极值及发生时间2', any),
  variable('2200', undefined, 'Communication traffic', '通信流量', daily('B')),
  variable('2203', undefined, 'Supply time', '供电时间', daily('min')),
  variable('2204', undefined, 'Reset count', '复位次数', leaf(word)),
  ...Array.from({ length: 8 }, (_, i) => object(`230${i + 1}`, 23, `Total group ${i + 1}`, `总加组${i + 1}`)),
]
