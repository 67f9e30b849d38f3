import { outcome } from '@zhuzhan/gm-crypto'
import type { CaseReader, Outcome } from '@zhuzhan/gm-crypto'
import { BROADCAST_SID, readBroadcastAttach, signBroadcast, verifyBroadcast } from '../broadcast.js'
import { agseqAccepted } from '../counters.js'
import { signReadProof, verifyReadProof } from '../read-proof.js'
import { openReport, rspctrOf, sealReport, signReportAnswer, verifyReportAnswer } from '../report.js'
import { adOfCase, sameBytes, sameNumber } from './derived.js'

export function receiveReport(own: CaseReader, wire: CaseReader, form: 'plain' | 'cipher'): Outcome[] {
  const key = own.bytes('reportKey')
  const ad = adOfCase(wire)
  const rn = wire.bytes('rn')
  const content = form === 'plain' ? wire.bytes('apdu') : wire.bytes('data')
  const apdu = openReport(key, ad, { form, content, rn, mac: wire.bytes('mac') })
  const again = sealReport(key, ad, rn, apdu, form)
  return [
    ...sameBytes(wire, 'apdu', apdu),
    ...sameNumber(wire, 'rspctr', rspctrOf(rn)),
    ...sameBytes(wire, 'mac', again.mac),
    ...sameBytes(wire, 'reportKey', key),
    ...(form === 'cipher' ? sameBytes(wire, 'data', again.content) : []),
  ]
}

export function receiveReportAnswer(own: CaseReader, wire: CaseReader): Outcome[] {
  const key = own.bytes('answerKey')
  const [ad, apdu] = [adOfCase(wire), wire.bytes('apdu')]
  // The meter compares with the RN of the report it keeps, whatever else is claimed.
  return [
    outcome('confirmation', verifyReportAnswer(key, ad, own.bytes('rn'), apdu, wire.bytes('mac'))),
    ...sameBytes(wire, 'rn', own.bytes('rn')),
    ...sameBytes(wire, 'mac', signReportAnswer(key, ad, own.bytes('rn'), apdu)),
    ...sameBytes(wire, 'answerKey', key),
  ]
}

export function receiveReadProof(own: CaseReader, wire: CaseReader): Outcome[] {
  const key = own.bytes('proofKey')
  const [ad, rn, request, response] = [adOfCase(wire), own.bytes('rn'), own.bytes('request'), wire.bytes('response')]
  return [
    outcome('proof', verifyReadProof(key, ad, rn, request, response, wire.bytes('mac'))),
    ...sameBytes(wire, 'rn', rn),
    ...sameBytes(wire, 'request', request),
    ...sameBytes(wire, 'mac', signReadProof(key, ad, rn, request, response)),
    ...sameBytes(wire, 'proofKey', key),
  ]
}

export function receiveBroadcast(own: CaseReader, wire: CaseReader): Outcome[] {
  const key = own.bytes('groupKey')
  const attach = readBroadcastAttach(wire.bytes('attach'))
  const parts = {
    clientAddress: wire.number('clientAddr'),
    ad: adOfCase(wire),
    sid: wire.bytes('sid'),
    attach: wire.bytes('attach'),
    apdu: wire.bytes('apdu'),
  }
  return [
    outcome('mac', verifyBroadcast(key, parts, wire.bytes('mac'))),
    outcome('sid', BROADCAST_SID.equals(parts.sid)),
    outcome('agseq', attach !== undefined && agseqAccepted(own.number('agseq') - 1, attach.agseq)),
    outcome('group', attach?.groupId.equals(own.bytes('groupId')) ?? false),
    ...sameBytes(wire, 'groupId', own.bytes('groupId')),
    ...sameBytes(wire, 'groupKey', key),
    ...sameNumber(wire, 'agseq', attach?.agseq),
    ...sameBytes(wire, 'ad', parts.ad),
    ...sameBytes(wire, 'mac', signBroadcast(key, parts)),
  ]
}
