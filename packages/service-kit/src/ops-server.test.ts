import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { metric } from '@zhuzhan/telemetry'
import { setLifecycleState } from './lifecycle.js'
import { createLogger } from './logger.js'
import { opsServer } from './ops-server.js'
import type { HealthReport } from './ops-server.js'

const log = createLogger({ service: 'test', level: 'silent', destination: { write: () => undefined } })
let health: () => Promise<HealthReport>
let server: ReturnType<typeof opsServer>
let base = ''

beforeAll(async () => {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  base = `http://127.0.0.1:${port}`
  server = opsServer({ host: '127.0.0.1', port, health: () => health(), log })
  await server.start()
})
afterAll(() => server.stop())

const get = async (path: string) => {
  const response = await fetch(base + path)
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') }
}

test('health tells each check and is 503 when one keeps the service from working', async () => {
  health = async () => ({ ok: true, checks: { database: { ok: true } } })
  expect(await get('/health')).toMatchObject({ status: 200, text: expect.stringContaining('"database":{"ok":true}') })
  health = async () => ({ ok: false, checks: { database: { ok: false, detail: 'away' } } })
  expect(await get('/health')).toMatchObject({ status: 503 })
  health = () => Promise.reject(new Error('postgresql://u:geheim@h'))
  const failed = await get('/health')
  expect(failed.status).toBe(503)
  expect(failed.text).not.toContain('geheim')
})

test('ready only between the end of the start and the begin of the stop', async () => {
  health = async () => ({ ok: true, checks: {} })
  const seen: number[] = []
  for (const state of ['starting', 'ready', 'stopping'] as const) {
    setLifecycleState(state)
    seen.push((await get('/ready')).status)
  }
  expect(seen).toEqual([503, 200, 503])
})

test('metrics are Prometheus text', async () => {
  metric('gateway_bytes_in').add(12)
  const page = await get('/metrics')
  expect(page.type).toContain('version=0.0.4')
  expect(page.text).toContain('zhuzhan_gateway_bytes_in_total 12')
})

test('nothing else is there', async () => {
  expect(await get('/')).toMatchObject({ status: 404 })
  expect(await get('/metrics/x')).toMatchObject({ status: 404 })
  expect((await fetch(`${base}/health`, { method: 'POST' })).status).toBe(404)
  expect(await (await fetch(`${base}/metrics?x=1`, { method: 'HEAD' })).text()).toBe('')
})

test('a port that is taken is said, not waited for', async () => {
  await expect(opsServer({ host: '127.0.0.1', port: Number(new URL(base).port), health: () => health(), log }).start()).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
