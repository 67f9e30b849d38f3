import { decode, encode } from '@zhuzhan/codec'
import { HesError } from '@zhuzhan/core'
import { erase, hexOf } from '../bytes.js'
import { cipherFor } from '../cipher/port.js'
import { checkAuthBlock, makeAcceptBlock, sessionKeysBlock, withLinkKeys } from '../handshake-block.js'
import type { Asked } from '../handshake-block.js'
import { checkAuthSm2, linkTagRight, makeAcceptSm2 } from '../handshake-sm2.js'
import { budget } from '../limits.js'
import { AuthBlock, AuthSm2, AuthSm2Linked, Challenge, Hello, messageOf } from '../message.js'
import type { FieldContext } from '../message.js'
import type { SessionKeys } from '../record.js'
import { orRefused } from '../refusal.js'
import type { Challenges } from './challenges.js'
import type { PeerRecord, Peers } from './peers.js'
import type { Sessions } from './sessions.js'
import type { FieldMeterOptions } from './types.js'

/** Questions a second, all devices together: a cheap answer, but an answer. */
const HELLOS_PER_SECOND = 50
const HELLO_BURST = 200
/** SM2 work for handshakes. Live sessions need none, so a flood cannot slow them. §7 */
const SM2_PER_SECOND = 5
const SM2_BURST = 10

/** HELLO and AUTH at the meter. §6.2 */
export function createConnect(options: FieldMeterOptions, peers: Peers, challenges: Challenges, sessions: Sessions) {
  const { engine, random, identity, ciphers, clock, onEvent, sessionSeconds = 3_600 } = options
  const hellos = budget(clock, HELLOS_PER_SECOND, HELLO_BURST)
  const sm2 = budget(clock, SM2_PER_SECOND, SM2_BURST)

  const withSm2 = async (c: FieldContext, record: PeerRecord, auth: Uint8Array): Promise<{ body: Buffer; keys: SessionKeys }> => {
    const { publicKey, link } = record
    const linked = c.suite.paired
    if (publicKey === undefined || (link === undefined) === linked || !linkTagRight(c, link, auth) || !sm2.take()) throw new HesError('AUTH_FAILED')
    const { ephemeral: peerEphemeral } = await checkAuthSm2(engine, c, publicKey, linked, auth)
    const ephemeral = await engine.generateKeyPair()
    try {
      const cipher = cipherFor(c.suite.decision.encryption, ciphers)
      return await makeAcceptSm2(engine, cipher, c, { own: identity, ephemeral, peerKey: publicKey, peerEphemeral }, auth, sessionSeconds)
    } finally {
      erase(ephemeral.privateKey)
    }
  }

  const withBlock = async (c: FieldContext, { link }: PeerRecord, auth: Uint8Array, nD: Uint8Array): Promise<{ body: Buffer; keys: SessionKeys }> => {
    if (link === undefined) throw new HesError('AUTH_FAILED')
    const cipher = cipherFor(c.suite.decision.authentication, ciphers)
    return withLinkKeys(cipher, link, c, async (keys) => {
      await checkAuthBlock(keys, c, auth)
      const nS = random(16)
      const body = await makeAcceptBlock(keys, c, auth, nS, sessionSeconds)
      return { body, keys: await sessionKeysBlock(cipher, keys, c, nD, nS) }
    })
  }

  const asked = ({ suite }: FieldContext, body: Uint8Array): Asked => {
    if (suite.authentication === 'block') return decode(AuthBlock, body)
    return suite.paired ? decode(AuthSm2Linked, body) : decode(AuthSm2, body)
  }

  const auth = async (c: FieldContext, body: Uint8Array): Promise<Buffer | undefined> => {
    const pid = hexOf(c.pid)
    const { nD, slot, cookie } = asked(c, body)
    if (!challenges.isOurs(c, nD, slot, cookie)) return undefined
    const known = challenges.known(pid, nD)
    // The answer got lost: the same bytes get the same bytes, and nothing happens twice.
    if (known) return known.auth.equals(body) ? known.accept : undefined
    if (!challenges.roomFor(pid)) return undefined
    for (const record of peers.candidates(c.kind, pid)) {
      const opened = await orRefused(c.suite.authentication === 'sm2' ? withSm2(c, record, body) : withBlock(c, record, body, nD))
      if (!opened) continue
      await peers.activate(record)
      sessions.halfOpen(pid, { context: c, keys: opened.keys }, sessionSeconds)
      const accept = messageOf(c, 'accept', opened.body)
      challenges.remember(pid, nD, body, accept)
      onEvent?.({ kind: 'connected', peer: c.kind, pid, substituted: c.suite.substituted })
      return accept
    }
    return undefined
  }

  return {
    /** HELLO: a question for a device that is known, silence for others. */
    hello(c: FieldContext, body: Uint8Array): Buffer | undefined {
      const { nD, zero } = decode(Hello, body)
      if (zero.some((byte) => byte !== 0) || peers.candidates(c.kind, hexOf(c.pid)).length === 0 || !hellos.take()) return undefined
      return messageOf(c, 'challenge', encode(Challenge, challenges.ask(c, nD)))
    },
    async auth(c: FieldContext, body: Uint8Array): Promise<Buffer | undefined> {
      const answer = await orRefused(auth(c, body))
      if (!answer) onEvent?.({ kind: 'auth-refused', peer: c.kind, pid: hexOf(c.pid) })
      return answer
    },
  }
}
