import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Sm2Agreed, Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { prf } from './keys.js'
import { erase } from './session-keys.js'

/** Static SM2 keys of mode F, held as bytes or in a device. §7.3 */

const KEY_LENGTH = 16

/** One side's static key as this code needs it: a soft key pair here, an HSM reference elsewhere. */
export interface StaticKey {
  publicKey: Uint8Array
  /** r || s over the message with the 16-byte default ID. */
  sign(message: Uint8Array): Promise<Buffer>
  /** GB/T 32918.3 with the static private key. */
  agree(exchange: {
    initiator: boolean
    id: Uint8Array
    ephemeral: Sm2KeyPair
    peer: { publicKey: Uint8Array; id: Uint8Array; ephemeral: Uint8Array }
  }): Promise<Sm2Agreed>
}

/** A static key held as bytes. */
export function softStaticKey(engine: Sm2Engine, pair: { privateKey: Uint8Array; publicKey: Uint8Array }): StaticKey {
  return {
    publicKey: pair.publicKey,
    sign: (message) => engine.sign(pair.privateKey, SM2_DEFAULT_ID, message),
    agree: ({ initiator, id, ephemeral, peer }) =>
      engine.agree({ initiator, own: { ...pair, id, ephemeral }, peer, keyLength: KEY_LENGTH }),
  }
}

/** The other side of an exchange: static key, ID and ephemeral point R, points as 65 bytes. */
export interface AgreementPeer {
  publicKey: Uint8Array
  id: Uint8Array
  ephemeral: Uint8Array
}

/** K of a finished exchange. In a device it never becomes bytes here: it is a PRF key and nothing else. */
export interface AgreedKey {
  /** PRF(K, label, ctx48). §7.1 */
  prf(name: string, context: Uint8Array): Promise<Buffer>
  /**
   * SB of GB/T 32918.3. `undefined` where the key lies in a GM/T 0018 device, whose calls do not give it: then the signature
   * over T2 answers for RB and the first record confirms K, as it does for SA anyway.
   */
  sB: Buffer | undefined
  erase(): void
}

/** An exchange begun as A. The private part of RA is here or in a device; `discard` forgets it, also after `complete`. */
export interface Agreement {
  /** RA, 65 bytes. */
  readonly ephemeral: Buffer
  /** @throws HesError AUTH_FAILED for a point off the curve or U at infinity */
  complete(peer: AgreementPeer): Promise<AgreedKey>
  discard(): void
}

/** The station's static key: the same verbs whether its bytes lie in memory or in a device. */
export interface StationKey extends Pick<StaticKey, 'publicKey' | 'sign'> {
  /** Begin GB/T 32918.3 as A, with a fresh RA. */
  initiate(id: Uint8Array): Promise<Agreement>
  /** Answer as B in one step, with a fresh RB. @throws HesError AUTH_FAILED */
  respond(id: Uint8Array, peer: AgreementPeer): Promise<{ ephemeral: Buffer; key: AgreedKey }>
}

function softAgreedKey({ key, sB }: Sm2Agreed): AgreedKey {
  return { prf: async (name, context) => prf(key, name, context), sB, erase: () => erase(key) }
}

/** A station key held as bytes. */
export function softStationKey(engine: Sm2Engine, pair: { privateKey: Uint8Array; publicKey: Uint8Array }): StationKey {
  const own = softStaticKey(engine, pair)
  return {
    publicKey: own.publicKey,
    sign: own.sign,
    initiate: async (id) => softAgreement(own, id, await engine.generateKeyPair()),
    async respond(id, peer) {
      const ephemeral = await engine.generateKeyPair()
      const key = softAgreedKey(await own.agree({ initiator: false, id, ephemeral, peer }))
      erase(ephemeral.privateKey)
      return { ephemeral: ephemeral.publicKey, key }
    },
  }
}

/** An exchange whose RA is held as bytes. */
export function softAgreement(own: StaticKey, id: Uint8Array, ephemeral: Sm2KeyPair): Agreement {
  return {
    ephemeral: ephemeral.publicKey,
    complete: async (peer) => softAgreedKey(await own.agree({ initiator: true, id, ephemeral, peer })),
    discard: () => erase(ephemeral.privateKey),
  }
}
