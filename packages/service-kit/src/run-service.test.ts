import { EventEmitter } from 'node:events'
import { lifecycleState } from './lifecycle.js'
import type { Part } from './lifecycle.js'
import { createLogger } from './logger.js'
import { runService } from './run-service.js'
import type { ProcessHost } from './run-service.js'

const log = createLogger({ service: 'test', level: 'silent', destination: { write: () => undefined } })

function fakeHost({ supervised = true } = {}) {
  const events = new EventEmitter()
  const sent: object[] = []
  let ended: (code: number) => void = () => undefined
  const exited = new Promise<number>((resolve) => { ended = resolve })
  const host = {
    on: events.on.bind(events),
    exit: (code: number) => ended(code),
    env: {},
    connected: supervised,
    ...(supervised ? { send: (message: object) => sent.push(message) } : {}),
  } as unknown as ProcessHost
  return { host, sent, exited, emit: (name: string, ...values: unknown[]) => events.emit(name, ...values) }
}

function recorder() {
  const seen: string[] = []
  const part = (name: string, more: Partial<Part> = {}): Part => ({
    name,
    start: async () => { seen.push(`start ${name}`) },
    stop: async () => { seen.push(`stop ${name}`) },
    ...more,
  })
  return { seen, part }
}

test('starts in order, tells the supervisor, stops in reverse on SIGTERM', async () => {
  const { host, sent, exited, emit } = fakeHost()
  const { seen, part } = recorder()
  await runService({ log, parts: [part('database'), part('intake')], host })
  expect(sent).toEqual([{ ready: true }])
  expect(lifecycleState()).toBe('ready')
  emit('SIGTERM')
  emit('SIGTERM')
  expect(await exited).toBe(0)
  expect(lifecycleState()).toBe('stopping')
  expect(seen).toEqual(['start database', 'start intake', 'stop intake', 'stop database'])
})

test.each([['disconnect', true], ['SIGINT', false]])('%s ends it too (supervised: %s)', async (event, supervised) => {
  const { host, exited, emit } = fakeHost({ supervised })
  const { seen, part } = recorder()
  await runService({ log, parts: [part('a')], host })
  emit(event)
  expect(await exited).toBe(0)
  expect(seen).toEqual(['start a', 'stop a'])
})

test('Ctrl-C is the business of the supervisor', async () => {
  const { host, exited, emit } = fakeHost()
  const { seen, part } = recorder()
  await runService({ log, parts: [part('a')], host })
  emit('SIGINT')
  await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toEqual(['start a'])
  emit('SIGTERM')
  expect(await exited).toBe(0)
})

test('a part that does not start takes the earlier ones down, and itself, and the code is 1', async () => {
  const { host, sent, exited } = fakeHost()
  const { seen, part } = recorder()
  const bad = part('bad', { start: () => Promise.reject(new Error('port in use')) })
  await runService({ log, parts: [part('a'), bad, part('never')], host })
  expect(await exited).toBe(1)
  expect(seen).toEqual(['start a', 'stop bad', 'stop a'])
  expect(sent).toEqual([])
})

test('an error nobody handled ends the service with code 1, in order; one bad stop does not keep the others', async () => {
  const { host, exited, emit } = fakeHost()
  const { seen, part } = recorder()
  await runService({ log, parts: [part('a'), part('b', { stop: () => Promise.reject(new Error('x')) })], host })
  emit('unhandledRejection', new Error('oops'))
  expect(await exited).toBe(1)
  expect(seen).toEqual(['start a', 'start b', 'stop a'])
})

test('a stop that hangs is ended by force', async () => {
  const { host, exited, emit } = fakeHost()
  const { part } = recorder()
  await runService({ log, parts: [part('a', { stop: () => new Promise(() => undefined) })], host, hardStopMs: 20 })
  emit('SIGTERM')
  expect(await exited).toBe(1)
})

test('a supervisor that died during the start is noticed', async () => {
  const { host, exited } = fakeHost()
  const { seen, part } = recorder()
  await runService({ log, parts: [part('a')], host: { ...host, connected: false } })
  expect(await exited).toBe(0)
  expect(seen).toEqual(['start a', 'stop a'])
})
