import { HesError } from '@zhuzhan/core'
import { translateError } from './translate-error.js'

const thrown = (fields: object, message = 'inner text'): Error => Object.assign(new Error(message), fields)

test.each([
  ['a refusal of ours', new HesError('EXISTS_ALREADY', 'terminal 1 exists'), 409, 'EXISTS_ALREADY', 'terminal 1 exists'],
  ['a bug', new TypeError('x is not a function'), 500, 'INTERNAL', 'The station failed; the request id finds the log entry.'],
  ['an inner failure of ours', new HesError('INTERNAL', 'secret detail'), 500, 'INTERNAL', 'The station failed; the request id finds the log entry.'],
  ['a server that is not there', thrown({ code: 'ECONNREFUSED' }), 503, 'UNAVAILABLE', undefined],
  ['a server that stops', thrown({ code: '57P01' }), 503, 'UNAVAILABLE', undefined],
  ['too many connections', thrown({ code: '53300' }), 503, 'UNAVAILABLE', undefined],
  ['a connection lost while asking', new Error('Connection terminated unexpectedly'), 503, 'UNAVAILABLE', undefined],
  ['a pool that is used up', new Error('timeout exceeded when trying to connect'), 503, 'UNAVAILABLE', undefined],
  ['the same through Prisma', thrown({ code: 'P1001', name: 'PrismaClientKnownRequestError' }), 503, 'UNAVAILABLE', undefined],
  ['wrapped by somebody', new Error('outer', { cause: thrown({ code: 'ECONNRESET' }) }), 503, 'UNAVAILABLE', undefined],
  ['a key that exists', thrown({ code: '23505' }), 409, 'EXISTS_ALREADY', undefined],
  ['a value the database cannot hold', thrown({ code: '22021' }), 400, 'BODY_INVALID', undefined],
  ['too much of it', thrown({ statusCode: 429 }), 429, 'TOO_MANY_REQUESTS', undefined],
  ['a body that is too long', thrown({ statusCode: 413, code: 'FST_ERR_CTP_BODY_TOO_LARGE' }), 413, 'BODY_INVALID', undefined],
  ['something that is no error', 'text', 500, 'INTERNAL', undefined],
])('%s', (_name, error, status, code, message) => {
  const refusal = translateError(error)
  expect({ status: refusal.status, code: refusal.code }).toEqual({ status, code })
  if (message !== undefined) expect(refusal.message).toBe(message)
  if (status >= 500) expect(refusal.message).not.toContain('inner text')
})
