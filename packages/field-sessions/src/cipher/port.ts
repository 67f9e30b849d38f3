import { HesError } from '@zhuzhan/core'
import type { DecidedCipher } from '@zhuzhan/policy'

export const BLOCK = 16

/**
 * A key inside a block cipher: all that a low-cost chip or a GM/T 0018 device offers. Everything FSP-1 computes with a
 * symmetric key is built on these two, so that SM1, which nobody can write down, needs no more than its hardware.
 */
export interface BlockKey {
  /** Each block by itself (ECB). @throws RangeError unless whole blocks */
  encrypt(blocks: Uint8Array): Promise<Buffer>
  /** CBC-MAC, IV 0, 16 bytes. @throws RangeError unless whole blocks, at least one */
  mac(blocks: Uint8Array): Promise<Buffer>
  /** The key is not needed any more. */
  erase(): void
}

/** A block cipher with keys of 16 bytes and blocks of 16 bytes. */
export interface BlockCipher {
  readonly algorithm: 'SM4' | 'SM1'
  importKey(key: Uint8Array): Promise<BlockKey>
}

/** What a side of a boundary has to compute with. SM1 is there only where its hardware is. */
export interface CipherProviders {
  sm4: BlockCipher
  sm1?: BlockCipher
}

/** The cipher that carries a decision out. @throws HesError PROFILE_REFUSED where only hardware could and there is none */
export function cipherFor(decided: DecidedCipher, providers: CipherProviders): BlockCipher {
  if (decided.runs === 'SM4') return providers.sm4
  if (decided.runs === 'SM1' && decided.available && providers.sm1?.algorithm === 'SM1') return providers.sm1
  throw new HesError('PROFILE_REFUSED', `${decided.runs} is not available as a block cipher here.`, { cipher: decided.runs })
}
