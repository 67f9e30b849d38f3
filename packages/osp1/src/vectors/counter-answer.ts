import { SM2_DEFAULT_ID, messageDigest, signWithNonce } from '@zhuzhan/gm-crypto'
import type { CaseReader, Outcome } from '@zhuzhan/gm-crypto'
import { acceptCounterAnswerF, answerTranscriptF } from '../mode-f.js'
import { acceptCounterAnswerS, answerTranscriptS, counterAnswerS, handshakeKeys } from '../mode-s.js'
import { adOfCase, sameBytes, sameNumber } from './derived.js'
import type { SectionContext } from './sections.js'

const shared = (base: CaseReader) => ({ clientAddress: base.number('clientAddr'), ad: adOfCase(base), header1: base.bytes('hdr1') })
const contextS = (base: CaseReader) => ({ ...shared(base), dispersion: base.bytes('dispersion') })
const contextF = (base: CaseReader) => ({ ...shared(base), stationId: base.bytes('idA'), dispersion: base.bytes('idB') })
const requestS = (base: CaseReader) => ({ cipher: base.bytes('ciphertext1'), signature: base.bytes('signature1') })
const requestF = (base: CaseReader) => ({ cipher: base.bytes('ciphertext2'), signature: base.bytes('signature2') })

/** The meter makes the answer again. */
export async function makeCounterAnswer(c: CaseReader, { session, engine }: SectionContext): Promise<Outcome[]> {
  const { mode, source: base } = session(c.text('base'))
  if (mode === 'S') {
    const made = counterAnswerS(
      handshakeKeys(base.bytes('authKey'), base.bytes('dispersion')),
      contextS(base),
      base.bytes('hdr2'),
      requestS(base),
      c.number('storedAsctr'),
    )
    return [...sameBytes(c, 'serverRandom', made.rn), ...sameBytes(c, 'serverSignature', made.signature)]
  }
  const t2 = answerTranscriptF('OSP1-F-E', contextF(base), base.bytes('hdr2'), requestF(base), c.bytes('serverRandom'))
  if (!c.has('kSig')) return sameBytes(c, 't2', t2)
  const again = signWithNonce(
    base.bytes('dB'),
    messageDigest(base.bytes('pubB'), SM2_DEFAULT_ID, t2),
    c.bytes('kSig'),
    await engine.multiply(c.bytes('kSig')),
  )
  return sameBytes(c, 'serverSignature', again)
}

/** The station takes it in; a changed counter must not make it jump. */
export async function receiveCounterAnswer(own: CaseReader, wire: CaseReader, { session, engine }: SectionContext): Promise<Outcome[]> {
  const { mode, source: base } = session(wire.text('base'))
  const answer = { rn: wire.bytes('serverRandom'), signature: wire.bytes('serverSignature') }
  const header2 = base.bytes('hdr2')
  if (mode === 'S') {
    const stored = acceptCounterAnswerS(
      handshakeKeys(base.bytes('authKey'), base.bytes('dispersion')),
      contextS(base),
      header2,
      requestS(base),
      answer,
    )
    return [
      ...sameNumber(wire, 'storedAsctr', stored),
      ...sameNumber(wire, 'connectResult', 2),
      ...sameBytes(wire, 't2', answerTranscriptS('OSP1-S-E', contextS(base), header2, requestS(base), own.bytes('serverRandom'))),
    ]
  }
  const stored = await acceptCounterAnswerF(engine, base.bytes('pubB'), contextF(base), header2, requestF(base), answer)
  return [
    ...sameNumber(wire, 'storedAsctr', stored),
    ...sameNumber(wire, 'connectResult', 4),
    ...sameBytes(wire, 't2', answerTranscriptF('OSP1-F-E', contextF(base), header2, requestF(base), own.bytes('serverRandom'))),
  ]
}
