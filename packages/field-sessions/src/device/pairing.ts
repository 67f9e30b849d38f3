import { HesError } from '@zhuzhan/core'
import { authFailed, equalBytes } from '@zhuzhan/gm-crypto'
import type { Sm2KeyPair } from '@zhuzhan/gm-crypto'
import type { BlockKey } from '../cipher/port.js'
import { cipherFor } from '../cipher/port.js'
import type { FieldContext } from '../message.js'
import { acceptPairBlock, acceptPairSm2, bare, linkOfBlock, linkOfSm2, makePairBlock, makePairSm2 } from '../pairing.js'
import { fingerprintOf } from '../pairing-code.js'
import type { PairingCode } from '../pairing-code.js'
import type { Belonging, FieldDeviceOptions } from './types.js'

/** The device's part of one pairing. §6.1 */
export interface Pairing {
  context: FieldContext
  /** Body of PAIR-REQUEST. */
  request: Buffer
  /** @throws HesError AUTH_FAILED, DecodeError */
  answer(body: Uint8Array): Promise<Belonging>
}

/** @throws HesError BODY_INVALID for a code that is not for this device */
export async function createPairingAttempt(options: FieldDeviceOptions, context: FieldContext, code: PairingCode): Promise<Pairing> {
  const { kind, pid, identity, deviceKey, random } = options
  if (code.kind !== kind || (code.shownBy === 'device' && !code.id.equals(pid))) throw new HesError('BODY_INVALID', 'This code is for another device.')
  const nonce = random(16)
  if (context.suite.authentication === 'sm2') return withSm2(options, context, code, need(identity), nonce)
  return withBlock(options, context, code, need(deviceKey), nonce)
}

function need<T>(key: T | undefined): T {
  if (key === undefined) throw new HesError('STATE_CONFLICT', 'The device lacks its own key.')
  return key
}

async function withSm2({ engine }: FieldDeviceOptions, c: FieldContext, { secret, fingerprint, shownBy }: PairingCode, own: Sm2KeyPair, nonce: Buffer): Promise<Pairing> {
  const request = await makePairSm2(engine, 'request', c, secret, own, nonce)
  return {
    context: c,
    request,
    async answer(body) {
      const meter = await acceptPairSm2(engine, 'answer', c, secret, body, request)
      // The code names the meter's key: another meter that also saw the code is not it.
      if (shownBy === 'meter' && !equalBytes(fingerprintOf(bare(meter.publicKey)), fingerprint)) throw authFailed()
      return { mid: Buffer.from(c.mid), meterKey: meter.publicKey, link: linkOfSm2(c, secret, { nonce, publicKey: own.publicKey }, meter) }
    },
  }
}

async function withBlock({ ciphers }: FieldDeviceOptions, c: FieldContext, { secret }: PairingCode, deviceKey: BlockKey, nonce: Buffer): Promise<Pairing> {
  const cipher = cipherFor(c.suite.decision.authentication, ciphers)
  const request = await makePairBlock(cipher, 'request', c, deviceKey, secret, nonce)
  return {
    context: c,
    request,
    async answer(body) {
      const { nonce: nM } = await acceptPairBlock(cipher, 'answer', c, deviceKey, secret, body, request)
      return { mid: Buffer.from(c.mid), link: await linkOfBlock(cipher, c, deviceKey, secret, nonce, nM) }
    },
  }
}
