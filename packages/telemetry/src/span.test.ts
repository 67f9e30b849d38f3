import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HesError } from '@zhuzhan/core'
import { currentTraceparent, withSpan } from './span.js'
import { startTelemetry, stopTelemetry } from './start.js'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

interface SentSpan { name: string; traceId: string; spanId: string; parentSpanId?: string; links?: unknown[]; status: { code?: number; message?: string } }

test('before tracing is started a span is only its function', async () => {
  expect(withSpan('fep.apdu.decode', () => 1)).toBe(1)
  expect(await withSpan('fep.apdu.decode', async () => currentTraceparent() ?? 'none')).toBe('none')
})

describe('with a collector', () => {
  const sent: SentSpan[] = []
  const collector = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as { resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[] }
      sent.push(...body.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)))
      response.end('{}')
    })
  })
  let decode = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
    const { port } = collector.address() as AddressInfo
    await startTelemetry({ service: 'test', traceRatio: 0, otlpEndpoint: `http://127.0.0.1:${port}` })
    await withSpan('fep.apdu.decode', async () => {
      decode = currentTraceparent() ?? ''
      await new Promise((resolve) => setImmediate(resolve))
      withSpan('fep.reading.publish', () => undefined, { links: [PARENT, 'rubbish'] })
    }, { parent: PARENT })
    withSpan('gateway.frame.receive', () => undefined)
    await withSpan('crypto.session.open', () => Promise.reject(new HesError('AUTH_FAILED', 'MAC of record 12')), { parent: PARENT }).catch(() => undefined)
    expect(() => withSpan('crypto.session.seal', () => { throw new Error('secret text') }, { parent: PARENT })).toThrow('secret text')
    await stopTelemetry()
  })
  afterAll(() => new Promise((resolve) => collector.close(resolve)))
  const span = (name: string): SentSpan | undefined => sent.find((one) => one.name === name)

  test('the trace goes on under the given parent and down the asynchronous calls', () => {
    expect(span('fep.apdu.decode')).toMatchObject({ traceId: PARENT.slice(3, 35), parentSpanId: PARENT.slice(36, 52) })
    expect(decode).toBe(`00-${PARENT.slice(3, 35)}-${span('fep.apdu.decode')?.spanId}-01`)
    expect(span('fep.reading.publish')).toMatchObject({ traceId: PARENT.slice(3, 35), parentSpanId: span('fep.apdu.decode')?.spanId })
    expect(span('fep.reading.publish')?.links).toHaveLength(1)
  })
  test('a root span obeys the ratio, here none', () => expect(span('gateway.frame.receive')).toBeUndefined())
  test('an error leaves its code, never its text', () => {
    expect(span('crypto.session.open')?.status).toEqual({ code: 2, message: 'AUTH_FAILED' })
    expect(JSON.stringify(sent)).not.toContain('secret text')
    expect(span('crypto.session.seal')?.status.message).toBe('INTERNAL')
  })
})
