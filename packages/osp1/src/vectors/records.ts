import { outcome } from '@zhuzhan/gm-crypto'
import type { CaseReader, Outcome } from '@zhuzhan/gm-crypto'
import { openRecord, recordAad, recordAttach, recordNonce, recordSid, sealRecord } from '../record.js'
import type { RecordHead } from '../record.js'
import { keysOfCaseF } from './handshake-f.js'
import { keysOfCaseS } from './handshake-s.js'
import { adOfCase, sameBytes } from './derived.js'
import type { SectionContext } from './sections.js'

/** A record case under the session its `base` names (records inside a modeS case get that case as base). */
export async function receiveRecord(own: CaseReader, wire: CaseReader, { session, engine }: SectionContext): Promise<Outcome[]> {
  const { mode, source } = session(own.text('base'))
  const keys = mode === 'S' ? keysOfCaseS(source) : await keysOfCaseF(source, engine)
  const head: RecordHead = {
    direction: wire.number('direction') as 1 | 2,
    mode: wire.number('mode') as 0 | 1 | 2,
    seq: wire.number('seq'),
    task: wire.number('task'),
    clientAddress: source.number('clientAddr'),
    ad: adOfCase(wire.has('serverAddr') ? wire : source),
  }
  const key = head.direction === 1 ? keys.toServer : keys.toClient
  // SID and attach travel with requests only; the receiver insists on the form it computes.
  const form = [
    ...sameBytes(wire, 'sid', recordSid(head.mode)),
    ...sameBytes(wire, 'attach', recordAttach(head.seq, head.task)),
    ...sameBytes(wire, 'ad', head.ad),
    ...sameBytes(wire, 'nonce', recordNonce(head.direction, head.seq)),
  ]
  const content = openRecord(key, head, { data: wire.bytes('data'), mac: wire.bytes('mac') })
  const again = sealRecord(key, head, content)
  return [
    ...form,
    outcome('direction', head.direction === own.number('direction')),
    ...sameBytes(wire, 'apdu', content),
    ...sameBytes(wire, 'aad', recordAad(head, wire.bytes('data'))),
    ...sameBytes(wire, 'data', again.data),
    ...sameBytes(wire, 'mac', again.mac),
  ]
}
