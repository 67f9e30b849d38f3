import type { CatalogueRow } from './row.js'

type Variable = Pick<CatalogueRow, 'oi' | 'name' | 'nameZh' | 'class' | 'shape' | 'type' | 'scaler' | 'unit'> & Partial<CatalogueRow>

function row(variable: Variable): CatalogueRow {
  return { attribute: 2, access: 'read', clause: '§8.2', sure: false, ...variable }
}

const word = 'long-unsigned'
const long = 'double-long'
const power = { class: 4, shape: 'total-phases', type: long, scaler: -1 } as const
const single = { class: 6, shape: 'scalar' } as const

/**
 * Present values. Harmonics and distortion (200B-200E) are missing on purpose: the sources do not agree on what
 * their attributes and elements are.
 */
export const variables: readonly CatalogueRow[] = [
  row({ oi: '2000', name: 'Voltage', nameZh: '电压', class: 3, shape: 'phases', type: word, scaler: -1, unit: 'V', sure: true }),
  row({ oi: '2001', name: 'Current', nameZh: '电流', class: 3, shape: 'phases', type: long, scaler: -3, unit: 'A', sure: true }),
  row({ oi: '2001', attribute: 4, name: 'Neutral current', nameZh: '零线电流', class: 3, shape: 'scalar', type: long, scaler: -3, unit: 'A' }),
  row({ oi: '2002', name: 'Voltage angle', nameZh: '电压相角', class: 3, shape: 'phases', type: word, scaler: -1, unit: '°' }),
  row({ oi: '2003', name: 'Voltage-current angle', nameZh: '电压电流相角', class: 3, shape: 'phases', type: word, scaler: -1, unit: '°' }),
  row({ oi: '2004', name: 'Active power', nameZh: '有功功率', unit: 'W', ...power, sure: true }),
  row({ oi: '2005', name: 'Reactive power', nameZh: '无功功率', unit: 'var', ...power }),
  row({ oi: '2006', name: 'Apparent power', nameZh: '视在功率', unit: 'VA', ...power }),
  row({ oi: '2007', name: 'One-minute average active power', nameZh: '一分钟平均有功功率', unit: 'W', ...power }),
  row({ oi: '2008', name: 'One-minute average reactive power', nameZh: '一分钟平均无功功率', unit: 'var', ...power }),
  row({ oi: '2009', name: 'One-minute average apparent power', nameZh: '一分钟平均视在功率', unit: 'VA', ...power }),
  row({ oi: '200A', name: 'Power factor', nameZh: '功率因数', class: 4, shape: 'total-phases', type: 'long', scaler: -3, unit: '', sure: true }),
  row({ oi: '200F', name: 'Frequency', nameZh: '电网频率', ...single, type: word, scaler: -2, unit: 'Hz' }),
  row({ oi: '2010', name: 'Temperature in the meter', nameZh: '表内温度', ...single, type: 'long', scaler: -1, unit: '°C' }),
  row({ oi: '2011', name: 'Clock battery voltage', nameZh: '时钟电池电压', ...single, type: word, scaler: -2, unit: 'V' }),
  row({ oi: '2012', name: 'Reading battery voltage', nameZh: '停电抄表电池电压', ...single, type: word, scaler: -2, unit: 'V' }),
  row({ oi: '2013', name: 'Battery working time', nameZh: '时钟电池工作时间', ...single, type: 'double-long-unsigned', scaler: 0, unit: 'min' }),
  row({ oi: '2017', name: 'Present active demand', nameZh: '当前有功需量', ...single, type: long, scaler: -4, unit: 'kW', sure: true }),
  row({ oi: '2018', name: 'Present reactive demand', nameZh: '当前无功需量', ...single, type: long, scaler: -4, unit: 'kvar' }),
  row({ oi: '2019', name: 'Present apparent demand', nameZh: '当前视在需量', ...single, type: long, scaler: -4, unit: 'kVA' }),
  row({ oi: '201A', name: 'Present tariff price', nameZh: '当前电价', ...single, type: 'double-long-unsigned', scaler: -4, unit: 'yuan/kWh' }),
  row({ oi: '201B', name: 'Present step price', nameZh: '当前阶梯电价', ...single, type: 'double-long-unsigned', scaler: -4, unit: 'yuan/kWh' }),
]
