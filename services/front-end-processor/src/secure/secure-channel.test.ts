import { HesError, manualClock } from '@zhuzhan/core'
import type { CryptoRequest } from '@zhuzhan/contracts'
import { decodeApdu } from '@zhuzhan/dlt698'
import type { ConnectResponse } from '@zhuzhan/dlt698'
import { fakeMachine } from '../test-support/fake-machine.js'
import { until } from '../test-support/until.js'
import { OFFER } from './connect-header.js'
import { createSecureChannel } from './secure-channel.js'
import type { SecureChannel } from './secure-channel.js'
import { createTurnstile } from './turnstile.js'

const ADDRESS = '000000000001'
const HANDLE = 'A'.repeat(32)
const accepted: ConnectResponse = {
  apdu: 'connect-response', piid: { number: 1, priority: false, acd: false }, header: { ...OFFER, receiveSize: 512 }, result: 0,
  security: { rn: Buffer.alloc(48), signature: Buffer.alloc(4) }, followReport: undefined, timeTag: undefined,
} as unknown as ConnectResponse

const clock = manualClock()
let channel: SecureChannel
let sent: Buffer[]
let ready: string[]
let refused: string[]
let open: () => void
let finish: (request: CryptoRequest<'connectFinish'>) => Promise<{ handle: string; sessionSeconds: number } | { counter: 'retry' }>
let seal: () => { apdu: Buffer; seq: number; task: number }
let machine: ReturnType<typeof fakeMachine>
const turnstile = createTurnstile(1)

beforeEach(() => {
  sent = []
  ready = []
  refused = []
  open = () => undefined
  finish = async () => ({ handle: HANDLE, sessionSeconds: 600 })
  seal = () => ({ apdu: Buffer.from('10', 'hex'), seq: 5, task: 3 })
  machine = fakeMachine({
    connectOpen: () => {
      open()
      return { exchange: 'B'.repeat(32), mechanism: 'S', cipher: Buffer.alloc(32), signature: Buffer.alloc(16) }
    },
    connectFinish: (request) => finish(request),
    seal: () => seal(),
    open: () => ({ hint: 3 }),
    giveUp: () => ({}),
    endSession: () => ({}),
  })
  channel = createSecureChannel({ address: ADDRESS, send: async (data) => { sent.push(data) }, onReady: (mode) => ready.push(`${ADDRESS} ${mode}`) }, {
    clientAddress: 16, machine, clock, turnstile,
    onRefused: (_address, code, what) => refused.push(`${code} ${what}`),
  })
})
afterEach(() => channel.end())

const answered = async (count = 1): Promise<void> => {
  await until(() => sent.length === count)
  channel.onConnectResponse(accepted)
}

test('negotiates once the terminal answers, and is ready until the session ends', async () => {
  channel.start()
  await answered()
  await until(() => ready.length === 1)
  expect(decodeApdu(sent[0]!)).toMatchObject({ apdu: 'connect-request', header: OFFER, mechanism: { kind: 'symmetric' } })
  expect([ready, channel.ready, channel.agreedFrame]).toEqual([[`${ADDRESS} S`], true, 512])
  clock.advance(600_000)
  expect(channel.ready).toBe(false)
  await expect(channel.seal(Buffer.from('05', 'hex'))).rejects.toMatchObject({ code: 'TERMINAL_OFFLINE' })
})

test('an authentic counter answer is followed by one more try at once, and no third', async () => {
  finish = async () => ({ counter: 'retry' })
  channel.start()
  await answered(1)
  await answered(2)
  await until(() => refused.length === 1)
  expect([refused, sent.length, ready]).toEqual([['COUNTER CONNECT'], 2, []])
})

test('an answer nobody waits for is counted, not believed', async () => {
  channel.onConnectResponse(accepted)
  expect(refused).toEqual(['RESPONSE_MISMATCH CONNECT-Response'])
})

test('a refused handshake is told and leaves no session', async () => {
  finish = async () => { throw new HesError('AUTH_FAILED') }
  channel.start()
  await answered()
  await until(() => refused.length === 1)
  expect([refused, channel.ready]).toEqual([['AUTH_FAILED CONNECT-Response'], false])
})

test('a forged answer that overtakes the true one is refused, and the true one still makes the session', async () => {
  let judged = 0
  finish = async () => {
    judged += 1
    if (judged === 1) throw new HesError('AUTH_FAILED')
    return { handle: HANDLE, sessionSeconds: 600 }
  }
  channel.start()
  await answered()
  await until(() => refused.length === 1)
  channel.onConnectResponse(accepted)
  await until(() => ready.length === 1)
  expect([refused, sent.length, channel.ready]).toEqual([['AUTH_FAILED CONNECT-Response'], 1, true])
})

test('a connection that ends while it waits for the answer frees its place for the next terminal', async () => {
  channel.start()
  await until(() => sent.length === 1)
  const next = turnstile.run(async () => 'its turn')
  channel.end()
  expect(await next).toBe('its turn')
  expect(refused).toEqual([])
})

test('a connection that ends while the machine judges is never bound, and its session is ended', async () => {
  let judge!: () => void
  finish = () => new Promise((resolve) => { judge = () => resolve({ handle: HANDLE, sessionSeconds: 600 }) })
  channel.start()
  await answered()
  await until(() => judge !== undefined)
  channel.end()
  judge()
  await until(() => machine.calls.some(([name]) => name === 'endSession'))
  expect(machine.calls.at(-1)).toEqual(['endSession', { handle: HANDLE }])
  expect([ready, channel.ready, refused]).toEqual([[], false, []])
})

test('a session the machine forgot is negotiated anew at once', async () => {
  channel.start()
  await answered()
  await until(() => channel.ready)
  seal = () => { throw new HesError('SESSION_UNKNOWN') }
  await expect(channel.seal(Buffer.from('05', 'hex'))).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
  expect(channel.ready).toBe(false)
  await answered(2)
  await until(() => channel.ready)
})

describe('a machine that was away', () => {
  const away = (): never => { throw new HesError('UNAVAILABLE') }

  /** The device's own pause after a failure is at least 2 s. */
  const beforeItsPause = async (condition: () => boolean): Promise<void> => {
    const since = performance.now()
    await until(condition)
    expect(performance.now() - since).toBeLessThan(1_500)
  }

  test('is asked again the moment it is back, not when the device\'s pause is over', async () => {
    open = away
    channel.start()
    await until(() => refused.length === 1)
    open = () => undefined
    channel.machineBack(false)
    await beforeItsPause(() => sent.length === 1)
    await answered(1)
    await until(() => channel.ready)
    expect(refused).toEqual(['UNAVAILABLE CONNECT'])
  })

  test('and knows nothing of the session: a new one is made at once; the same machine still knows it', async () => {
    channel.start()
    await answered()
    await until(() => channel.ready)
    channel.machineBack(false)
    expect([channel.ready, sent.length]).toEqual([true, 1])
    channel.machineBack(true)
    expect(channel.ready).toBe(false)
    await answered(2)
    await until(() => channel.ready)
  })

  test('and forgot the exchange a device was answering: the next one follows at once', async () => {
    finish = async () => { throw new HesError('SESSION_UNKNOWN') }
    channel.start()
    await until(() => sent.length === 1)
    channel.machineBack(true)
    channel.onConnectResponse(accepted)
    await until(() => refused.length === 1)
    finish = async () => ({ handle: HANDLE, sessionSeconds: 600 })
    await beforeItsPause(() => sent.length === 2)
    await answered(2)
    await until(() => channel.ready)
  })

  test('a pause the device has to itself is not cut short', async () => {
    finish = async () => ({ counter: 'retry' })
    channel.start()
    await answered(1)
    await answered(2)
    await until(() => refused.length === 1)
    channel.machineBack(false)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(sent.length).toBe(2)
  })
})

test('a sealed record can be given up, and an unprotected refusal is a hint that decides nothing', async () => {
  channel.start()
  await answered()
  await until(() => channel.ready)
  const sealed = await channel.seal(Buffer.from('05', 'hex'))
  sealed.giveUp()
  await until(() => machine.calls.some(([name]) => name === 'giveUp'))
  expect(machine.calls.at(-1)).toEqual(['giveUp', { handle: HANDLE, seq: 5 }])
  expect(await channel.open(Buffer.from('9002', 'hex'))).toBeUndefined()
})
