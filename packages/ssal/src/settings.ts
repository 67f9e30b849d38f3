import type { Setting } from '@zhuzhan/codec'

const clause = 'type1-gateway-and-hplc.md §2'
const auto = { en: 'the reading that fits: a checksum or the end of the content decides', zh: '自动:由校验或内容结尾判定' }

/** What the reference leaves open about the link. What was chosen is written into the JSON, so that encoding needs no settings. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'sequenceOrder', clause, default: 'little',
    words: { en: 'byte order of SEQ, which no source states', zh: 'SEQ的字节序' },
    readings: { little: { en: 'low byte first, as L and C', zh: '低字节在前' }, big: { en: 'high byte first', zh: '高字节在前' } },
  },
  {
    name: 'terminalLength', clause, default: 'auto',
    words: { en: 'what D3-D0 of the DA length byte count', zh: 'DA长度字节低4位的含义' },
    readings: {
      auto,
      'minus-one': { en: 'bytes of the terminal address minus 1 (terminal C code)', zh: '终端地址长度减1' },
      length: { en: 'bytes of the terminal address (Java code)', zh: '终端地址长度' },
    },
  },
  {
    name: 'ludLength', clause, default: 'auto',
    words: { en: 'what the length of the LUD counts when there is a return code', zh: '有返回码时LUD长度的含义' },
    readings: {
      auto,
      content: { en: 'the content only (C code)', zh: '仅内容' },
      'return-code-and-content': { en: 'the return code too', zh: '含返回码' },
    },
  },
  {
    name: 'subFrame', clause, default: 'reserved',
    words: { en: 'FC D5, and whether it announces a sub-packet', zh: 'FC的D5位' },
    readings: {
      reserved: { en: 'reserved: the content is whole', zh: '保留' },
      'sub-packet': { en: 'sub-frame: the content begins with total and index, 2 bytes each, low byte first', zh: '分包:内容前为总数和序号' },
    },
  },
  {
    name: 'fieldLength', clause, default: 'auto',
    words: { en: 'size of the length before each field of a terminal-information reply, which no source states', zh: '终端信息各字段长度的字节数' },
    readings: {
      auto,
      u8: { en: 'one byte', zh: '1字节' },
      u16le: { en: 'two bytes, low byte first', zh: '2字节,低字节在前' },
      u16be: { en: 'two bytes, high byte first', zh: '2字节,高字节在前' },
    },
  },
  {
    name: 'materialLength', clause, default: 'auto',
    words: { en: 'byte order of the 2-byte lengths before M, S and the certificate in types 3, 10 and 11', zh: '协商报文中长度的字节序' },
    readings: {
      auto,
      u16le: { en: 'low byte first', zh: '低字节在前' },
      u16be: { en: 'high byte first', zh: '高字节在前' },
    },
  },
  {
    name: 'sessionBodies', clause, default: 'auto',
    words: { en: 'which of certificate, M3 and S3 stand in types 10 and 11', zh: '会话申请与会话确认的内容' },
    readings: {
      auto,
      apart: { en: 'the certificate in 10, M3 and S3 in 11', zh: '10为证书,11为M3和S3' },
      together: { en: 'all three in both', zh: '两者均含三项' },
    },
  },
]

/** The value of a setting, its default when none of its readings is given. */
export function settingOf(settings: Readonly<Record<string, unknown>> | undefined, name: string): string {
  const setting = SETTINGS.find((one) => one.name === name)!
  const value = settings?.[name]
  return typeof value === 'string' && Object.hasOwn(setting.readings, value) ? value : setting.default
}
