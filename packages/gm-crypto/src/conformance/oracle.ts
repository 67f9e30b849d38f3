import { createRequire } from 'node:module'

interface SmCrypto {
  sm2: {
    doSignature(m: number[], d: string, o: object): string
    doVerifySignature(m: number[], s: string, p: string, o: object): boolean
    doEncrypt(m: number[], p: string, order: 0 | 1): string
    doDecrypt(c: string, d: string, order: 0 | 1, o: object): number[]
  }
  sm3(m: number[]): string
  sm4: { encrypt(m: number[], key: number[], o: object): string }
}

/** sm-crypto as an independent oracle, in tests only. It takes hex or number arrays and has no `04` prefix on ciphertexts. */
export const oracle = createRequire(import.meta.url)('sm-crypto') as SmCrypto

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
