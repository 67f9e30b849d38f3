import { choice, sequence } from '@zhuzhan/codec'
import { Piid, many } from './members.js'
import { MethodCall, MethodCallThenGet, MethodResult, MethodResultThenGot } from './results.js'
import { ClientTail, ServerTail } from './tail.js'

const piid = { piid: Piid }

/** 07, reference §4.6. */
export const ActionRequest = choice('choice', {
  'normal': [1, sequence(piid, MethodCall, ClientTail)],
  'normal-list': [2, sequence(piid, { items: many(MethodCall, 5) }, ClientTail)],
  'then-get-list': [3, sequence(piid, { items: many(MethodCallThenGet, 10) }, ClientTail)],
})

/** 87, reference §4.6. */
export const ActionResponse = choice('choice', {
  'normal': [1, sequence(piid, MethodResult, ServerTail)],
  'normal-list': [2, sequence(piid, { results: many(MethodResult, 6) }, ServerTail)],
  'then-get-list': [3, sequence(piid, { results: many(MethodResultThenGot, 12) }, ServerTail)],
})
