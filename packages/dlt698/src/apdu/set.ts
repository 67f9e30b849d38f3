import { choice, sequence } from '@zhuzhan/codec'
import { Piid, many } from './members.js'
import { Assigned, AssignedThenGot, Assignment, AssignmentThenGet } from './results.js'
import { ClientTail, ServerTail } from './tail.js'

const piid = { piid: Piid }

/** 06, reference §4.5. */
export const SetRequest = choice('choice', {
  'normal': [1, sequence(piid, Assignment, ClientTail)],
  'normal-list': [2, sequence(piid, { items: many(Assignment, 5) }, ClientTail)],
  'then-get-list': [3, sequence(piid, { items: many(AssignmentThenGet, 10) }, ClientTail)],
})

/** 86, reference §4.5. */
export const SetResponse = choice('choice', {
  'normal': [1, sequence(piid, Assigned, ServerTail)],
  'normal-list': [2, sequence(piid, { results: many(Assigned, 5) }, ServerTail)],
  'then-get-list': [3, sequence(piid, { results: many(AssignedThenGot, 11) }, ServerTail)],
})
