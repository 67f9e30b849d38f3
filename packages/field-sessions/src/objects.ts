import type { Words } from '@zhuzhan/policy'
import type { Kind } from './kinds.js'

/**
 * What devices at the boundaries talk about: an object is a code of two bytes, a value a signed number of 32 bits. Own
 * numbering of FSP-1; it has nothing to do with OADs. No text and no blob comes from a device outside control. §8
 */
export interface FieldObject {
  code: number
  words: Words
  /** Value * 10^scale is in this unit. */
  unit: string
  scale: number
  low: number
  high: number
  /** Largest believable change in a second, in steps of the value. */
  stepPerSecond?: number
  /** A register: it never falls, and rises no faster than this many steps a second. */
  register?: { risePerSecond: number }
}

const state = (code: number, en: string, zh: string, high: number): FieldObject => ({ code, words: { en, zh }, unit: '', scale: 0, low: 0, high })

/** Steps of 10^-2 kWh a second at so many watts. */
const riseAt = (watts: number): number => watts / 36_000

export const OBJECTS = {
  breakerState: state(0x0101, 'breaker: 0 open, 1 closed, 2 tripped', '断路器状态：0 分 1 合 2 跳闸', 2),
  breakerTemperature: { code: 0x0102, words: { en: 'temperature of the contacts', zh: '触头温度' }, unit: '°C', scale: -1, low: -400, high: 2_000, stepPerSecond: 100 },
  breakerCurrent: { code: 0x0103, words: { en: 'current through the breaker', zh: '断路器电流' }, unit: 'A', scale: -3, low: 0, high: 125_000 },
  temperature: { code: 0x0201, words: { en: 'temperature', zh: '温度' }, unit: '°C', scale: -1, low: -500, high: 1_500, stepPerSecond: 50 },
  humidity: { code: 0x0202, words: { en: 'relative humidity', zh: '相对湿度' }, unit: '%', scale: -1, low: 0, high: 1_000, stepPerSecond: 100 },
  leakageCurrent: { code: 0x0203, words: { en: 'residual current', zh: '剩余电流' }, unit: 'A', scale: -3, low: 0, high: 30_000 },
  smoke: state(0x0204, 'smoke: 0 none, 1 alarm', '烟雾：0 无 1 报警', 1),
  appliancePower: { code: 0x0301, words: { en: 'power of the appliance', zh: '家电功率' }, unit: 'W', scale: 0, low: 0, high: 10_000 },
  applianceEnergy: { code: 0x0302, words: { en: 'energy of the appliance', zh: '家电电量' }, unit: 'kWh', scale: -2, low: 0, high: 2_000_000_000, register: { risePerSecond: riseAt(10_000) } },
  applianceState: state(0x0303, 'appliance: 0 off, 1 on', '家电状态：0 关 1 开', 1),
  pileState: state(0x0401, 'pile: 0 idle, 1 connected, 2 charging, 3 fault', '充电桩状态：0 空闲 1 连接 2 充电 3 故障', 3),
  pilePower: { code: 0x0402, words: { en: 'charging power', zh: '充电功率' }, unit: 'W', scale: 0, low: 0, high: 60_000 },
  pileEnergy: { code: 0x0403, words: { en: 'energy charged', zh: '充电电量' }, unit: 'kWh', scale: -2, low: 0, high: 2_000_000_000, register: { risePerSecond: riseAt(60_000) } },

  breakerSwitch: state(0x0181, 'command: 0 open, 1 close', '命令：0 分闸 1 合闸', 1),
  applianceLimit: { code: 0x0381, words: { en: 'command: highest power', zh: '命令：功率上限' }, unit: 'W', scale: 0, low: 0, high: 10_000 },
  pileLimit: { code: 0x0481, words: { en: 'command: highest charging power', zh: '命令：充电功率上限' }, unit: 'W', scale: 0, low: 0, high: 60_000 },

  forwardEnergy: { code: 0x0601, words: { en: 'forward active energy of the meter', zh: '电能表正向有功电能' }, unit: 'kWh', scale: -2, low: 0, high: 2_000_000_000 },
  reverseEnergy: { code: 0x0602, words: { en: 'reverse active energy of the meter', zh: '电能表反向有功电能' }, unit: 'kWh', scale: -2, low: 0, high: 2_000_000_000 },
  voltage: { code: 0x0603, words: { en: 'voltage, phase A', zh: 'A 相电压' }, unit: 'V', scale: -1, low: 0, high: 10_000 },
  current: { code: 0x0604, words: { en: 'current, phase A', zh: 'A 相电流' }, unit: 'A', scale: -3, low: -1_000_000, high: 1_000_000 },
  power: { code: 0x0605, words: { en: 'active power', zh: '有功功率' }, unit: 'W', scale: 0, low: -1_000_000, high: 1_000_000 },
  relayState: state(0x0606, 'relay: 0 closed, 1 open', '继电器：0 合 1 分', 1),
} as const satisfies Record<string, FieldObject>
export type ObjectName = keyof typeof OBJECTS
export const OBJECT_NAMES = Object.keys(OBJECTS) as ObjectName[]

const BY_CODE = new Map(OBJECT_NAMES.map((name): [number, ObjectName] => [OBJECTS[name].code, name]))
export const objectOf = (code: number): ObjectName | undefined => BY_CODE.get(code)
export const fieldObject = (name: ObjectName): FieldObject => OBJECTS[name]

/** What a kind of device may do at the meter. What is not here is refused. */
export interface Access {
  reports: readonly ObjectName[]
  reads: readonly ObjectName[]
  /** What the meter may command. */
  commands: readonly ObjectName[]
  /** Hands on whole frames of the collection protocol, which are protected end to end. */
  frames: boolean
  /** Brings pairing codes of these kinds. */
  pairingCodes: readonly Kind[]
  /** Messages a second that count, evenly, and how many at once. */
  perSecond: number
  burst: number
  /** Bytes of one message. */
  maxContent: number
}

const DISPLAY = ['forwardEnergy', 'reverseEnergy', 'voltage', 'current', 'power', 'relayState'] as const
const REPORTING: Access = { reports: [], reads: [], commands: [], frames: false, pairingCodes: [], perSecond: 2, burst: 10, maxContent: 256 }

export const ACCESS: Readonly<Record<Kind, Access>> = {
  phone: { ...REPORTING, reads: DISPLAY },
  breaker: { ...REPORTING, reports: ['breakerState', 'breakerTemperature', 'breakerCurrent'], commands: ['breakerSwitch'] },
  sensor: { ...REPORTING, reports: ['temperature', 'humidity', 'leakageCurrent', 'smoke'] },
  handheld: { ...REPORTING, reads: DISPLAY, pairingCodes: ['breaker', 'sensor'], perSecond: 5, burst: 20 },
  appliance: { ...REPORTING, reports: ['appliancePower', 'applianceEnergy', 'applianceState'], commands: ['applianceLimit'] },
  'charging-pile': { ...REPORTING, reports: ['pileState', 'pilePower', 'pileEnergy'], commands: ['pileLimit'] },
  'modular-terminal': { ...REPORTING, frames: true, perSecond: 20, burst: 50, maxContent: 2_048 },
}
