import { decodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import {
  acceptAnswerS, acceptConnectF, acceptConnectS, authenticatedAddressOfNumber, completeAnswerF, handshakeKeys, prf, sessionKeysS, softStaticKey,
} from '@zhuzhan/osp1'
import type { DeviceKeys, SessionKeys } from '@zhuzhan/osp1'

/**
 * Knows the session keys of virtual devices without asking anybody for them: from the device's own keys, the CONNECT on the
 * wire and, in mode F, the ephemeral key the device drew from this engine.
 */
export interface SessionWitness {
  /** The engine devices must use, so that their ephemeral keys are known. */
  engine: Sm2Engine
  /** ASCTR of a CONNECT-Request, genuine or not worth an error. @throws HesError AUTH_FAILED */
  asctrOf(keys: DeviceKeys, clientAddress: number, request: Uint8Array): Promise<number>
  /** Keys of the session that this accepted CONNECT made. @throws HesError AUTH_FAILED */
  keysOf(keys: DeviceKeys, clientAddress: number, request: Uint8Array, response: Uint8Array): Promise<SessionKeys>
}

export function sessionWitness(engine: Sm2Engine): SessionWitness {
  const drawn = new Map<string, Sm2KeyPair>()
  const watched: Sm2Engine = {
    ...engine,
    async generateKeyPair() {
      const pair = await engine.generateKeyPair()
      drawn.set(pair.publicKey.toString('hex'), { privateKey: Buffer.from(pair.privateKey), publicKey: Buffer.from(pair.publicKey) })
      return pair
    },
  }

  const asked = (keys: DeviceKeys, clientAddress: number, bytes: Uint8Array) => {
    const request = decodeApdu(bytes)
    if (request.apdu !== 'connect-request' || (request.mechanism.kind !== 'symmetric' && request.mechanism.kind !== 'signature')) throw new Error('no CONNECT')
    const { dispersion, stationId } = keys
    const context = { clientAddress, ad: authenticatedAddressOfNumber(keys.address), dispersion, stationId, header1: encodeConnectHeader(request.header) }
    return { context, fields: request.mechanism }
  }
  const stationOf = ({ sm2 }: DeviceKeys) => {
    if (!sm2) throw new Error('not a device of mode F')
    return { ...sm2, own: { privateKey: sm2.privateKey, publicKey: sm2.certificate.publicKey } }
  }

  return {
    engine: watched,
    async asctrOf(keys, clientAddress, bytes) {
      const { context, fields } = asked(keys, clientAddress, bytes)
      if (keys.mode === 'S') return acceptConnectS(handshakeKeys(keys.keys.session, keys.dispersion), context, fields).asctr
      return (await acceptConnectF(engine, stationOf(keys).stationCertificate.publicKey, context, fields)).asctr
    },
    async keysOf(keys, clientAddress, requestBytes, responseBytes) {
      const { context, fields } = asked(keys, clientAddress, requestBytes)
      const response = decodeApdu(responseBytes)
      if (response.apdu !== 'connect-response' || !response.security) throw new Error('no accepted CONNECT')
      const header2 = encodeConnectHeader(response.header)
      if (keys.mode === 'S') {
        const handshake = handshakeKeys(keys.keys.session, keys.dispersion)
        const sent = acceptConnectS(handshake, context, fields)
        const { r2 } = acceptAnswerS(handshake, context, header2, fields, response.security, sent)
        return sessionKeysS(keys.keys.session, context, header2, fields, response.security, { ...sent, r2 })
      }
      const { own, stationCertificate, certificate } = stationOf(keys)
      const { asctr, rA } = await acceptConnectF(engine, stationCertificate.publicKey, context, fields)
      const rB = drawn.get(`04${response.security.rn.subarray(5, 69).toString('hex')}`)
      if (!rB) throw new Error('this device uses another engine')
      const peer = { publicKey: stationCertificate.publicKey, id: keys.stationId, ephemeral: rA }
      const agreed = await softStaticKey(engine, own).agree({ initiator: false, id: keys.dispersion, ephemeral: rB, peer })
      const asMeter = {
        ephemeral: rA,
        complete: async () => ({ prf: async (name: string, ctx: Uint8Array) => prf(agreed.key, name, ctx), sB: agreed.sB, erase: () => undefined }),
        discard: () => undefined,
      }
      const { keys: made } = await completeAnswerF(engine, asMeter, certificate.publicKey, context, header2, fields, response.security, asctr)
      return made
    },
  }
}
