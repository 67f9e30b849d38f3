import type { Words } from '@zhuzhan/codec'

/** What one nibble of a security-mode word allows; several bits may be set (UNSURE: they act as "at least"). Reference §5.3. */
const PROTECTIONS: readonly (readonly [bit: number, name: Protection, words: Words])[] = [
  [8, 'plain', { en: 'plaintext', zh: '明文' }],
  [4, 'plain-mac', { en: 'plaintext with MAC', zh: '明文+MAC' }],
  [2, 'cipher', { en: 'ciphertext', zh: '密文' }],
  [1, 'cipher-mac', { en: 'ciphertext with MAC', zh: '密文+MAC' }],
]

export type Protection = 'plain' | 'plain-mac' | 'cipher' | 'cipher-mac'

/** What a security-mode word (F101 attribute 3) allows for reading, setting, operating and, UNSURE which, proxy or report. An empty list: not used. */
export interface SecurityMode {
  get: Protection[]
  set: Protection[]
  action: Protection[]
  last: Protection[]
}

const SERVICES: readonly (readonly [key: keyof SecurityMode, shift: number, words: Words])[] = [
  ['get', 12, { en: 'reading', zh: '读取' }], ['set', 8, { en: 'setting', zh: '设置' }], ['action', 4, { en: 'operating', zh: '操作' }],
  ['last', 0, { en: 'proxy or report', zh: '代理或上报' }],
]

/** Bits 15-12 reading, 11-8 setting, 7-4 operating, 3-0 the last one. One source, reference §5.3. */
export function securityMode(word: number): SecurityMode {
  const of = (shift: number) => PROTECTIONS.filter(([bit]) => ((word >> shift) & bit) !== 0).map(([, name]) => name)
  return { get: of(12), set: of(8), action: of(4), last: of(0) }
}

/** The same in words: `reading plaintext, setting ciphertext with MAC`. */
export function securityModeWords(word: number): Words {
  const mode = securityMode(word)
  const of = (language: 'en' | 'zh') => SERVICES.filter(([key]) => mode[key].length > 0).map(([key, , words]) =>
    `${words[language]} ${PROTECTIONS.filter(([, name]) => mode[key].includes(name)).map(([, , protection]) => protection[language]).join('/')}`).join(', ')
  return { en: of('en'), zh: of('zh') }
}

/** Chip commands seen as SID, one source each but the first (two). Reference §5.1. */
export const SIDS: Readonly<Record<string, Words>> = {
  '801C3110': { en: 'plaintext with MAC, downlink', zh: '下行明文+MAC' },
  '801C3310': { en: 'ciphertext with MAC, downlink', zh: '下行密文+MAC' },
  '801C0011': { en: 'response plaintext with MAC', zh: '应答明文+MAC' },
  '801C0096': { en: 'response ciphertext', zh: '应答密文' },
  '801C0097': { en: 'response ciphertext with MAC', zh: '应答密文+MAC' },
  '80140103': { en: 'random with MAC for reports', zh: '上报随机数+MAC' },
  '800E4002': { en: 'MAC for the answer to a read with random', zh: '随机数读取应答MAC' },
  '80020000': { en: 'session negotiation', zh: '会话协商' },
  '80040010': { en: 'random of 16 bytes', zh: '取16字节随机数' },
  '803600FF': { en: 'chip information', zh: '芯片信息' },
  '8036000B': { en: 'certificate', zh: '证书' },
  '8036000C': { en: 'certificate', zh: '证书' },
  '800E4887': { en: "check of a meter's reply, plaintext with MAC", zh: '验证电能表明文+MAC应答' },
  '800C4807': { en: "check of a meter's reply, ciphertext", zh: '验证电能表密文应答' },
  '80124807': { en: "check of a meter's reply, ciphertext with MAC", zh: '验证电能表密文+MAC应答' },
}
