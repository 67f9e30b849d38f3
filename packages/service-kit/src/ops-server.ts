import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { metricsText } from '@zhuzhan/telemetry'
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

interface Page {
  status: number
  type: string
  body: string
}
const json = (status: number, body: object): Page => ({ status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) })

/**
 * The pages for operations, apart from any business port: `/health` (200 or 503, the checks), `/ready` (200 once all
 * parts have started, and healthy), `/metrics` (Prometheus). Three pages need no framework: loading one was a seventh of a start.
 */
export function opsServer({ host, port, health, log }: OpsServerOptions): Part {
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
  const pages = new Map<string, () => Promise<Page>>([
    ['/health', async () => {
      const answer = await report()
      return json(answer.ok ? 200 : 503, { ...answer, state: lifecycleState() })
    }],
    ['/ready', async () => {
      const state = lifecycleState()
      const ready = state === 'ready' && (await report()).ok
      return json(ready ? 200 : 503, { ready, state })
    }],
    ['/metrics', async () => ({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await metricsText() })],
  ])
  const failed = (error: unknown): Page => {
    log.error({ err: error }, 'operations page failed')
    return json(500, { code: 'INTERNAL' })
  }

  const server = createServer((request, response) => {
    const { method = '', url = '' } = request
    const page = pages.get(url.split('?', 1)[0] ?? '')
    const known = page && (method === 'GET' || method === 'HEAD')
    void (known ? page().catch(failed) : Promise.resolve(json(404, { code: 'NOT_FOUND' }))).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
      response.end(method === 'HEAD' ? undefined : body)
    })
  })

  return {
    name: 'ops-server',
    start: () => new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
        server.off('error', reject)
        const bound = server.address() as AddressInfo
        log.info({ host: bound.address, port: bound.port }, 'operations pages')
        resolve()
      })
    }),
    stop: () => new Promise<void>((resolve) => {
      if (!server.listening) return resolve()
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}
