import { choice, either, sequence, u16be } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { Comdcb } from '../data/data.js'
import { Oad, Oads } from '../data/descriptors.js'
import { Tsa } from '../data/tsa.js'
import { Dar, OctetString, Piid, many } from './members.js'
import { RecordRequest, ResultRecord } from './records.js'
import {
  Assigned, AssignedThenGot, Assignment, AssignmentThenGet, MethodCall, MethodCallThenGet, MethodResult, MethodResultThenGot, ResultNormal,
} from './results.js'
import { ClientTail, ServerTail } from './tail.js'

const piid = { piid: Piid }

/** Each meter with its own timeout in seconds (0: the server's default) and its work. */
const oadTargets = many(sequence({ tsa: Tsa, timeout: u16be, oads: Oads }), 5)
const itemTargets = <T>(item: Codec<T>) => many(sequence({ tsa: Tsa, timeout: u16be, items: many(item, 5) }), 5)
const actionTargets = <T>(action: Codec<T>) => many(sequence({ tsa: Tsa, timeout: u16be, actions: many(action, 5) }), 5)
const answers = <T>(result: Codec<T>) => many(sequence({ tsa: Tsa, results: many(result, 5) }), 3)

/** 09. `timeout` is the total in seconds. Trans-command: frame timeout in seconds, byte timeout in milliseconds. Reference §4.8. */
export const ProxyRequest = choice('choice', {
  'get-list': [1, sequence(piid, { timeout: u16be, targets: oadTargets }, ClientTail)],
  'get-record': [2, sequence(piid, { timeout: u16be, tsa: Tsa, record: RecordRequest }, ClientTail)],
  'set-list': [3, sequence(piid, { timeout: u16be, targets: itemTargets(Assignment) }, ClientTail)],
  'set-then-get-list': [4, sequence(piid, { timeout: u16be, targets: itemTargets(AssignmentThenGet) }, ClientTail)],
  'action-list': [5, sequence(piid, { timeout: u16be, targets: actionTargets(MethodCall) }, ClientTail)],
  'action-then-get-list': [6, sequence(piid, { timeout: u16be, targets: actionTargets(MethodCallThenGet) }, ClientTail)],
  'trans-command': [7, sequence(
    piid, { oad: Oad, comdcb: Comdcb, frameTimeout: u16be, byteTimeout: u16be, command: OctetString }, ClientTail,
  )],
})

/** 89. A meter that does not answer gives DAR 33 for each OAD. Reference §4.8. */
export const ProxyResponse = choice('choice', {
  'get-list': [1, sequence(piid, { targets: answers(ResultNormal) }, ServerTail)],
  'get-record': [2, sequence(piid, { tsa: Tsa, record: ResultRecord }, ServerTail)],
  'set-list': [3, sequence(piid, { targets: answers(Assigned) }, ServerTail)],
  'set-then-get-list': [4, sequence(piid, { targets: answers(AssignedThenGot) }, ServerTail)],
  'action-list': [5, sequence(piid, { targets: answers(MethodResult) }, ServerTail)],
  'action-then-get-list': [6, sequence(piid, { targets: answers(MethodResultThenGot) }, ServerTail)],
  'trans-command': [7, sequence(piid, { oad: Oad }, either({ dar: [0, Dar], reply: [1, OctetString] }), ServerTail)],
})
