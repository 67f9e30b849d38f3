import type { Cipher, Words } from './ciphers.js'
import type { KeyKind } from './key-kinds.js'

export type ChipKind = 'low-cost chip' | 'high-performance core' | 'none' | 'software security algorithm'

export interface ModulePolicy {
  module: string
  words: Words
  chip: ChipKind
  chipWords: Words
  algorithms: readonly Cipher[]
  keys: readonly KeyKind[]
  /** The module this one is paired and bound with by cryptography (M4.3). */
  boundTo?: 'management'
  /** What else holds for it. */
  access: Words
  row: 'M4.1'
}

const LOW_COST: Words = { en: 'low-cost security chip', zh: '低成本安全芯片' }

/** Table I. */
export const MODULES = [
  {
    module: 'metering', words: { en: 'metering module', zh: '计量模组' }, chip: 'low-cost chip', chipWords: LOW_COST, algorithms: ['SM1'], keys: ['chip-key'],
    boundTo: 'management', row: 'M4.1',
    access: { en: 'talks to the management module only, and only while the binding with it holds', zh: '仅与管理模组通信，且须保持绑定关系' },
  },
  {
    module: 'management', words: { en: 'management module', zh: '管理模组' }, chip: 'high-performance core', chipWords: { en: 'high-performance security core', zh: '高性能安全芯片' },
    algorithms: ['SM1', 'SM2', 'SM3', 'SM4'], keys: ['chip-key', 'sm2-certificate', 'device-key', 'session-key'], row: 'M4.1',
    access: { en: 'holds the sessions of all boundaries and decides which application and which device reaches what', zh: '承载各边界会话，决定应用与设备的访问权限' },
  },
  {
    module: 'carrier', words: { en: 'carrier module', zh: '载波模组' }, chip: 'none', chipWords: { en: 'no security chip', zh: '无安全芯片' }, algorithms: [], keys: [], row: 'M4.1',
    access: { en: 'carries protected bytes and is trusted with nothing', zh: '仅透传受保护的数据，不被信任' },
  },
  {
    module: 'expansion-a', words: { en: 'expansion module A', zh: '扩展模组 A' }, chip: 'low-cost chip', chipWords: LOW_COST, algorithms: ['SM1'], keys: ['chip-key'],
    boundTo: 'management', row: 'M4.1',
    access: { en: 'reaches the management module only, by permission, while the binding with it holds', zh: '仅在绑定有效且获授权时访问管理模组' },
  },
  {
    module: 'expansion-b', words: { en: 'expansion module B', zh: '扩展模组 B' }, chip: 'software security algorithm', chipWords: { en: 'software security algorithm', zh: '软件安全算法' },
    algorithms: ['SM2', 'SM3', 'SM4'], keys: ['sm2-certificate', 'device-key'], boundTo: 'management', row: 'M4.1',
    access: { en: 'as expansion module A; its keys are only as safe as its program', zh: '同扩展模组 A；密钥安全性取决于软件环境' },
  },
] as const satisfies readonly ModulePolicy[]
export type ModuleName = (typeof MODULES)[number]['module']

/** M4.2. */
export const SEAL = {
  words: { en: 'electronic seal', zh: '电子封印' },
  carrier: { en: 'RFID', zh: '射频识别' },
  algorithms: ['SM7'],
  keys: ['chip-key'],
  properties: [
    { en: 'locks itself', zh: '自锁' },
    { en: 'shows tampering', zh: '防篡改' },
    { en: 'cannot be counterfeited', zh: '防伪' },
  ],
  usedAt: [
    { en: 'factory', zh: '出厂' },
    { en: 'verification', zh: '检定' },
    { en: 'installation', zh: '安装' },
    { en: 'maintenance', zh: '维护' },
  ],
  row: 'M4.2',
} as const satisfies { words: Words; carrier: Words; algorithms: readonly Cipher[]; keys: readonly KeyKind[]; properties: readonly Words[]; usedAt: readonly Words[]; row: string }
