import { decodeApdu, encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { ConnectResponse } from '@zhuzhan/dlt698'
import {
  ABILITY,
  OFFER,
  ask,
  connect,
  connectApdu,
  exchange,
  finishRequest,
  flip,
  makeDevice,
  openRequest,
  startMachine,
  testEngine,
  GET_CLOCK,
} from './conformance/rig.js'

/** CONNECT of both sides against each other, and what an attacker between them can do. OSP-1 §7.2, §7.3, §8. */

afterAll(() => testEngine().close())
const AUTH = { code: 'AUTH_FAILED' }

describe.each(['S', 'F'] as const)('mode %s', (mode) => {
  const failure = mode === 'S' ? 2 : 4
  const resultOf = (response: Buffer | undefined): number | undefined =>
    response ? (decodeApdu(response) as ConnectResponse).result : undefined

  it('negotiates a session that carries requests and answers', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const handle = await connect(rig, peer)
    expect(handle).toMatch(/^[0-9A-F]{32}$/)
    for (let i = 0; i < 3; i++) expect(await exchange(rig, peer, handle)).toMatchObject({ seq: i, weak: false })
    expect(peer.acted).toHaveLength(3)
    expect(peer.acted[0]).toEqual(GET_CLOCK)
    expect(peer.device.sessions).toBe(1)
  })

  it('commits ASCTR before it leaves and never uses one twice, restarts included', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const seen: number[] = []
    let current = rig
    for (let i = 0; i < 12; i++) {
      if (i % 3 === 0) current = await startMachine({ disk: rig.disk, clock: rig.clock })
      rig.clock.advance(1_000)
      await connect(current, peer)
      seen.push(peer.device.counters().asctr)
      expect(rig.disk.asctr.get(1)).toBeGreaterThanOrEqual(peer.device.counters().asctr)
    }
    expect([...seen].sort((a, b) => a - b)).toEqual(seen)
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('sends no counter that could not be committed', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    rig.disk.failNext = new Error('disk full')
    await expect(ask(rig.port, 'connectOpen', openRequest(peer.keys.address))).rejects.toThrow('disk full')
    expect(rig.disk.asctr.size).toBe(0)
    await connect(rig, peer)
  })

  it('the meter refuses a CONNECT with any byte of header, cipher or signature changed, and keeps its counter', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    const whole = connectApdu(opened)
    const step = mode === 'S' ? 1 : 9
    for (let at = 2; at < whole.length - 1; at += step) {
      rig.clock.advance(1_001)
      const response = await peer.device.receive({ address: peer.address, apdu: flip(whole, at) })
      expect([undefined, failure, 1, 255, 2, 4]).toContain(resultOf(response))
      if (response) expect((decodeApdu(response) as ConnectResponse).security).toBeUndefined()
    }
    expect(peer.device.counters().asctr).toBe(0)
    expect(
      await ask(
        rig.port,
        'connectFinish',
        finishRequest(opened.exchange, await peer.device.receive({ address: peer.address, apdu: whole })),
      ),
    ).toHaveProperty('handle')
  }, 60_000)

  it('the station refuses an answer with any byte changed, and still takes the true one', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    const request = finishRequest(opened.exchange, await peer.device.receive({ address: peer.address, apdu: connectApdu(opened) }))
    const tries = mode === 'S' ? [0, 17, 47] : [0, 3, 20, 68, 100]
    for (const at of tries) {
      await expect(ask(rig.port, 'connectFinish', { ...request, rn: flip(request.rn ?? Buffer.alloc(0), at) })).rejects.toMatchObject(AUTH)
      await expect(
        ask(rig.port, 'connectFinish', { ...request, signature: flip(request.signature ?? Buffer.alloc(0), at % 16) }),
      ).rejects.toMatchObject(AUTH)
    }
    await expect(ask(rig.port, 'connectFinish', { ...request, header2: flip(request.header2, 20) })).rejects.toMatchObject(AUTH)
    expect(await ask(rig.port, 'connectFinish', request)).toHaveProperty('handle')
  })

  it.each([
    ['a higher version', { version: 0x17 }],
    ['another conformance bit', { functionConformance: 'FFFEC400000000000000000000000001' }],
    ['a larger window', { window: 9 }],
    ['a larger APDU', { apduSize: 2001 }],
    ['a longer timeout', { timeoutSeconds: 7201 }],
  ])('the station refuses %s than it offered, even from the device itself', async (_n, change) => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    const request = finishRequest(opened.exchange, await peer.device.receive({ address: peer.address, apdu: connectApdu(opened) }))
    await expect(
      ask(rig.port, 'connectFinish', { ...request, header2: encodeConnectHeader({ ...ABILITY, ...change }) }),
    ).rejects.toMatchObject(AUTH)
  })

  it('a downgraded offer fails: the header is under the signature', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    const weaker = { ...OFFER, functionConformance: '00000400000000000000000000000000' }
    expect(resultOf(await peer.device.receive({ address: peer.address, apdu: connectApdu(opened, weaker) }))).toBe(failure)
  })

  it('results other than 0 never give a session, nor another mechanism', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    expect(opened.mechanism).toBe(mode)
    const header2 = encodeConnectHeader(ABILITY)
    for (const result of [0, 1, 2, 3, 4, 5, 255]) {
      await expect(ask(rig.port, 'connectFinish', { exchange: opened.exchange, header2, result })).rejects.toMatchObject(AUTH)
    }
    expect((await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))).mechanism).toBe(mode)
  })

  it('the meter answers the other mechanism and the weak ones with their own failure', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const piid = { number: 1, priority: false, acd: false }
    const other =
      mode === 'S'
        ? { kind: 'signature' as const, cipher: Buffer.alloc(69), signature: Buffer.alloc(64) }
        : { kind: 'symmetric' as const, cipher: Buffer.alloc(32), signature: Buffer.alloc(16) }
    const results: (number | undefined)[] = []
    for (const mechanism of [other, { kind: 'null' as const }, { kind: 'password' as const, text: '00000000' }]) {
      rig.clock.advance(2_000)
      results.push(
        resultOf(
          await peer.device.receive({
            address: peer.address,
            apdu: encodeApdu({ apdu: 'connect-request', piid, header: OFFER, mechanism }),
          }),
        ),
      )
    }
    expect(results).toEqual([mode === 'S' ? 4 : 2, 255, 1])
  })

  it('a replayed CONNECT gets a counter answer, changes nothing, and the live session goes on', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    const whole = connectApdu(opened)
    const finished = await ask(
      rig.port,
      'connectFinish',
      finishRequest(opened.exchange, await peer.device.receive({ address: peer.address, apdu: whole })),
    )
    if (!('handle' in finished)) throw new Error('no session')
    await exchange(rig, peer, finished.handle)
    const again = await peer.device.receive({ address: peer.address, apdu: whole })
    expect(resultOf(again)).toBe(failure)
    expect(peer.events.at(-1)).toMatchObject({ kind: 'counter-answer', stored: 1 })
    expect(await exchange(rig, peer, finished.handle)).toHaveProperty('apdu')
  })

  it('heals a station that fell behind with one authentic counter answer', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    for (let i = 0; i < 10; i++) {
      rig.clock.advance(1_000)
      await connect(rig, peer)
    }
    rig.disk.asctr.clear() // a restored backup
    const restored = await startMachine({ disk: rig.disk, clock: rig.clock })
    const opened = await ask(restored.port, 'connectOpen', openRequest(peer.keys.address))
    const response = await peer.device.receive({ address: peer.address, apdu: connectApdu(opened) })
    const request = finishRequest(opened.exchange, response)
    await expect(ask(restored.port, 'connectFinish', { ...request, rn: flip(request.rn ?? Buffer.alloc(0), 4) })).rejects.toMatchObject(
      AUTH,
    )
    expect(await ask(restored.port, 'connectFinish', request)).toEqual({ counter: 'retry' })
    await expect(ask(restored.port, 'connectFinish', request)).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
    await connect(restored, peer)
    expect(restored.disk.events.map((event) => event.kind)).toContain('counter-answer')
  })

  it('a counter far ahead is not followed: the meter answers, stores nothing; a meter that lost its counter needs an operator', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    rig.disk.asctr.set(1, 2 ** 20 + 5)
    const ahead = await startMachine({ disk: rig.disk, clock: rig.clock })
    const opened = await ask(ahead.port, 'connectOpen', openRequest(peer.keys.address))
    const response = await peer.device.receive({ address: peer.address, apdu: connectApdu(opened) })
    expect(peer.device.counters().asctr).toBe(0)
    await expect(ask(ahead.port, 'connectFinish', finishRequest(opened.exchange, response))).rejects.toMatchObject({
      code: 'COUNTER',
      context: { reason: 'lost-counter' },
    })
  })

  it('an answer to an older try is dropped', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const first = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    const late = finishRequest(first.exchange, await peer.device.receive({ address: peer.address, apdu: connectApdu(first) }))
    const second = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    await expect(ask(rig.port, 'connectFinish', late)).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
    await expect(ask(rig.port, 'connectFinish', { ...late, exchange: second.exchange })).rejects.toMatchObject(AUTH)
  })

  it('keys of one device open nothing of another', async () => {
    const rig = await startMachine()
    const one = await makeDevice(rig, mode, '000000000001')
    const two = await makeDevice(rig, mode, '000000000002')
    const opened = await ask(rig.port, 'connectOpen', openRequest('000000000001'))
    expect(resultOf(await two.device.receive({ address: two.address, apdu: connectApdu(opened) }))).toBe(failure)
    const answer = finishRequest(opened.exchange, await one.device.receive({ address: one.address, apdu: connectApdu(opened) }))
    const other = await ask(rig.port, 'connectOpen', openRequest('000000000002'))
    await expect(ask(rig.port, 'connectFinish', { ...answer, exchange: other.exchange })).rejects.toMatchObject(AUTH)
    expect(Object.values(one.keys.deviceKeys)).not.toEqual(expect.arrayContaining(Object.values(two.keys.deviceKeys)))
  })

  it('another logical address, a wildcard and a group address get silence', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const apdu = connectApdu(await ask(rig.port, 'connectOpen', openRequest(peer.keys.address)))
    for (const address of [
      { ...peer.address, logical: 1 },
      { ...peer.address, type: 'wildcard' as const },
      { ...peer.address, type: 'broadcast' as const },
    ]) {
      expect(await peer.device.receive({ address, apdu })).toBeUndefined()
    }
    expect(peer.device.counters().asctr).toBe(0)
  })

  it('limits answers to failures, not checks: a flood does not lock the station out', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    const whole = connectApdu(opened)
    let answers = 0
    for (let i = 0; i < (mode === 'S' ? 200 : 5); i++)
      if (await peer.device.receive({ address: peer.address, apdu: flip(whole, 60 + (i % 10)) })) answers++
    expect(answers).toBe(1)
    expect(
      await ask(
        rig.port,
        'connectFinish',
        finishRequest(opened.exchange, await peer.device.receive({ address: peer.address, apdu: whole })),
      ),
    ).toHaveProperty('handle')
  })

  it('after a power loss of the meter the old session is dead and a new one works', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, mode)
    const handle = await connect(rig, peer)
    await exchange(rig, peer, handle)
    peer.device.powerLoss()
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    const hint = await peer.device.receive({ address: peer.address, apdu: sealed.apdu })
    expect(await ask(rig.port, 'open', { handle, apdu: hint ?? Buffer.alloc(0) })).toEqual({ hint: 23 })
    await exchange(rig, peer, await connect(rig, peer))
  })
})

describe('mode F certificates', () => {
  it('a device certificate cannot act as the station, and an expired one gets no CONNECT', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'F')
    const row = rig.disk.devices[0]
    expect(row?.certificate).toBeDefined()
    rig.clock.advance(21 * 365.25 * 24 * 3_600_000)
    await expect(ask(rig.port, 'connectOpen', openRequest(peer.keys.address))).rejects.toMatchObject({
      code: 'AUTH_FAILED',
      context: { reason: 'certificate' },
    })
  })
})
