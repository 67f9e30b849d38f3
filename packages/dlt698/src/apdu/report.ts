import { choice, sequence } from '@zhuzhan/codec'
import { Oad, Oads } from '../data/descriptors.js'
import { OctetString, Piid, many } from './members.js'
import { ResultRecord } from './records.js'
import { ResultNormal } from './results.js'
import { ClientTail, ServerTail } from './tail.js'

const piid = { piid: Piid }

/** 88, sent by the server on its own. Reference §4.7. */
export const ReportNotification = choice('choice', {
  'normal-list': [1, sequence(piid, { results: many(ResultNormal, 6) }, ServerTail)],
  'record-list': [2, sequence(piid, { records: many(ResultRecord, 7) }, ServerTail)],
  'transparent': [3, sequence(piid, { oad: Oad, frames: many(OctetString) }, ServerTail)],
})

/** 08, the confirmation: the OADs that were received. Until it comes the server repeats. */
export const ReportResponse = choice('choice', {
  'normal-list': [1, sequence(piid, { oads: Oads }, ClientTail)],
  'record-list': [2, sequence(piid, { oads: Oads }, ClientTail)],
  'transparent': [3, sequence(piid, ClientTail)],
})
