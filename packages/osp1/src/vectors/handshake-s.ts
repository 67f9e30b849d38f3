import { outcome } from '@zhuzhan/gm-crypto'
import type { CaseReader, Outcome } from '@zhuzhan/gm-crypto'
import { sessionSecondsAccepted } from '../counters.js'
import {
  acceptAnswerS,
  acceptConnectS,
  answerS,
  answerTranscriptS,
  connectS,
  handshakeKeys,
  requestTranscriptS,
  sessionKeysS,
  sessionMasterS,
} from '../mode-s.js'
import { headerWithinOffer } from '../offer.js'
import type { SessionKeys } from '../session-keys.js'
import { adOfCase, sameBytes, sameNumber } from './derived.js'

const contextOf = (c: CaseReader) => ({
  clientAddress: c.number('clientAddr'),
  ad: adOfCase(c),
  dispersion: c.bytes('dispersion'),
  header1: c.bytes('hdr1'),
})
const requestOf = (c: CaseReader) => ({ cipher: c.bytes('ciphertext1'), signature: c.bytes('signature1') })
const answerOf = (c: CaseReader) => ({ rn: c.bytes('serverRandom'), signature: c.bytes('serverSignature') })

/** Session keys of a mode S case, computed and not read from it. */
export function keysOfCaseS(c: CaseReader): SessionKeys {
  return sessionKeysS(c.bytes('authKey'), contextOf(c), c.bytes('hdr2'), requestOf(c), answerOf(c), {
    r1: c.bytes('r1'),
    r2: c.bytes('r2'),
    asctr: c.number('asctr'),
  })
}

/** Both sides make their messages again from the case's secrets. */
export function makeS(c: CaseReader): Outcome[] {
  const context = contextOf(c)
  const keys = handshakeKeys(c.bytes('authKey'), context.dispersion)
  const secrets = { r1: c.bytes('r1'), r2: c.bytes('r2'), asctr: c.number('asctr') }
  const request = connectS(keys, context, secrets.r1, secrets.asctr)
  const answer = answerS(keys, context, c.bytes('hdr2'), request, secrets, secrets.r2, c.number('sessionLimit'))
  return [
    ...sameBytes(c, 'ciphertext1', request.cipher),
    ...sameBytes(c, 'signature1', request.signature),
    ...sameBytes(c, 'serverRandom', answer.rn),
    ...sameBytes(c, 'serverSignature', answer.signature),
  ]
}

/**
 * Receive a case: the meter the CONNECT, then the station the answer. Keys and what a side sent itself come from
 * `own`, what travelled from `wire`; afterwards every value of `wire` must be the one the receivers hold.
 */
export function receiveS(own: CaseReader, wire: CaseReader): Outcome[] {
  const mine = contextOf(own)
  const theirs = { ...contextOf(wire), dispersion: mine.dispersion }
  const keys = handshakeKeys(own.bytes('authKey'), mine.dispersion)
  const atMeter = acceptConnectS(keys, theirs, requestOf(wire))
  const header2 = wire.bytes('hdr2')
  const sent = { r1: own.bytes('r1'), asctr: own.number('asctr') }
  const atStation = acceptAnswerS(keys, mine, header2, requestOf(own), answerOf(wire), sent)
  const secrets = { ...sent, r2: atStation.r2 }
  const session = sessionKeysS(own.bytes('authKey'), mine, header2, requestOf(own), answerOf(wire), secrets)
  return [
    outcome('header within offer', headerWithinOffer(mine.header1, header2)),
    outcome('session length', sessionSecondsAccepted(atStation.sessionSeconds)),
    ...sameBytes(wire, 'r1', atMeter.r1),
    ...sameBytes(wire, 'r2', atStation.r2),
    ...sameNumber(wire, 'asctr', atMeter.asctr),
    ...sameNumber(wire, 'sessionLimit', atStation.sessionSeconds),
    ...sameBytes(wire, 'dispersion', mine.dispersion),
    ...sameBytes(wire, 'authKey', own.bytes('authKey')),
    ...sameNumber(wire, 'flag', 1),
    ...sameBytes(wire, 'handshakeEncKey', keys.cipher),
    ...sameBytes(wire, 'handshakeMacKey', keys.mac),
    ...sameBytes(wire, 't1', requestTranscriptS(mine, own.bytes('ciphertext1'))),
    ...sameBytes(wire, 't2', answerTranscriptS('OSP1-S-2', mine, header2, requestOf(own), wire.bytes('serverRandom'))),
    ...sameBytes(wire, 'sessionMasterKey', sessionMasterS(own.bytes('authKey'), mine.dispersion, secrets)),
    ...sameBytes(wire, 'transcriptHash', session.transcriptHash),
    ...sameBytes(wire, 'keyC2S', session.toServer),
    ...sameBytes(wire, 'keyS2C', session.toClient),
  ]
}
