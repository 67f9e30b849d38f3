import { decode, encode } from '@zhuzhan/codec'
import { HesError } from '@zhuzhan/core'
import { authFailed } from '@zhuzhan/gm-crypto'
import type { Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { erase, zeros } from '../bytes.js'
import { cipherFor } from '../cipher/port.js'
import { checkAcceptBlock, makeAuthBlock, sessionKeysBlock, withLinkKeys } from '../handshake-block.js'
import { acceptAcceptSm2, makeAuthSm2 } from '../handshake-sm2.js'
import { Challenge, Hello } from '../message.js'
import type { FieldContext } from '../message.js'
import { orRefused } from '../refusal.js'
import type { SessionKeys } from '../record.js'
import type { Belonging, FieldDeviceOptions } from './types.js'

export interface Opened {
  keys: SessionKeys
  sessionSeconds: number
}

/** Session length a device believes. */
const SECONDS = { least: 60, most: 86_400 } as const

/** Questions one try answers: a forged one that came first must not keep the meter's own from being answered. */
const MAX_QUESTIONS = 4

/** One try to open a session: HELLO, AUTH, ACCEPT. What is random in it is never used for another. §6.2 */
export interface Attempt {
  hello: Buffer
  /** Body of AUTH for a question; the same question gets the same bytes. @throws HesError AUTH_FAILED, DecodeError */
  auth(challenge: Uint8Array): Promise<Buffer>
  /** @throws HesError AUTH_FAILED, DecodeError */
  accept(body: Uint8Array): Promise<Opened>
  giveUp(): void
}

export function createAttempt(options: FieldDeviceOptions, c: FieldContext, belonging: Belonging): Attempt {
  const { random, engine, ciphers, identity } = options
  const nD = random(16)
  let ephemeral: Sm2KeyPair | undefined
  const made: { challenge: Buffer; auth: Buffer }[] = []

  const sm2 = (): { own: Sm2KeyPair; meterKey: Buffer } => {
    if (!identity || !belonging.meterKey) throw new HesError('STATE_CONFLICT', 'The device lacks its key pair or the key of its meter.')
    return { own: identity, meterKey: belonging.meterKey }
  }
  const link = (): Buffer => {
    if (!belonging.link) throw new HesError('STATE_CONFLICT', 'The device was never paired.')
    return belonging.link
  }
  const makeAuth = async (asked: { slot: Buffer; cookie: Buffer }): Promise<Buffer> => {
    if (c.suite.authentication === 'sm2') {
      ephemeral ??= await engine.generateKeyPair()
      return makeAuthSm2(engine, c, sm2().own, c.suite.paired ? link() : undefined, { nD, ...asked }, ephemeral)
    }
    return withLinkKeys(cipherFor(c.suite.decision.authentication, ciphers), link(), c, (keys) => makeAuthBlock(keys, c, { nD, ...asked }))
  }
  const acceptFor = async (auth: Buffer, body: Uint8Array): Promise<Opened> => {
    if (ephemeral) {
      const { own, meterKey } = sm2()
      return acceptAcceptSm2(engine, cipherFor(c.suite.decision.encryption, ciphers), c, { own, ephemeral, peerKey: meterKey }, auth, body)
    }
    const cipher = cipherFor(c.suite.decision.authentication, ciphers)
    return withLinkKeys(cipher, link(), c, async (keys) => {
      const { nS, sessionSeconds } = await checkAcceptBlock(keys, c, auth, body)
      return { sessionSeconds, keys: await sessionKeysBlock(cipher, keys, c, nD, nS) }
    })
  }

  return {
    hello: encode(Hello, { nD, zero: zeros(4) }),
    async auth(challenge) {
      const { slot, cookie } = decode(Challenge, challenge)
      const before = made.find((one) => one.challenge.equals(challenge))
      if (before) return before.auth
      if (made.length >= MAX_QUESTIONS) throw authFailed()
      const auth = await makeAuth({ slot, cookie })
      made.push({ challenge: Buffer.from(challenge), auth })
      return auth
    },
    async accept(body) {
      for (const { auth } of made) {
        const opened = await orRefused(acceptFor(auth, body))
        if (!opened) continue
        if (opened.sessionSeconds < SECONDS.least || opened.sessionSeconds > SECONDS.most) throw authFailed()
        erase(ephemeral?.privateKey)
        return opened
      }
      throw authFailed()
    },
    giveUp: () => erase(ephemeral?.privateKey),
  }
}
