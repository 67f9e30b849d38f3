import type { Words } from './ciphers.js'

/** What kinds of keys the boundaries and modules need. Our own wording: the tables name algorithms only. */
export const KEY_KINDS = {
  'pairing-code': { en: 'one-time secret in a QR code, for pairing only', zh: '二维码中的一次性配对秘密' },
  'sm2-certificate': { en: 'own SM2 key pair, the public key known to the meter by certificate or pairing', zh: '自有 SM2 密钥对，公钥经证书或配对为电能表所知' },
  'device-key': { en: 'symmetric key of the one device, 128 bit, diversified from a root key', zh: '由根密钥分散的设备对称密钥，128 位' },
  'chip-key': { en: 'the same inside a chip; it never leaves it', zh: '安全芯片内的设备密钥，不可导出' },
  'session-key': { en: 'key of one session and direction, in volatile memory', zh: '会话密钥，按方向区分，仅存于易失存储器' },
} as const satisfies Record<string, Words>
export type KeyKind = keyof typeof KEY_KINDS
