import { HesError } from '@zhuzhan/core'
import { encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { ConnectHeader, ConnectRequest } from '@zhuzhan/dlt698'
import { asctrAccepted } from '../counters.js'
import { acceptConnectF, answerF, counterAnswerF } from '../mode-f.js'
import { acceptConnectS, answerS, counterAnswerS, sessionKeysS } from '../mode-s.js'
import type { SRequest } from '../mode-s.js'
import { commonHeader } from '../offer.js'
import { erase } from '../session-keys.js'
import type { SessionKeys } from '../session-keys.js'
import { softStaticKey } from '../static-key.js'
import { budget, oncePerSecond } from './limits.js'
import type { KeySet, Keyring } from './keyring.js'
import type { DeviceSessions } from './sessions.js'
import type { Counters } from './state.js'
import type { Osp1DeviceOptions } from './types.js'

/** CONNECT results, reference §4.2. */
const RESULT = { accepted: 0, password: 1, symmetric: 2, signature: 4, other: 255 } as const
/** SM2 work for unauthenticated CONNECTs, below what live sessions may need. §7.12 */
const SM2_PER_SECOND = 5
const SM2_BURST = 10

interface Answer {
  rn: Buffer
  signature: Buffer
}
type Verdict = { kind: 'session'; answer: Answer; keys: SessionKeys; asctr: number; set: KeySet } | { kind: 'counter'; answer: Answer; received: number }

/** The device's part of CONNECT, for its one fixed mode. */
export function createConnect(options: Osp1DeviceOptions, ad: Buffer, counters: Counters, keyring: Keyring, sessions: DeviceSessions) {
  const { keys, engine, clock, random, header, factory, sessionSeconds = 3_600, onEvent } = options
  const failures = oncePerSecond(clock)
  const sm2 = budget(clock, SM2_PER_SECOND, SM2_BURST)
  const modeF = keys.sm2 && {
    own: softStaticKey(engine, { privateKey: keys.sm2.privateKey, publicKey: keys.sm2.certificate.publicKey }),
    station: keys.sm2.stationCertificate.publicKey,
  }

  const tryS = (set: KeySet, clientAddress: number, header1: Buffer, mechanism: SRequest) => {
    const context = { clientAddress, ad, dispersion: set.dispersion, header1 }
    try {
      return { set, context, opened: acceptConnectS(set.handshake, context, mechanism) }
    } catch (error) {
      if (error instanceof HesError) return undefined
      throw error
    }
  }

  const runS = async (request: ConnectRequest, clientAddress: number, header1: Buffer, header2: Buffer): Promise<Verdict> => {
    const { mechanism } = request
    if (mechanism.kind !== 'symmetric') throw new HesError('AUTH_FAILED')
    // Always both sets, whichever fits: the version is not sent, and the time it takes tells nothing. §7.1
    const tried = [keyring.active, keyring.pending].map((set) => set && tryS(set, clientAddress, header1, mechanism))
    const found = tried[0] ?? tried[1]
    if (!found) throw new HesError('AUTH_FAILED')
    const { set, context, opened } = found
    const { handshake } = set
    if (!asctrAccepted(counters.state.asctr, opened.asctr)) {
      return { kind: 'counter', answer: counterAnswerS(handshake, context, header2, mechanism, counters.state.asctr), received: opened.asctr }
    }
    const r2 = random(16)
    await counters.change({ asctr: opened.asctr })
    const answer = answerS(handshake, context, header2, mechanism, opened, r2, sessionSeconds)
    const secrets = { r1: opened.r1, r2, asctr: opened.asctr }
    const sessionKeys = sessionKeysS(set.keys.session, context, header2, mechanism, answer, secrets)
    erase(opened.r1, r2)
    return { kind: 'session', answer, keys: sessionKeys, asctr: opened.asctr, set }
  }

  const runF = async (request: ConnectRequest, clientAddress: number, header1: Buffer, header2: Buffer): Promise<Verdict> => {
    const { mechanism } = request
    if (mechanism.kind !== 'signature' || !modeF || !sm2.take()) throw new HesError('AUTH_FAILED')
    const set = keyring.active
    const context = { clientAddress, ad, stationId: keys.stationId, dispersion: set.dispersion, header1 }
    const opened = await acceptConnectF(engine, modeF.station, context, mechanism)
    if (!asctrAccepted(counters.state.asctr, opened.asctr)) {
      return {
        kind: 'counter',
        answer: await counterAnswerF(modeF.own, context, header2, mechanism, counters.state.asctr),
        received: opened.asctr,
      }
    }
    const rB = await engine.generateKeyPair()
    const made = await answerF(modeF.own, modeF.station, context, header2, mechanism, opened, rB, sessionSeconds)
    erase(rB.privateKey)
    await counters.change({ asctr: opened.asctr })
    return { kind: 'session', answer: made, keys: made.keys, asctr: opened.asctr, set }
  }

  /** One answer per class of failure, whatever was wrong; the mechanism that was used decides which. */
  const failure = ({ mechanism }: ConnectRequest): number =>
    mechanism.kind === 'symmetric'
      ? RESULT.symmetric
      : mechanism.kind === 'signature'
        ? RESULT.signature
        : mechanism.kind === 'password'
          ? RESULT.password
          : RESULT.other

  return async (request: ConnectRequest, clientAddress: number): Promise<Buffer | undefined> => {
    const common: ConnectHeader = commonHeader(request.header, header)
    const [header1, header2] = [encodeConnectHeader(request.header), encodeConnectHeader(common)]
    const respond = (result: number, security?: Answer): Buffer =>
      encodeApdu({
        apdu: 'connect-response',
        piid: { ...request.piid, acd: false },
        factory,
        header: common,
        result,
        ...(security && { security }),
      })
    let verdict: Verdict
    try {
      // A TimeTag in a CONNECT is not authenticated: §7.0 wants it absent.
      if (request.timeTag) throw new HesError('AUTH_FAILED')
      verdict = await (keys.mode === 'S' ? runS : runF)(request, clientAddress, header1, header2)
    } catch (error) {
      if (!(error instanceof HesError)) throw error
      onEvent?.({ kind: 'connect-refused', clientAddress })
      return failures.allow(clientAddress) ? respond(failure(request)) : undefined
    }
    if (verdict.kind === 'counter') {
      onEvent?.({ kind: 'counter-answer', clientAddress, received: verdict.received, stored: counters.state.asctr })
      return respond(failure(request), verdict.answer)
    }
    sessions.halfOpen(clientAddress, verdict.keys, sessionSeconds, verdict.set)
    onEvent?.({ kind: 'connected', clientAddress, asctr: verdict.asctr })
    return respond(RESULT.accepted, verdict.answer)
  }
}
