import { metric } from '@zhuzhan/telemetry'
import type { FastifyInstance } from 'fastify'

/** Counts and times every answer by route, never by address: paths hold meter numbers. */
export function measureRequests(app: FastifyInstance): void {
  const requests = metric('api_requests')
  const seconds = metric('api_request_seconds')
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request
    const route = request.routeOptions.url ?? 'unknown'
    requests.add(1, { method, route, status: String(reply.statusCode) })
    seconds.record(reply.elapsedTime / 1_000, { method, route })
  })
}
