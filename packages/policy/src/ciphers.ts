/** A term in both languages. */
export interface Words {
  en: string
  zh: string
}

export const CIPHERS = ['SM1', 'SM2', 'SM3', 'SM4', 'SM7'] as const
export type Cipher = (typeof CIPHERS)[number]

/** Unpublished: they run inside a chip or a GM/T 0018 device and nowhere else. No program of this project computes them. */
export const HARDWARE_CIPHERS = ['SM1', 'SM7'] as const satisfies readonly Cipher[]
export type HardwareCipher = (typeof HARDWARE_CIPHERS)[number]

export function isHardwareCipher(cipher: Cipher): cipher is HardwareCipher {
  return (HARDWARE_CIPHERS as readonly Cipher[]).includes(cipher)
}

export interface CipherRole {
  cipher: Cipher
  type: 'symmetric' | 'asymmetric' | 'hash'
  typeWords: Words
  /** The length the table gives. */
  tableBits: number
  /** What keys (a hash: digests) really have. */
  bits: number
  /** What it is used for. */
  use: Words
  /** Row of the mission. */
  row: 'M5.5'
}

const SYMMETRIC: Words = { en: 'symmetric cipher', zh: '对称算法' }
const ENCRYPTION: Words = { en: 'data encryption', zh: '数据加密' }

/** Table IV. SM7 is named by M4.2 alone and has no row here. */
export const CIPHER_ROLES: readonly CipherRole[] = [
  { cipher: 'SM1', type: 'symmetric', typeWords: SYMMETRIC, tableBits: 128, bits: 128, use: ENCRYPTION, row: 'M5.5' },
  {
    cipher: 'SM2', type: 'asymmetric', typeWords: { en: 'asymmetric cipher', zh: '非对称算法' },
    // The table's figure is the strength; a key is a number of 256 bits.
    tableBits: 128, bits: 256, use: { en: 'identification', zh: '身份识别' }, row: 'M5.5',
  },
  {
    cipher: 'SM3', type: 'hash', typeWords: { en: 'hash', zh: '杂凑算法' },
    tableBits: 256, bits: 256, use: { en: 'signature and verification, together with SM2', zh: '数字签名与验签（与 SM2 配合）' }, row: 'M5.5',
  },
  { cipher: 'SM4', type: 'symmetric', typeWords: SYMMETRIC, tableBits: 128, bits: 128, use: ENCRYPTION, row: 'M5.5' },
]
