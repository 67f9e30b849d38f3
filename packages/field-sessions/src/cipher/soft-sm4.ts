import { sm4CbcMac, sm4EcbEncrypt } from '@zhuzhan/gm-crypto'
import { erase, exactly } from '../bytes.js'
import type { BlockCipher } from './port.js'

/** SM4 in this process. */
export const softSm4: BlockCipher = {
  algorithm: 'SM4',
  importKey: async (key) => {
    const own = Buffer.from(exactly(16, key, 'SM4 key'))
    return { encrypt: async (blocks) => sm4EcbEncrypt(own, blocks), mac: async (blocks) => sm4CbcMac(own, blocks), erase: () => erase(own) }
  },
}
