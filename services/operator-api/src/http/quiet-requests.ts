import { LogController } from 'fastify'
import type { FastifyRequest } from 'fastify'

/**
 * No line for each request: metrics count them by route, and the address of a request may hold a token (live feed). What
 * goes wrong inside a running answer is still said.
 */
export class QuietRequests extends LogController {
  override incomingRequest(): void {}
  override requestCompleted(): void {}
  override routeNotFound(): void {}
  override streamError(error: Error & { code?: string }, request: FastifyRequest): void {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return
    request.log.warn({ err: error, requestId: request.id, route: request.routeOptions.url }, 'an answer broke off')
  }
}
