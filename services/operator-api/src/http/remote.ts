import type { FastifyRequest } from 'fastify'

/** The peer's address. A peer that has hung up already has none, whatever the type says. */
export function remoteOf(request: FastifyRequest): string {
  return (request.ip as string | undefined) ?? 'unknown'
}
