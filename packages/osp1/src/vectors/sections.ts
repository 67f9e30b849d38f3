import type { CaseReader, Outcome, Sm2Engine } from '@zhuzhan/gm-crypto'
import { receiveCounterAnswer, makeCounterAnswer } from './counter-answer.js'
import { receiveFirmwareKey, receiveKeyUpdate, receiveManifest } from './field-objects.js'
import { makeF, receiveF } from './handshake-f.js'
import { makeS, receiveS } from './handshake-s.js'
import { receiveDerivedKey, receiveDiversified, receiveRegion } from './key-schedule.js'
import { receiveRecord } from './records.js'
import { receiveTicket } from './tickets.js'
import { receiveBroadcast, receiveReadProof, receiveReport, receiveReportAnswer } from './unsessioned.js'

/** What a check may look up besides its own case. */
export interface SectionContext {
  engine: Sm2Engine
  /** The case of modeS or modeF that `base` names. */
  session(id: string): { mode: 'S' | 'F'; source: CaseReader }
}

export interface Section {
  /** Make the messages of the case again from its secrets; absent where receiving says it all. */
  make?(c: CaseReader, context: SectionContext): Promise<Outcome[]> | Outcome[]
  /**
   * Take the message in as its receiver does. Keys and own values come from `own`, what travelled from `wire`; in a
   * valid case both are the same. An error of ours is a refusal.
   */
  receive(own: CaseReader, wire: CaseReader, context: SectionContext): Promise<Outcome[]> | Outcome[]
}

/** Every section of `openSessionProfile`. */
export const SECTIONS: Readonly<Record<string, Section>> = {
  diversify: { receive: receiveDiversified },
  regionDiversify: { receive: receiveRegion },
  derivedKeys: { receive: receiveDerivedKey },
  modeS: { make: makeS, receive: receiveS },
  modeF: { make: (c, { engine }) => makeF(c, engine), receive: (own, wire, { engine }) => receiveF(own, wire, engine) },
  counterAnswer: { make: makeCounterAnswer, receive: receiveCounterAnswer },
  recordsMore: { receive: receiveRecord },
  report: { receive: (own, wire) => receiveReport(own, wire, 'plain') },
  reportEncrypted: { receive: (own, wire) => receiveReport(own, wire, 'cipher') },
  reportAnswer: { receive: receiveReportAnswer },
  readProof: { receive: receiveReadProof },
  broadcast: { receive: receiveBroadcast },
  ticket: { receive: receiveTicket },
  moduleManifest: { receive: receiveManifest },
  keyUpdate: { receive: receiveKeyUpdate },
  firmwareKey: { receive: receiveFirmwareKey },
}
