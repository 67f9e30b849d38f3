import { SM2_DEFAULT_ID, messageDigest, outcome, signWithNonce } from '@zhuzhan/gm-crypto'
import type { CaseReader, Outcome, Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { sessionSecondsAccepted } from '../counters.js'
import { acceptAnswerF, acceptConnectF, answerF, answerTranscriptF, connectF, requestTranscriptF } from '../mode-f.js'
import { headerWithinOffer } from '../offer.js'
import type { SessionKeys } from '../session-keys.js'
import { softStaticKey } from '../static-key.js'
import type { StaticKey } from '../static-key.js'
import { adOfCase, sameBytes, sameNumber } from './derived.js'

const contextOf = (c: CaseReader) => ({
  clientAddress: c.number('clientAddr'),
  ad: adOfCase(c),
  stationId: c.bytes('idA'),
  dispersion: c.bytes('idB'),
  header1: c.bytes('hdr1'),
})
const requestOf = (c: CaseReader) => ({ cipher: c.bytes('ciphertext2'), signature: c.bytes('signature2') })
const answerOf = (c: CaseReader) => ({ rn: c.bytes('serverRandom'), signature: c.bytes('serverSignature') })

async function ephemeral(engine: Sm2Engine, c: CaseReader, field: string): Promise<Sm2KeyPair> {
  return { privateKey: c.bytes(field), publicKey: await engine.publicKeyOf(c.bytes(field)) }
}

/** A static key whose signatures use the nonce of the case, so that they come out as printed. */
function keyWithNonce(engine: Sm2Engine, pair: Sm2KeyPair, k: Buffer): StaticKey {
  return {
    ...softStaticKey(engine, pair),
    async sign(message) {
      const signature = signWithNonce(pair.privateKey, messageDigest(pair.publicKey, SM2_DEFAULT_ID, message), k, await engine.multiply(k))
      if (!signature) throw new RangeError('the nonce of the case gives no signature')
      return signature
    },
  }
}

/** Both sides make their messages again from the case's secrets. */
export async function makeF(c: CaseReader, engine: Sm2Engine): Promise<Outcome[]> {
  const context = contextOf(c)
  const station = keyWithNonce(engine, { privateKey: c.bytes('dA'), publicKey: c.bytes('pubA') }, c.bytes('kSig1'))
  const meter = keyWithNonce(engine, { privateKey: c.bytes('dB'), publicKey: c.bytes('pubB') }, c.bytes('kSig2'))
  const rA = await ephemeral(engine, c, 'rA')
  const request = await connectF(station, context, rA, c.number('asctr'))
  const opened = { asctr: c.number('asctr'), rA: rA.publicKey }
  const answer = await answerF(
    meter,
    c.bytes('pubA'),
    context,
    c.bytes('hdr2'),
    request,
    opened,
    await ephemeral(engine, c, 'rB'),
    c.number('sessionLimit'),
  )
  return [
    ...sameBytes(c, 'ciphertext2', request.cipher),
    ...sameBytes(c, 'signature2', request.signature),
    ...sameBytes(c, 'serverRandom', answer.rn),
    ...sameBytes(c, 'serverSignature', answer.signature),
    ...sameBytes(c, 'keyC2S', answer.keys.toServer),
  ]
}

async function atStation(own: CaseReader, wire: CaseReader, engine: Sm2Engine): Promise<{ sessionSeconds: number; keys: SessionKeys }> {
  const station = softStaticKey(engine, { privateKey: own.bytes('dA'), publicKey: own.bytes('pubA') })
  const sent = { rA: await ephemeral(engine, own, 'rA'), asctr: own.number('asctr') }
  return acceptAnswerF(engine, station, own.bytes('pubB'), contextOf(own), wire.bytes('hdr2'), requestOf(own), answerOf(wire), sent)
}

export async function keysOfCaseF(c: CaseReader, engine: Sm2Engine): Promise<SessionKeys> {
  return (await atStation(c, c, engine)).keys
}

/** As receiveS, for mode F. */
export async function receiveF(own: CaseReader, wire: CaseReader, engine: Sm2Engine): Promise<Outcome[]> {
  const mine = contextOf(own)
  const theirs = { ...contextOf(wire), stationId: mine.stationId, dispersion: mine.dispersion }
  const meter = await acceptConnectF(engine, own.bytes('pubA'), theirs, requestOf(wire))
  const station = await atStation(own, wire, engine)
  const agreed = await engine.agree({
    initiator: false,
    keyLength: 16,
    own: { privateKey: own.bytes('dB'), publicKey: own.bytes('pubB'), id: mine.dispersion, ephemeral: await ephemeral(engine, own, 'rB') },
    peer: { publicKey: own.bytes('pubA'), id: mine.stationId, ephemeral: meter.rA },
  })
  const unchanged = ['dA', 'dB', 'pubA', 'pubB', 'idA', 'idB', 'rA', 'rB', 'kSig1', 'kSig2'].flatMap((field) =>
    sameBytes(wire, field, own.has(field) ? own.bytes(field) : undefined),
  )
  return [
    outcome('header within offer', headerWithinOffer(mine.header1, wire.bytes('hdr2'))),
    outcome('session length', sessionSecondsAccepted(station.sessionSeconds)),
    ...unchanged,
    ...sameNumber(wire, 'asctr', meter.asctr),
    ...sameNumber(wire, 'sessionLimit', station.sessionSeconds),
    ...sameBytes(wire, 't1', requestTranscriptF(mine, own.bytes('ciphertext2'))),
    ...sameBytes(wire, 't2', answerTranscriptF('OSP1-F-2', mine, wire.bytes('hdr2'), requestOf(own), wire.bytes('serverRandom'))),
    ...sameBytes(wire, 'kepKey', agreed.key),
    ...sameBytes(wire, 'sB', agreed.sB),
    ...sameBytes(wire, 'sA', agreed.sA),
    ...sameBytes(wire, 'transcriptHash', station.keys.transcriptHash),
    ...sameBytes(wire, 'keyC2S', station.keys.toServer),
    ...sameBytes(wire, 'keyS2C', station.keys.toClient),
  ]
}
