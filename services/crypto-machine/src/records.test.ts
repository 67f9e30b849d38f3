import { decodeApdu, encodeApdu, encodeFrame, CONTROL } from '@zhuzhan/dlt698'
import type { SecurityRequest, SecurityResponse } from '@zhuzhan/dlt698'
import fc from 'fast-check'
import {
  CLIENT_ADDRESS,
  CLOCK_ANSWER,
  GET_CLOCK,
  GET_ENERGY,
  ask,
  connect,
  connectApdu,
  exchange,
  flip,
  makeDevice,
  openRequest,
  startMachine,
  testEngine,
} from './conformance/rig.js'
import type { MachineRig, TestDevice } from './conformance/rig.js'

/** Records inside a session, both sides against each other, and the attacks of OSP-1 §8 on them. */

afterAll(() => testEngine().close())
const AUTH = { code: 'AUTH_FAILED' }
const piid = { number: 2, priority: false, acd: false }
const TRIP = encodeApdu({ apdu: 'action-request', choice: 'normal', piid, omd: '80008100', parameter: { type: 'null' } })

async function session(mode: 'S' | 'F' = 'S'): Promise<{ rig: MachineRig; peer: TestDevice; handle: string }> {
  const rig = await startMachine()
  const peer = await makeDevice(rig, mode)
  const handle = await connect(rig, peer)
  return { rig, peer, handle }
}

describe('a session', () => {
  it('shows no byte run of the plain APDU on the wire', async () => {
    const { rig, peer, handle } = await session()
    peer.answerWith(() => Buffer.concat([Buffer.from('8501'), Buffer.alloc(60, 0x5a)]))
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    const answer = await peer.device.receive({ address: peer.address, apdu: sealed.apdu })
    expect(Buffer.from(sealed.apdu).includes(GET_CLOCK.subarray(3, 7))).toBe(false)
    expect(answer?.includes(Buffer.alloc(4, 0x5a))).toBe(false)
  })

  it('refuses a request with any byte of content, SID, attach or MAC changed, and keeps working', async () => {
    const { rig, peer, handle } = await session()
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    for (let at = 1; at < sealed.apdu.length; at++) {
      for (const mask of [1, 0x80]) {
        rig.clock.advance(1_001)
        const answer = await peer.device.receive({ address: peer.address, apdu: flip(sealed.apdu, at, mask) })
        if (answer) expect(decodeApdu(answer)).toEqual({ apdu: 'security-response', form: 'dar', dar: 23 })
      }
    }
    expect(peer.acted).toHaveLength(0)
    const answer = await peer.device.receive({ address: peer.address, apdu: sealed.apdu })
    expect(await ask(rig.port, 'open', { handle, apdu: answer ?? Buffer.alloc(0) })).toMatchObject({ apdu: CLOCK_ANSWER })
  })

  it('refuses an answer with any byte changed, counts nothing as a result, and takes the true one', async () => {
    const { rig, peer, handle } = await session()
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    const answer = (await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0)
    for (let at = 0; at < answer.length; at++) {
      const outcome = await ask(rig.port, 'open', { handle, apdu: flip(answer, at) }).then(
        (value) => value,
        (error: { code: string }) => error.code,
      )
      if (typeof outcome === 'object') expect(outcome).toHaveProperty('hint')
      else expect(outcome).toBe('AUTH_FAILED')
    }
    expect(await ask(rig.port, 'open', { handle, apdu: answer })).toMatchObject({ seq: 0 })
    await expect(ask(rig.port, 'open', { handle, apdu: answer })).rejects.toMatchObject(AUTH) // a second answer to an answered seq
  })

  it('refuses its own request sent back, in every shape an answer may have', async () => {
    const { rig, handle } = await session()
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    const request = decodeApdu(sealed.apdu) as SecurityRequest
    if (request.verification.kind !== 'sid-mac') throw new Error('no record')
    for (const form of ['plain', 'cipher'] as const) {
      const reflected = encodeApdu({ apdu: 'security-response', form, content: request.content, mac: request.verification.mac })
      await expect(ask(rig.port, 'open', { handle, apdu: reflected })).rejects.toMatchObject(AUTH)
    }
    await expect(ask(rig.port, 'open', { handle, apdu: sealed.apdu })).rejects.toMatchObject(AUTH)
  })

  it("refuses another device's answer and another device's request", async () => {
    const rig = await startMachine()
    const [one, two] = [await makeDevice(rig, 'S', '000000000001'), await makeDevice(rig, 'S', '000000000002')]
    const [h1, h2] = [await connect(rig, one), await connect(rig, two)]
    const [s1, s2] = [
      await ask(rig.port, 'seal', { handle: h1, apdu: GET_CLOCK }),
      await ask(rig.port, 'seal', { handle: h2, apdu: GET_CLOCK }),
    ]
    const answer = (await two.device.receive({ address: two.address, apdu: s2.apdu })) ?? Buffer.alloc(0)
    await expect(ask(rig.port, 'open', { handle: h1, apdu: answer })).rejects.toMatchObject(AUTH)
    expect(decodeApdu((await two.device.receive({ address: two.address, apdu: s1.apdu })) ?? Buffer.alloc(0))).toMatchObject({ dar: 23 })
    expect(two.acted).toHaveLength(1)
  })

  it('carries out a repeated request once and repeats its answer', async () => {
    const { rig, peer, handle } = await session()
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    const first = await peer.device.receive({ address: peer.address, apdu: sealed.apdu })
    const second = await peer.device.receive({ address: peer.address, apdu: sealed.apdu })
    expect(second).toEqual(first)
    expect(peer.acted).toHaveLength(1)
    await exchange(rig, peer, handle)
    // An old seq with a valid MAC is refused like a forgery.
    rig.clock.advance(2_000)
    expect(decodeApdu((await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0))).toEqual({
      apdu: 'security-response',
      form: 'dar',
      dar: 23,
    })
    expect(peer.acted).toHaveLength(2)
  })

  it('takes answers in any order, and late ones for the last three that timed out', async () => {
    const { rig, peer, handle } = await session()
    const sealed = []
    for (let i = 0; i < 4; i++) sealed.push(await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK }))
    await expect(ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })).rejects.toMatchObject({ code: 'LIMIT' })
    const answers: Buffer[] = []
    for (const { apdu } of sealed) answers.push((await peer.device.receive({ address: peer.address, apdu })) ?? Buffer.alloc(0))
    expect(await ask(rig.port, 'open', { handle, apdu: answers[2] ?? Buffer.alloc(0) })).toMatchObject({ seq: 2 })
    for (const seq of [0, 1, 3]) await ask(rig.port, 'giveUp', { handle, seq })
    expect(await ask(rig.port, 'open', { handle, apdu: answers[1] ?? Buffer.alloc(0) })).toMatchObject({ seq: 1 })
    for (let i = 0; i < 2; i++) {
      const { seq } = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
      await ask(rig.port, 'giveUp', { handle, seq })
    }
    await expect(ask(rig.port, 'open', { handle, apdu: answers[0] ?? Buffer.alloc(0) })).rejects.toMatchObject(AUTH) // the fourth last
    expect(await ask(rig.port, 'open', { handle, apdu: answers[3] ?? Buffer.alloc(0) })).toMatchObject({ seq: 3 })
  })

  it('takes an unprotected DAR as a hint and the true answer after it', async () => {
    const { rig, peer, handle } = await session()
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    for (const dar of [0, 3, 255]) {
      expect(await ask(rig.port, 'open', { handle, apdu: encodeApdu({ apdu: 'security-response', form: 'dar', dar }) })).toEqual({
        hint: dar,
      })
    }
    const answer = await peer.device.receive({ address: peer.address, apdu: sealed.apdu })
    expect(await ask(rig.port, 'open', { handle, apdu: answer ?? Buffer.alloc(0) })).toMatchObject({ seq: 0 })
  })

  it('survives ten thousand junk records and a plain RELEASE on either side', async () => {
    const { rig, peer, handle } = await session()
    await exchange(rig, peer, handle)
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    const template = decodeApdu(sealed.apdu) as SecurityRequest
    if (template.verification.kind !== 'sid-mac') throw new Error('no record')
    let answered = 0
    for (let i = 0; i < 10_000; i++) {
      const mac = Buffer.alloc(8)
      mac.writeUInt32BE(i)
      if (
        await peer.device.receive({
          address: peer.address,
          apdu: encodeApdu({ ...template, verification: { ...template.verification, mac } }),
        })
      )
        answered++
      if (i % 100 === 0)
        await ask(rig.port, 'open', {
          handle,
          apdu: encodeApdu({ apdu: 'security-response', form: 'cipher', content: template.content, mac }),
        }).catch(() => undefined)
    }
    expect(answered).toBeLessThanOrEqual(1)
    expect(await peer.device.receive({ address: peer.address, apdu: encodeApdu({ apdu: 'release-request', piid }) })).toBeUndefined()
    const answer = await peer.device.receive({ address: peer.address, apdu: sealed.apdu })
    expect(await ask(rig.port, 'open', { handle, apdu: answer ?? Buffer.alloc(0) })).toMatchObject({ seq: 1 })
  }, 60_000)

  it('a stray CONNECT leaves a half-open session beside the live one; its first record takes over', async () => {
    const { rig, peer, handle } = await session()
    await exchange(rig, peer, handle)
    const stray = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    await peer.device.receive({ address: peer.address, apdu: connectApdu(stray) })
    expect(await exchange(rig, peer, handle)).toMatchObject({ seq: 1 })
    const next = await connect(rig, peer)
    const late = await ask(rig.port, 'seal', { handle: next, apdu: GET_CLOCK })
    await expect(ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
    expect(await peer.device.receive({ address: peer.address, apdu: late.apdu })).toBeDefined()
    expect(peer.device.sessions).toBe(1)
  })

  it('a half-open session ends after 120 s, a session 10 % before the meter ends it', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S', '000000000009', { sessionSeconds: 1000 })
    const handle = await connect(rig, peer)
    rig.clock.advance(121_000)
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    expect(decodeApdu((await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0))).toMatchObject({
      dar: 23,
    })
    const again = await connect(rig, peer)
    await exchange(rig, peer, again)
    rig.clock.advance(899_000)
    await exchange(rig, peer, again)
    rig.clock.advance(2_000)
    await expect(ask(rig.port, 'seal', { handle: again, apdu: GET_CLOCK })).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
  })

  it('ends by RELEASE inside a record', async () => {
    const { rig, peer, handle } = await session()
    const answer = await exchange(rig, peer, handle, encodeApdu({ apdu: 'release-request', piid }))
    expect('apdu' in answer && decodeApdu(answer.apdu)).toMatchObject({ apdu: 'release-response', result: 0 })
    expect(peer.device.sessions).toBe(0)
    await ask(rig.port, 'endSession', { handle })
    await expect(ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
  })

  it('a foreign handle looks like none', async () => {
    const { rig, handle } = await session()
    const thief = rig.machine.as('fep-2')
    await expect(ask(thief, 'seal', { handle, apdu: GET_CLOCK })).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
    await expect(ask(thief, 'endSession', { handle })).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
    await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
  })
})

describe('what may be sealed', () => {
  const set = (oad: string) => encodeApdu({ apdu: 'set-request', choice: 'normal', piid, oad, data: { type: 'null' } })
  const through = (command: Buffer) =>
    encodeApdu({
      apdu: 'proxy-request',
      choice: 'trans-command',
      piid,
      oad: 'F2010201',
      comdcb: { baud: 6, parity: 2, dataBits: 8, stopBits: 1, flow: 0 },
      frameTimeout: 10,
      byteTimeout: 100,
      command,
    })
  const frame = (data: Buffer) =>
    encodeFrame({ control: CONTROL.clientRequest, address: { type: 'single', logical: 0, server: '000000000001', client: 0 }, data })
  it.each([
    ['a trip', TRIP],
    ['a clock setting', set('40000200')],
    ['a parameter of the security chip', set('F1000500')],
    [
      'a trip hidden in a list',
      encodeApdu({
        apdu: 'action-request',
        choice: 'normal-list',
        piid,
        items: [
          { omd: 'F1000500', parameter: { type: 'null' } },
          { omd: '80008100', parameter: { type: 'null' } },
        ],
      }),
    ],
    [
      'a trip by proxy',
      encodeApdu({
        apdu: 'proxy-request',
        choice: 'action-list',
        piid,
        timeout: 5,
        targets: [{ tsa: { flag: 5, address: '000000000001' }, timeout: 5, actions: [{ omd: '80008100', parameter: { type: 'null' } }] }],
      }),
    ],
    ['a trip through TransCommand', through(frame(TRIP))],
    ['a DL/T 645 control frame', through(Buffer.from('68010000000000681C00' + 'ED16', 'hex'))],
    [
      'a SECURITY inside',
      encodeApdu({ apdu: 'security-request', form: 'plain', content: GET_CLOCK, verification: { kind: 'rn', rn: Buffer.alloc(16) } }),
    ],
    ['a CONNECT inside', Buffer.from('0201', 'hex')],
    ['bytes after the end', Buffer.concat([GET_CLOCK, Buffer.of(0)])],
    ['nothing known', Buffer.from('4500', 'hex')],
  ])('not %s', async (_n, apdu) => {
    const { rig, handle } = await session()
    await expect(ask(rig.port, 'seal', { handle, apdu })).rejects.toMatchObject({ code: 'TICKET_REFUSED' })
  })

  it('the meter checks again: a task it did not compute is answered by DAR 3 and not carried out', async () => {
    const { rig, peer, handle } = await session()
    peer.answerWith(() => Buffer.from('870101800081000000' + '0000', 'hex'))
    await ask(rig.port, 'seal', { handle, apdu: GET_ENERGY })
    expect(peer.acted).toHaveLength(0)
  })
})

describe('uplink after a valid MAC', () => {
  it.each([
    ['a SECURITY-Response', Buffer.from('900001AA', 'hex')],
    ['a CONNECT-Response', Buffer.from('82', 'hex')],
    ['a request', GET_CLOCK],
  ])('refuses %s inside', async (_n, inner) => {
    const { rig, peer, handle } = await session()
    peer.answerWith(() => inner)
    await expect(exchange(rig, peer, handle)).rejects.toMatchObject(AUTH)
  })

  it('any bytes as SECURITY-Response give a refusal or a hint, never another error', async () => {
    const { rig, handle } = await session()
    await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.boolean(), async (bytes, tagged) => {
        const apdu = tagged ? Buffer.concat([Buffer.of(0x90), bytes]) : Buffer.from(bytes)
        const [outcome] = await rig.port.open([{ handle, apdu }])
        expect(outcome?.ok ? outcome.value : outcome?.code).toEqual(outcome?.ok ? { hint: expect.any(Number) } : 'AUTH_FAILED')
      }),
      { numRuns: 300 },
    )
  })

  it('knows an authentic answer that came in plain, and says so', async () => {
    const { rig, peer, handle } = await session()
    const sealed = await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })
    const answer = decodeApdu(
      (await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0),
    ) as SecurityResponse
    expect(answer.form).toBe('cipher')
    expect(CLIENT_ADDRESS).toBe(0x10)
  })
})
