import { gauge, metric, showCounters } from './instruments.js'
import { METRICS, prometheusName } from './metrics.js'
import type { MetricName, MetricRow } from './metrics.js'
import { metricsText } from './page.js'

const line = async (start: string): Promise<string | undefined> => (await metricsText()).split('\n').find((text) => text.startsWith(start))

test('a counter without labels shows zero as soon as somebody holds it, and then its sum', async () => {
  const frames = metric('gateway_frames_in')
  expect(await line('zhuzhan_gateway_frames_in_total')).toBe('zhuzhan_gateway_frames_in_total 0')
  frames.add(2)
  metric('gateway_frames_in').add(3)
  expect(await line('zhuzhan_gateway_frames_in_total')).toBe('zhuzhan_gateway_frames_in_total 5')
})

test('labels make series of their own', async () => {
  metric('crypto_operations').add(1, { operation: 'open', result: 'ok' })
  metric('crypto_operations').add(2, { result: 'AUTH_FAILED', operation: 'open' })
  metric('crypto_operations').add(1, { operation: 'open', result: 'ok' })
  expect(await line('zhuzhan_crypto_operations_total{operation="open",result="ok"}')).toMatch(/ 2$/)
  expect(await line('zhuzhan_crypto_operations_total{operation="open",result="AUTH_FAILED"}')).toMatch(/ 2$/)
})

test('a label with too many values ends in "other" and loses no count', async () => {
  for (let i = 0; i < 1_500; i++) metric('gateway_refusals').add(1, { code: `c${i}` })
  const lines = (await metricsText()).split('\n').filter((text) => text.startsWith('zhuzhan_gateway_refusals_total{'))
  expect(lines.length).toBe(1_001)
  expect(lines.reduce((sum, text) => sum + Number(text.split(' ')[1]), 0)).toBe(1_500)
  expect(await line('zhuzhan_gateway_refusals_total{code="other"}')).toMatch(/ 500$/)
})

test('a histogram has exactly the buckets of its row', async () => {
  metric('analytics_store_seconds').record(0.3)
  const page = await metricsText()
  const bounds = [...page.matchAll(/analytics_store_seconds_bucket\{le="([^"]+)"\} (\d+)/g)].map(([, bound]) => bound)
  expect(bounds).toEqual([...METRICS.analytics_store_seconds.buckets.map(String), '+Inf'])
  expect(page).toContain('zhuzhan_analytics_store_seconds_bucket{le="0.25"} 0')
  expect(page).toContain('zhuzhan_analytics_store_seconds_bucket{le="0.5"} 1')
})

test('gauges are read at the scrape, asynchronous ones too, and can be taken away', async () => {
  let sessions = 4
  const away = gauge('gateway_sessions', () => sessions)
  gauge('queue_depth', async () => [{ value: 7, labels: { queue: 'readings', state: 'waiting' } }])
  expect(await line('zhuzhan_gateway_sessions')).toBe('zhuzhan_gateway_sessions 4')
  sessions = 5
  expect(await line('zhuzhan_gateway_sessions')).toBe('zhuzhan_gateway_sessions 5')
  expect(await line('zhuzhan_queue_depth{queue="readings",state="waiting"}')).toMatch(/ 7$/)
  away()
  expect(await line('zhuzhan_gateway_sessions ')).toBeUndefined()
})

test('a gauge that fails does not take the page with it', async () => {
  const away = gauge('fep_open_requests', () => Promise.reject(new Error('database away')))
  expect(await line('zhuzhan_gateway_frames_in_total')).toBeDefined()
  away()
})

test('a service shows its counters before anything happened, so that the first increase is seen', async () => {
  showCounters('front-end-processor')
  expect(await line('zhuzhan_fep_request_timeouts_total')).toBe('zhuzhan_fep_request_timeouts_total 0')
  expect(await line('zhuzhan_fep_commands_total{state="unknown"}')).toMatch(/ 0$/)
  expect(await line('zhuzhan_api_logins_refused_total')).toBeUndefined()
})

describe('the table', () => {
  test.each(Object.entries(METRICS) as [MetricName, MetricRow][])('%s', (name, row) => {
    expect(name).toMatch(/^[a-z][a-z_]*[a-z]$/)
    expect(name.endsWith('_total')).toBe(false)
    expect(prometheusName(name)).toMatch(/^zhuzhan_/)
    expect(row.description).toMatch(/\.$/)
    for (const zero of row.zeros ?? []) expect(Object.keys(zero)).toEqual(row.labels)
    expect(row.buckets !== undefined).toBe(row.kind === 'histogram')
    expect([...(row.buckets ?? [])]).toEqual([...(row.buckets ?? [])].sort((a, b) => a - b))
  })
})
