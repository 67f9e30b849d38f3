import { sm4CbcMac, sm4EcbEncrypt } from '@zhuzhan/gm-crypto'
import type { BlockCipher } from '../cipher/port.js'

/**
 * Something in the place of a chip, for tests of the port: a permutation that is neither SM4 nor SM1 (SM4 under another
 * key), whose keys stay behind it. It says nothing about SM1, which nobody can write down.
 */
export function standInChip(): BlockCipher & { readonly alive: number } {
  let alive = 0
  return {
    algorithm: 'SM1',
    get alive() {
      return alive
    },
    importKey: async (key) => {
      const own = Buffer.from(key.map((byte) => byte ^ 0xa5))
      alive++
      return {
        encrypt: async (blocks) => sm4EcbEncrypt(own, blocks),
        mac: async (blocks) => sm4CbcMac(own, blocks),
        erase: () => {
          own.fill(0)
          alive--
        },
      }
    },
  }
}
