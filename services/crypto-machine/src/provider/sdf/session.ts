import type { Sm2Ciphertext } from '@zhuzhan/gm-crypto'
import type { CipherName } from '../provider.js'
import {
  cipherSize,
  decodeCipher,
  decodePublicKey,
  decodeSignature,
  deviceInfoSize,
  encodePublicKey,
  encodeSignature,
  publicKeySize,
  readDeviceInfo,
  signatureSize,
} from './layout.js'
import { FUNCTIONS } from './library/functions.js'
import type { FunctionName } from './library/functions.js'
import type { Library } from './library/process.js'
import { SdfFailure } from './library/return-codes.js'
import { algorithmId } from './model.js'
import type { CipherMode, SdfModel } from './model.js'

export const KEY_BITS = 128
const KEY_BYTES = KEY_BITS / 8

/** Where a symmetric key of the device comes from: wrapped under a KEK, or stored by index. */
export type KeySource = { kek: number; wrapped: Buffer } | { stored: number }

/** The other side of GB/T 32918.3; points are 65 bytes. */
export interface PeerParts {
  id: Uint8Array
  publicKey: Uint8Array
  ephemeral: Uint8Array
}

/**
 * One session of the device, for one user at a time. Every function throws SdfFailure. Handles of keys and agreements
 * belong to their session and die with it.
 */
export interface SdfSession {
  info(): Promise<{ issuer: string; name: string; serial: string }>
  random(length: number): Promise<Buffer>
  publicKey(index: number, pair: 'signing' | 'encryption'): Promise<Buffer>
  /** r || s over the 32-byte e. */
  sign(index: number, e: Uint8Array): Promise<Buffer>
  /** The point lies on the curve, r and s are in range: checked by the caller. */
  verify(publicKey: Uint8Array, e: Uint8Array, signature: Uint8Array): Promise<boolean>
  /** A new key, wrapped under a KEK. The caller destroys the handle, of this and the next. */
  newWrappedKey(kek: number): Promise<{ handle: bigint; wrapped: Buffer }>
  /** A new key whose value the holder of this SM2 key can read: what self-tests are made of. */
  newKeyFor(publicKey: Uint8Array): Promise<{ handle: bigint; wrapped: Sm2Ciphertext }>
  /** Handle of a key under this name, loaded once in the life of the session. */
  key(name: string, source: KeySource): Promise<bigint>
  destroyKey(handle: bigint): Promise<void>
  /** Whole blocks. MAC: one block. */
  cipher(key: bigint, order: CipherCall): Promise<Buffer>
  beginAgreement(index: number, id: Uint8Array): Promise<{ publicKey: Buffer; ephemeral: Buffer; agreement: bigint }>
  finishAgreement(agreement: bigint, peer: PeerParts): Promise<bigint>
  answerAgreement(index: number, id: Uint8Array, peer: PeerParts): Promise<{ publicKey: Buffer; ephemeral: Buffer; key: bigint }>
  close(): Promise<void>
}

export interface CipherCall {
  algorithm: CipherName
  mode: CipherMode
  decrypt?: boolean
  /** One block; zeros without it. */
  iv?: Uint8Array | undefined
  data: Uint8Array
}

export interface Access {
  /** SM2 key indexes used, each with its password. */
  privateKeys: ReadonlyMap<number, Uint8Array>
}

/** Open a session and take the right to use the private keys. @throws SdfFailure */
export async function openSession(library: Library, device: bigint, model: SdfModel, { privateKeys }: Access): Promise<SdfSession> {
  const [session] = await library.call('openSession', device)
  const keys = new Map<string, bigint>()
  const close = async (): Promise<void> => {
    await library.call('closeSession', session).catch(() => undefined)
  }
  try {
    for (const [index, password] of privateKeys) await library.call('accessRight', session, index, password, password.length)
  } catch (error) {
    await close()
    throw error
  }

  const load = async (source: KeySource): Promise<bigint> => {
    if ('stored' in source) return (await library.call('storedKey', session, source.stored))[0]
    return (await library.call('importUnderKek', session, model.kek.algorithm, source.kek, source.wrapped, source.wrapped.length))[0]
  }
  const symbol = (name: FunctionName): string => FUNCTIONS[name][0]
  const point = (bytes: Buffer, name: FunctionName): Buffer => decodePublicKey(model, bytes, symbol(name))

  return {
    info: async () => readDeviceInfo((await library.call('deviceInfo', session, deviceInfoSize))[0]),
    random: async (length) => (await library.call('random', session, length, length))[0],
    async publicKey(index, pair) {
      const name = pair === 'signing' ? 'exportSigningKey' : 'exportEncryptionKey'
      return point((await library.call(name, session, index, publicKeySize(model)))[0], name)
    },
    async sign(index, e) {
      return decodeSignature(model, (await library.call('sign', session, index, e, e.length, signatureSize(model)))[0], symbol('sign'))
    },
    async verify(publicKey, e, signature) {
      try {
        const key = encodePublicKey(model, publicKey)
        await library.call('verify', session, model.sm2.sign, key, e, e.length, encodeSignature(model, signature))
        return true
      } catch (error) {
        if (error instanceof SdfFailure && error.result === 'SDR_VERIFYERR') return false
        throw error
      }
    },
    async newWrappedKey(kek) {
      const room = model.kek.wrappedBytes
      const [bytes, length, handle] = await library.call('newKeyUnderKek', session, KEY_BITS, model.kek.algorithm, kek, room, room)
      if (length < KEY_BYTES || length > room) throw new SdfFailure('device', symbol('newKeyUnderKek'), 'layout')
      return { handle, wrapped: bytes.subarray(0, length) }
    },
    async newKeyFor(publicKey) {
      const size = cipherSize(model, KEY_BYTES)
      const key = encodePublicKey(model, publicKey)
      const [bytes, handle] = await library.call('newKeyForPublicKey', session, KEY_BITS, model.sm2.encrypt, key, size)
      return { handle, wrapped: decodeCipher(model, bytes, KEY_BYTES, symbol('newKeyForPublicKey')) }
    },
    async key(name, source) {
      const known = keys.get(name)
      if (known !== undefined) return known
      const handle = await load(source)
      keys.set(name, handle)
      return handle
    },
    destroyKey: async (handle) => {
      await library.call('destroyKey', session, handle)
    },
    async cipher(key, { algorithm, mode, decrypt, iv, data }) {
      const block = model.ciphers[algorithm]?.block ?? 16
      // A copy for every call: some libraries write the next IV over the one they were given.
      const start = iv ? Buffer.from(iv) : Buffer.alloc(block)
      const size = mode === 'mac' ? block : data.length
      const name = mode === 'mac' ? 'mac' : decrypt ? 'decrypt' : 'encrypt'
      const [bytes, length] = await library.call(name, session, key, algorithmId(model, algorithm, mode), start, data, data.length, size, size)
      if (length !== size) throw new SdfFailure('device', symbol(name), 'layout')
      return bytes
    },
    async beginAgreement(index, id) {
      const size = publicKeySize(model)
      const [own, ephemeral, agreement] = await library.call('beginAgreement', session, index, KEY_BITS, id, id.length, size, size)
      return { publicKey: point(own, 'beginAgreement'), ephemeral: point(ephemeral, 'beginAgreement'), agreement }
    },
    async finishAgreement(agreement, { id, publicKey, ephemeral }) {
      const peer = [encodePublicKey(model, publicKey), encodePublicKey(model, ephemeral)] as const
      return (await library.call('finishAgreement', session, id, id.length, ...peer, agreement))[0]
    },
    async answerAgreement(index, id, { id: peerId, publicKey, ephemeral }) {
      const size = publicKeySize(model)
      const peer = [encodePublicKey(model, publicKey), encodePublicKey(model, ephemeral)] as const
      const [own, fresh, key] = await library.call(
        ...(['answerAgreement', session, index, KEY_BITS, id, id.length, peerId, peerId.length, ...peer, size, size] as const),
      )
      return { publicKey: point(own, 'answerAgreement'), ephemeral: point(fresh, 'answerAgreement'), key }
    },
    close,
  }
}
