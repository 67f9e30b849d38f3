import type { Setting } from '@zhuzhan/codec'
import type { DecodeApduOptions, RoadCells } from './apdu/decode.js'
import type { ExtendedLogical, FillerDigit, FrameOptions } from './link/index.js'

const clause = (section: string): string => `dlt698-45.md ${section}`
const YES_NO = { true: { en: 'yes', zh: '是' }, false: { en: 'no', zh: '否' } }

/** The points the reference leaves open that change how a frame is read or written. docs/protocol/dlt698.md has the others. */
export const SETTINGS = [
  {
    name: 'extendedLogical', clause: clause('§1.2'), default: 'value-2',
    words: { en: 'which logical address announces an extended logical address byte', zh: '由哪个逻辑地址值表示其后有扩展逻辑地址字节' },
    readings: {
      'value-2': { en: 'the value 2', zh: '值为2' },
      'bit-5': { en: 'bit 5 of the flag: 2 and 3', zh: '标志字节bit5为1: 2和3' },
      'none': { en: 'none, the edition of 2017', zh: '无, 2017版' },
    },
  },
  {
    name: 'kilobyteLength', clause: clause('§1'), default: 'false', readings: YES_NO,
    words: { en: 'accept a length field that counts kilobytes (bit 14)', zh: '接受以千字节为单位的长度域(bit14)' },
  },
  {
    name: 'fillerDigit', clause: clause('§1.2'), default: 'last',
    words: { en: 'where the F goes that fills a server address with an odd number of digits, when encoding', zh: '编码时奇数位服务器地址的补F位置' },
    readings: { last: { en: 'behind the last digit', zh: '末位之后' }, first: { en: 'before the first digit', zh: '首位之前' } },
  },
  {
    name: 'roadCells', clause: clause('§3.4'), default: 'auto',
    words: { en: 'how the columns of a ROAD stand in a record row', zh: '记录行中ROAD列的排列方式' },
    readings: {
      auto: { en: 'flat, and nested when flat does not end exactly', zh: '先按展开解析, 长度不符时按数组解析' },
      flat: { en: 'one cell a related OAD', zh: '每个关联OAD一个单元' },
      nested: { en: 'one array cell a ROAD', zh: '每个ROAD一个数组单元' },
    },
  },
  {
    name: 'securityResponseChoice1', clause: clause('§5'), default: 'sid-mac',
    words: { en: 'verification choice 1 of a SECURITY-Response', zh: 'SECURITY-Response验证信息的选项1' },
    readings: { 'sid-mac': { en: 'SID_MAC', zh: 'SID_MAC' }, 'refuse': { en: 'refused', zh: '拒绝' } },
  },
  {
    name: 'tail', clause: clause('§10'), default: 'tolerant',
    words: { en: 'FollowReport and TimeTag bytes that a meter leaves off, bytes behind the end', zh: '缺少的跟随上报、时间标签字节及末尾多余字节' },
    readings: { tolerant: { en: 'accepted and said', zh: '接受并指出' }, strict: { en: 'refused', zh: '拒绝' } },
  },
] as const satisfies readonly Setting[]

type SettingName = (typeof SETTINGS)[number]['name']
export type Dlt698Settings = Readonly<Record<SettingName, string>>

const DEFAULTS = Object.fromEntries(SETTINGS.map((setting) => [setting.name, setting.default])) as Dlt698Settings

/** All settings; what was not said, or said with a value that is none of the readings, has its default. */
export function dlt698Settings(said: Readonly<Record<string, unknown>> = {}): Dlt698Settings {
  const settings: Record<string, string> = { ...DEFAULTS }
  for (const { name, readings } of SETTINGS) {
    const value = String(said[name])
    if (Object.hasOwn(readings, value)) settings[name] = value
  }
  return settings as Dlt698Settings
}

/** The settings that concern the link frame, as decodeFrame takes them. */
export function frameOptions(settings: Dlt698Settings): FrameOptions & { fillerDigit: FillerDigit } {
  return {
    extendedLogical: settings.extendedLogical as ExtendedLogical,
    kilobyteLength: settings.kilobyteLength === 'true',
    fillerDigit: settings.fillerDigit as FillerDigit,
  }
}

/** The settings that concern the APDU, as decodeApdu takes them. */
export function apduOptions(settings: Dlt698Settings): DecodeApduOptions {
  return {
    roadCells: settings.roadCells as RoadCells,
    sidMacResponse: settings.securityResponseChoice1 === 'sid-mac',
    tolerant: settings.tail === 'tolerant',
  }
}
