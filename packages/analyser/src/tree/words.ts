import type { Words } from '@zhuzhan/codec'

export type Language = 'en' | 'zh' | 'both'

/** A term in the language asked for. Both: English first, once when they are the same. */
export function say({ en, zh }: Words, language: Language): string {
  if (language === 'en' || en === zh) return en
  return language === 'zh' ? zh : `${en} ${zh}`
}

/** Sentences of the tree. */
export const SAID = {
  bytes: (count: number): Words => ({ en: count === 1 ? '1 byte' : `${count} bytes`, zh: `${count}字节` }),
  none: { en: 'none', zh: '无' },
  yes: { en: 'yes', zh: '是' },
  no: { en: 'no', zh: '否' },
  values: { en: 'values', zh: '数据' },
  noValue: { en: 'no value', zh: '无数据' },
  unread: { en: 'not read', zh: '未解析' },
  broken: { en: 'broken', zh: '有误' },
  nothing: { en: 'no frame', zh: '不是报文' },
  size: (declared: number, given: number): Words => ({ en: `the length field says ${declared} bytes, ${given} are here`, zh: `长度域表示${declared}字节,实有${given}字节` }),
  expected: { en: 'expected', zh: '应为' },
} as const

const EXPECTED: readonly (readonly [RegExp, string])[] = [
  [/^one more byte$/, '还需1字节'],
  [/^(\d+) more bytes$/, '还需$1字节'],
  [/^the end$/, '应已结束'],
  [/^the HCS$/, '帧头校验HCS'],
  [/^the FCS$/, '帧校验FCS'],
  [/^the checksum$|^the sum$|^CS$|^the CS$/, '校验和CS'],
  [/^L = (\d+)$/, '长度域L应为$1'],
  [/^a known service$/, '已知的服务类型'],
  [/^a frame$/, '报文'],
  [/^68 or 98, the start of a frame$/, '报文起始字符68或98'],
  [/^at most (\d+) levels$/, '最多$1层嵌套'],
  [/^at most (\d+) elements$/, '最多$1个元素'],
  [/^hexadecimal digits in pairs$/, '成对的十六进制数字'],
]

/** What was expected, as errors say it; Chinese where the saying is a common one. */
export function expectedWords(expected: string): Words {
  const [pattern, zh] = EXPECTED.find(([one]) => one.test(expected)) ?? []
  return { en: expected, zh: pattern === undefined ? expected : expected.replace(pattern, zh!) }
}
