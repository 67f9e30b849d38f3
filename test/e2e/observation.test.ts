/** Prometheus sees the running station through every expression of the dashboard; one trace follows a report to its row. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SPANS } from '@zhuzhan/telemetry'
import { freePorts, programOnPath, startStation, temporaryFolder } from '@zhuzhan/testing'
import type { TestStation } from '@zhuzhan/testing'
import { ROOT } from '../architecture/workspace.js'
import { readExpressions } from '../deploy/expressions.js'

interface SentSpan { name: string; traceId: string; spanId: string; parentSpanId?: string }

const spans: SentSpan[] = []
const collector = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
    const body = JSON.parse(Buffer.concat(parts).toString()) as { resourceSpans?: { scopeSpans: { spans: SentSpan[] }[] }[] }
    for (const { scopeSpans } of body.resourceSpans ?? []) for (const scope of scopeSpans) spans.push(...scope.spans)
    response.end('{}')
  })
})
let station: TestStation

beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const { port } = collector.address() as AddressInfo
  station = await startStation({ ZHUZHAN_DEMO_TERMINALS: '4', OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, ZHUZHAN_TRACE_RATIO: '1' })
}, 240_000)
afterAll(async () => {
  await station?.stop()
  await new Promise((resolve) => collector.close(resolve))
}, 60_000)

test('one trace holds the way of a report from the socket to its row', async () => {
  const up = ['gateway.frame.receive', 'crypto.session.open', 'fep.apdu.decode', 'fep.reading.publish', 'analytics.reading.store']
  expect(up.filter((name) => !(name in SPANS))).toEqual([])
  const whole = await eventually(120, () => {
    const names = new Map<string, Set<string>>()
    for (const { traceId, name } of spans) names.set(traceId, (names.get(traceId) ?? new Set()).add(name))
    return [...names.values()].find((found) => up.every((name) => found.has(name)))
  }, () => `traces seen: ${JSON.stringify([...new Set(spans.map(({ name }) => name))])}`)
  expect([...whole]).toEqual(expect.arrayContaining(up))
}, 150_000)

const prometheus = programOnPath('prometheus')
if (!prometheus) {
  process.stderr.write('The dashboard was not tried on a live Prometheus: it is not installed here (Debian: apt-get install prometheus).\n')
} else {
  test('every expression of the dashboard returns data, and no service is missing', async () => {
    const folder = temporaryFolder()
    const [port = 0] = await freePorts(1)
    const targets = station.endpoints().metrics.map((address) => new URL(address).host)
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(ROOT, 'deploy/prometheus/alerts.yml')],
      scrape_configs: [{ job_name: 'zhuzhan', static_configs: [{ targets }] }],
    }))
    const server: ChildProcess = spawn(prometheus, [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' })
    try {
      const query = async (expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
        const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expr)}`)
        const body = (await response.json()) as { status: string; error?: string; data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
        if (body.status !== 'success') throw new Error(`${expr}: ${body.error}`)
        return body.data.result
      }
      await eventually(60, async () => (await query('up == 1').catch(() => [])).length === targets.length, () => 'not every service is scraped')
      const waiting = new Set(readExpressions('10s').filter(({ where }) => where.startsWith('panel')).map(({ expr }) => expr))
      await eventually(120, async () => {
        for (const expr of waiting) if ((await query(expr)).length > 0) waiting.delete(expr)
        return waiting.size === 0
      }, () => `without data: ${[...waiting].join('\n')}`)
      const rules = (await (await fetch(`http://127.0.0.1:${port}/api/v1/rules`)).json()) as { data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] } }
      expect(rules.data.groups.flatMap((group) => group.rules).filter(({ health }) => health !== 'ok')).toEqual([])
    } finally {
      const gone = once(server, 'exit')
      server.kill('SIGKILL')
      await gone
      rmSync(folder, { recursive: true, force: true })
    }
  }, 240_000)
}

test('no secret of the station stands in any of its logs', () => {
  const secrets = Object.values(JSON.parse(readFileSync(join(station.dataDir, 'secrets.json'), 'utf8')) as Record<string, string>)
  const keys = readFileSync(join(station.dataDir, 'fleet/keys.json'), 'utf8').match(/"[0-9A-F]{32}"/g)?.map((text) => text.slice(1, -1)) ?? []
  const wanted = [...secrets, readFileSync(join(station.dataDir, 'master-key'), 'utf8'), ...keys]
  expect(wanted.length).toBeGreaterThan(10)
  const found = Object.keys(station.endpoints().processes).filter((name) => {
    const log = readFileSync(join(station.dataDir, 'logs', `${name}.log`), 'utf8').toLowerCase()
    return wanted.some((secret) => log.includes(secret.toLowerCase()))
  })
  expect(found).toEqual([])
  expect(wanted.filter((secret) => station.output().includes(secret))).toEqual([])
})

async function eventually<T>(seconds: number, look: () => T | Promise<T>, otherwise: () => string): Promise<NonNullable<T>> {
  const deadline = Date.now() + seconds * 1_000
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > deadline) throw new Error(otherwise())
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
