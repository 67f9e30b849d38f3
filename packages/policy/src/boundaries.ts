import type { Cipher, Words } from './ciphers.js'
import type { KeyKind } from './key-kinds.js'

export interface PeerPolicy {
  peer: string
  words: Words
  /** First contact, where the table asks for one. */
  pairing?: 'QR'
  authentication: Cipher
  encryption: Cipher
  integrity: Cipher
  keys: readonly KeyKind[]
  /** Not under the grid's control: what it sends counts only after verification, decryption, filter and analysis. */
  outsideControl: boolean
  access: Words
  row: 'M5.1' | 'M5.2'
}

export interface BoundaryPolicy {
  boundary: string
  words: Words
  /** What comes before what. */
  order: Words
  peers: readonly PeerPolicy[]
}

const SWITCH_ACCESS: Words = { en: 'reports its own state and values and obeys the meter; reads nothing', zh: '上报自身状态与量值并执行电能表命令；不得读取' }

/** Tables II and III. Ours, not the tables': who is outside control on the Bluetooth side, key kinds, access. */
export const BOUNDARIES = [
  {
    boundary: 'bluetooth',
    words: { en: 'Bluetooth boundary', zh: '蓝牙边界' },
    order: { en: 'pairing by QR code, then identity authentication, then encrypted data with integrity', zh: '先二维码配对，再身份认证，后加密与完整性保护传输' },
    peers: [
      {
        peer: 'phone', words: { en: 'mobile phone', zh: '手机' }, pairing: 'QR', authentication: 'SM2', encryption: 'SM4', integrity: 'SM3',
        keys: ['pairing-code', 'sm2-certificate', 'session-key'], outsideControl: true, row: 'M5.1',
        access: { en: 'reads what the display shows; changes nothing', zh: '读取显示数据；不得修改' },
      },
      {
        peer: 'breaker', words: { en: 'circuit breaker', zh: '断路器' }, pairing: 'QR', authentication: 'SM4', encryption: 'SM4', integrity: 'SM4',
        keys: ['pairing-code', 'device-key', 'session-key'], outsideControl: false, access: SWITCH_ACCESS, row: 'M5.1',
      },
      {
        peer: 'sensor', words: { en: 'sensor', zh: '传感器' }, pairing: 'QR', authentication: 'SM4', encryption: 'SM4', integrity: 'SM4',
        keys: ['pairing-code', 'device-key', 'session-key'], outsideControl: false, row: 'M5.1',
        access: { en: 'reports its own values; reads and changes nothing', zh: '上报自身量值；不得读取与修改' },
      },
      {
        peer: 'handheld', words: { en: 'operating equipment (handheld)', zh: '作业终端（掌机）' }, pairing: 'QR', authentication: 'SM1', encryption: 'SM1', integrity: 'SM1',
        keys: ['pairing-code', 'chip-key', 'session-key'], outsideControl: false, row: 'M5.1',
        access: { en: 'reads, and brings the pairing codes of breakers and sensors; moves no relay', zh: '读取数据、录入断路器与传感器配对码；不得控制继电器' },
      },
    ],
  },
  {
    boundary: 'hplc',
    words: { en: 'HPLC boundary', zh: 'HPLC 边界' },
    order: { en: 'identity authentication, then encrypted data with integrity', zh: '先身份认证，后加密与完整性保护传输' },
    peers: [
      {
        peer: 'appliance', words: { en: 'smart appliance', zh: '智能家电' }, authentication: 'SM2', encryption: 'SM4', integrity: 'SM4',
        keys: ['sm2-certificate', 'session-key'], outsideControl: true, access: SWITCH_ACCESS, row: 'M5.2',
      },
      {
        peer: 'charging-pile', words: { en: 'charging pile', zh: '充电桩' }, authentication: 'SM2', encryption: 'SM4', integrity: 'SM4',
        keys: ['sm2-certificate', 'session-key'], outsideControl: true, access: SWITCH_ACCESS, row: 'M5.2',
      },
      {
        peer: 'modular-terminal', words: { en: 'modular terminal', zh: '模组化终端' }, authentication: 'SM2', encryption: 'SM4', integrity: 'SM4',
        keys: ['sm2-certificate', 'session-key'], outsideControl: false, row: 'M5.2',
        access: { en: 'carries frames of the master station, which have a protection of their own', zh: '转发主站报文，报文另有端到端保护' },
      },
    ],
  },
] as const satisfies readonly BoundaryPolicy[]

export type BoundaryName = (typeof BOUNDARIES)[number]['boundary']
export type PeerOf<B extends BoundaryName> = Extract<(typeof BOUNDARIES)[number], { boundary: B }>['peers'][number]['peer']
export type PeerName = PeerOf<BoundaryName>

/** Towards the master station. M5.3, M5.4: which of several is taken depends on the channel. */
export const DATA_PROTECTION = {
  storage: {
    words: { en: 'stored data', zh: '数据存储' },
    encrypted: { en: 'encrypted; particularly important data inside the chip', zh: '加密存储；特别重要的数据存于安全芯片内' },
    integrity: { en: 'a MAC by a symmetric algorithm', zh: '对称算法 MAC' },
    integrityType: 'symmetric',
    row: 'M5.4',
  },
  transmission: {
    words: { en: 'transmitted data', zh: '数据传输' },
    encryption: ['SM1', 'SM4'],
    integrity: ['SM1', 'SM3', 'SM4'],
    chosenBy: { en: 'by channel', zh: '按信道' },
    row: 'M5.4',
  },
  northbound: {
    words: { en: 'to the master station', zh: '至主站' },
    rule: { en: 'the meter packs legal business data anew and protects it with the session key it negotiated with the master station', zh: '电能表对合法业务数据重新封装，并以与主站协商的会话密钥保护' },
    row: 'M5.3',
  },
} as const
