import { hmacSm3, sm2Kdf, sm3 } from '../sm3.js'
import { SM4_BLOCK, sm4CbcDecrypt, sm4CbcEncrypt, sm4Ctr, sm4EcbDecrypt, sm4EcbEncrypt, sm4Stream } from '../sm4/block.js'
import type { Padding } from '../sm4/block.js'
import { sm4CcmOpen, sm4CcmSeal } from '../sm4/ccm.js'
import { sm4Gcm } from '../sm4/gcm.js'
import { sm4CbcMac, sm4Cmac } from '../sm4/mac.js'
import { VectorFormatError } from './case.js'
import type { CaseReader } from './case.js'
import { accepted, equal, outcome } from './judge.js'
import type { VectorCheck } from './judge.js'

function runSm4(c: CaseReader, direction: 'encrypt' | 'decrypt', data: Buffer): Buffer {
  const encrypt = direction === 'encrypt'
  const key = c.bytes('key')
  const mode = c.text('mode')
  if (mode === 'ecb') return encrypt ? sm4EcbEncrypt(key, data) : sm4EcbDecrypt(key, data)
  if (mode === 'ctr') return sm4Ctr(key, c.bytes('iv'), data)
  if (mode === 'cfb' || mode === 'ofb') return sm4Stream(mode, direction, key, c.bytes('iv'), data)
  if (mode !== 'cbc') throw new VectorFormatError(`${c.id}: SM4 mode '${mode}' is not known`)
  const padding = c.text('padding') as Padding
  return (encrypt ? sm4CbcEncrypt : sm4CbcDecrypt)(key, c.bytes('iv'), data, padding)
}

/** One block encrypted again and again: the last block of CBC over zeros with the block as IV is the same thing. */
function iterated(c: CaseReader, rounds: number): Buffer {
  if (c.text('mode') !== 'ecb' || c.bytes('plaintext').length !== SM4_BLOCK)
    throw new VectorFormatError(`${c.id}: only one ECB block is iterated`)
  return sm4CbcEncrypt(c.bytes('key'), c.bytes('plaintext'), Buffer.alloc(rounds * SM4_BLOCK), 'none').subarray(-SM4_BLOCK)
}

function openAead(c: CaseReader): Buffer {
  const tag = c.bytes('tag')
  const length = c.has('tagLen') ? c.number('tagLen') : tag.length
  if (c.text('mode') === 'gcm') return sm4Gcm(c.bytes('key')).open(c.bytes('nonce'), c.bytes('aad'), c.bytes('ciphertext'), tag, length)
  return sm4CcmOpen(c.bytes('key'), c.bytes('nonce'), c.bytes('aad'), c.bytes('ciphertext'), tag, length)
}

/** SM3, HMAC, KDF and every SM4 section of a vector file. */
export const SYMMETRIC_CHECKS: Readonly<Record<string, VectorCheck>> = {
  sm3: (c) => {
    const message = c.has('repeat')
      ? Buffer.alloc(c.number('repeat') * c.bytes('repeatByte').length, c.bytes('repeatByte'))
      : c.bytes('msg')
    return [equal('digest', sm3(message), c.bytes('digest'))]
  },
  hmacSm3: (c) => [equal('mac', hmacSm3(c.bytes('key'), c.bytes('msg')), c.bytes('mac'))],
  sm2Kdf: (c) => [equal('out', sm2Kdf(c.bytes('z'), c.number('klen')), c.bytes('out'))],
  sm4: (c) => {
    const rounds = c.has('iterations') ? c.number('iterations') : 1
    const text = rounds === 1 ? runSm4(c, 'encrypt', c.bytes('plaintext')) : iterated(c, rounds)
    const back = rounds === 1 ? [equal('decryption', runSm4(c, 'decrypt', c.bytes('ciphertext')), c.bytes('plaintext'))] : []
    return [equal('encryption', text, c.bytes('ciphertext')), ...back]
  },
  sm4CbcMac: (c) => [equal('mac', sm4CbcMac(c.bytes('key'), c.bytes('msg')), c.bytes('mac'))],
  sm4Cmac: (c) => {
    const cmac = sm4Cmac(c.bytes('key'))
    return [outcome('mac', cmac.verify(c.bytes('mac'), c.bytes('msg')))]
  },
  sm4Aead: (c) => {
    const [key, nonce, aad, plaintext, length] = [
      c.bytes('key'),
      c.bytes('nonce'),
      c.bytes('aad'),
      c.bytes('plaintext'),
      c.number('tagLen'),
    ]
    const sealed =
      c.text('mode') === 'gcm' ? sm4Gcm(key).seal(nonce, aad, plaintext, length) : sm4CcmSeal(key, nonce, aad, plaintext, length)
    return [
      equal('ciphertext', sealed.ciphertext, c.bytes('ciphertext')),
      equal('tag', sealed.tag, c.bytes('tag')),
      equal('opened', openAead(c), plaintext),
    ]
  },
  sm4AeadInvalid: async (c) => [outcome('opened', await accepted(() => openAead(c)))],
  sm4CbcPkcs7Invalid: async (c) => [
    outcome('decrypted', await accepted(() => sm4CbcDecrypt(c.bytes('key'), c.bytes('iv'), c.bytes('ciphertext'), 'pkcs7'))),
  ],
}
