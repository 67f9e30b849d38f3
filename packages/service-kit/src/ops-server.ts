import { metricsText } from '@zhuzhan/telemetry'
import { fastify } from 'fastify'
import type { Logger } from 'pino'
import { lifecycleState } from './lifecycle.js'
import type { Part } from './lifecycle.js'

export interface HealthReport {
  /** False when the service cannot do its work now. */
  ok: boolean
  /** What it needs, one by one: `{ database: { ok: true } }`. */
  checks: Record<string, { ok: boolean; detail?: string }>
}

export interface OpsServerOptions {
  host: string
  port: number
  health: () => Promise<HealthReport>
  log: Logger
}

/** A health question is answered with "no" after this time. */
const HEALTH_TIMEOUT_MS = 3_000

/**
 * The pages for operations, apart from any business port: `/health` (200 or 503, the checks), `/ready` (200 once all
 * parts have started, and healthy), `/metrics` (Prometheus).
 */
export function opsServer({ host, port, health, log }: OpsServerOptions): Part {
  const app = fastify({ logger: false, forceCloseConnections: true })
  const report = async (): Promise<HealthReport> => {
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<HealthReport>((resolve) => {
      timer = setTimeout(resolve, HEALTH_TIMEOUT_MS, { ok: false, checks: { health: { ok: false, detail: 'no answer in time' } } })
    })
    const failed = (error: unknown): HealthReport => {
      log.warn({ err: error }, 'health check failed')
      return { ok: false, checks: { health: { ok: false, detail: 'check failed' } } }
    }
    return Promise.race([health().catch(failed), tooLate]).finally(() => clearTimeout(timer))
  }

  app.get('/health', async (_request, reply) => {
    const answer = await report()
    return reply.code(answer.ok ? 200 : 503).send({ ...answer, state: lifecycleState() })
  })
  app.get('/ready', async (_request, reply) => {
    const state = lifecycleState()
    const ready = state === 'ready' && (await report()).ok
    return reply.code(ready ? 200 : 503).send({ ready, state })
  })
  app.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsText()))

  return {
    name: 'ops-server',
    start: async () => {
      const address = await app.listen({ host, port })
      log.info({ address }, 'operations pages')
    },
    stop: () => app.close(),
  }
}
