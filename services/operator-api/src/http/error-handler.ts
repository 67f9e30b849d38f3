import { ERRORS } from '@zhuzhan/core'
import type { ErrorBody } from '@zhuzhan/contracts'
import type { Logger } from '@zhuzhan/service-kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { translateError } from './translate-error.js'
import type { Refusal } from './translate-error.js'

/** Told of every refusal that concerns security, before the caller is answered. */
export type RefusalWitness = (request: FastifyRequest, refusal: Refusal) => Promise<void>

/** One answer for everything that goes wrong: `{code, message, requestId, details?}`. */
export function handleErrors(app: FastifyInstance, witness: RefusalWitness, log: Logger): void {
  const answer = async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const refusal = translateError(error)
    if (refusal.status >= 500) log[refusal.code === 'INTERNAL' ? 'error' : 'warn']({ err: error, requestId: request.id, route: request.routeOptions.url, code: refusal.code }, 'request failed')
    if (ERRORS[refusal.code].audit) {
      await witness(request, refusal).catch((failure: unknown) => log.error({ err: failure, requestId: request.id, code: refusal.code }, 'a refusal could not be written to the audit log'))
    }
    if (ERRORS[refusal.code].retry && !reply.hasHeader('retry-after')) void reply.header('retry-after', '1')
    const body: ErrorBody = { code: refusal.code, message: refusal.message, requestId: request.id, ...(refusal.details ? { details: refusal.details } : {}) }
    // Not through the route's response schema: an error must reach the caller whatever the schema says.
    await reply.code(refusal.status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body)
  }
  app.setErrorHandler(answer)
  app.setNotFoundHandler(async (request, reply) => {
    const body: ErrorBody = { code: 'NOT_FOUND', message: `There is no ${request.method} ${request.url.split('?')[0] ?? ''}`, requestId: request.id }
    await reply.code(404).send(body)
  })
}
