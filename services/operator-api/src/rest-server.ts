import type { Logger, Part } from '@zhuzhan/service-kit'
import type { FastifyInstance } from 'fastify'

const PATIENCE_MS = 5_000

/** The app on its port. Built at the start of the service and not before, so that a wrong wiring fails there. */
export function restServer({ build, host, port, log }: { build: () => Promise<FastifyInstance>; host: string; port: number; log: Logger }): Part {
  let app: FastifyInstance | undefined
  return {
    name: 'rest',
    start: async () => {
      app = await build()
      const address = await app.listen({ host, port })
      log.info({ address }, 'REST and live feed open')
    },
    stop: async () => {
      if (!app) return
      // Answers in hand are finished; a caller that reads too slowly must not hold up the stop.
      const { server } = app
      const patience = setTimeout(() => server.closeAllConnections(), PATIENCE_MS)
      await app.close()
      clearTimeout(patience)
    },
  }
}
