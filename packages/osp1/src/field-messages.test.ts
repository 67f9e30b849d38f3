import { createEngine, sm3 } from '@zhuzhan/gm-crypto'
import fc from 'fast-check'
import { ASCTR_WINDOW, agseqAccepted, asctrAccepted, judgeCounterAnswer } from './counters.js'
import { decodeFirmwareManifest, encodeFirmwareManifest } from './firmware.js'
import { checkStage, encodeStage, openStage } from './key-update.js'
import { dispersionOfNumber } from './address.js'
import { deviceContext, diversify, prf, regionRoot } from './keys.js'
import { decodeMandate, encodeMandate, verifyMandate } from './mandate.js'
import { decodeManifest, encodeManifest, judgeModule, moduleMac } from './manifest.js'
import { commonHeader, headerWithinOffer } from './offer.js'
import { REPORT_WINDOW, ReportWindow } from './report-window.js'
import { decodeTicket, encodeTicket, ticketTimely, verifyTicket, operatorInput, approverInput } from './ticket.js'
import type { Ticket } from './ticket.js'
import { ticketApdu } from './ticket-apdu.js'
import { encodeConnectHeader } from '@zhuzhan/dlt698'

const engine = createEngine('openssl')
afterAll(() => engine.close())
const bytes = (count: number, fill = 1): Buffer => Buffer.alloc(count, fill)
const ID = Buffer.from('1234567812345678')

describe('key schedule', () => {
  it('no serial makes a device key that equals a region root, and lengths are insisted on', () => {
    const root = bytes(16, 9)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.uint8Array({ minLength: 8, maxLength: 8 }), (d, region) => {
        if (region.some((byte) => byte !== 0)) expect(diversify(root, d)).not.toEqual(regionRoot(root, region))
      }),
    )
    expect(() => regionRoot(root, bytes(8, 0))).toThrow(RangeError)
    expect(() => diversify(root, bytes(7))).toThrow(RangeError)
    expect(() => prf(root, 'OSP1-HSE', bytes(47))).toThrow(RangeError)
    expect(() => prf(root, 'SHORT', bytes(48))).toThrow(RangeError)
    expect(deviceContext(bytes(8))).toHaveLength(48)
    expect(() => dispersionOfNumber('12345678901')).toThrow(RangeError)
  })
})

describe('counters', () => {
  it('ASCTR moves up by at most 2^20, AGSEQ by 2^16', () => {
    expect([asctrAccepted(5, 5), asctrAccepted(5, 6), asctrAccepted(5, 5 + ASCTR_WINDOW), asctrAccepted(5, 6 + ASCTR_WINDOW)]).toEqual([
      false,
      true,
      true,
      false,
    ])
    expect([agseqAccepted(0, 0), agseqAccepted(0, 65_536), agseqAccepted(0, 65_537)]).toEqual([false, true, false])
  })
  it('a counter answer is followed only upward', () => {
    expect([
      judgeCounterAnswer(10, 10),
      judgeCounterAnswer(10, 50),
      judgeCounterAnswer(10, 9),
      judgeCounterAnswer(ASCTR_WINDOW + 10, 9),
    ]).toEqual(['step-forward', 'step-forward', 'senseless', 'lost-counter'])
  })
})

describe('offers', () => {
  const any = fc.record({
    version: fc.constant(0x16),
    protocolConformance: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).toUpperCase().padStart(16, '0')),
    functionConformance: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((n) => n.toString(16).toUpperCase().padStart(32, '0')),
    sendSize: fc.nat(65_535),
    receiveSize: fc.nat(65_535),
    window: fc.nat(255),
    apduSize: fc.nat(65_535),
    timeoutSeconds: fc.nat(2 ** 31),
  })
  it('what two sides have in common always fits both', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        const common = encodeConnectHeader(commonHeader(a, b))
        expect(headerWithinOffer(encodeConnectHeader(a), common)).toBe(true)
        expect(headerWithinOffer(encodeConnectHeader(b), common)).toBe(true)
      }),
    )
  })
  it('one bit or one byte more does not fit', () => {
    fc.assert(
      fc.property(any, fc.nat(36), (offer, at) => {
        const answer = encodeConnectHeader(offer)
        const more = Buffer.from(answer)
        more[at] = 0xff
        if (!more.equals(answer)) expect(headerWithinOffer(answer, more)).toBe(false)
      }),
    )
    expect(headerWithinOffer(bytes(37), bytes(36))).toBe(false)
  })
})

describe('the window of reports', () => {
  const rnOf = (counter: number): Buffer => Buffer.concat([Buffer.from([0, 0, counter >> 8, counter & 0xff]), bytes(8)])

  it('takes each counter once within the window, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 120 }), (counters) => {
        const window = new ReportWindow()
        const taken = new Set<number>()
        for (const counter of counters) {
          const rn = rnOf(counter)
          const verdict = window.judge(rn, bytes(8))
          if (counter <= window.highest - REPORT_WINDOW) expect(verdict).toBe('stale')
          else expect(verdict).toBe(taken.has(counter) ? 'repeat' : 'new')
          if (verdict !== 'new') continue
          taken.add(counter)
          window.mark(rn, bytes(8))
          expect(window.judge(rn, bytes(8, 2))).toBe('conflict')
        }
      }),
    )
  })

  it('opened from what was stored it judges as the one that was closed', () => {
    // Mutation seen failing: without the flag in front of a slot an empty one is taken for the report with counter 0.
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(150), { maxLength: 64 }), fc.nat(220), (counters, asked) => {
        const first = new ReportWindow()
        for (const counter of counters) first.mark(rnOf(counter), bytes(8))
        const again = new ReportWindow(counters.map((rspctr) => ({ rspctr, rn: rnOf(rspctr), mac: bytes(8) })).reverse())
        expect([again.highest, again.judge(rnOf(asked), bytes(8))]).toEqual([first.highest, first.judge(rnOf(asked), bytes(8))])
      }),
    )
  })

  it('marked late, an old one takes no place of a younger one', () => {
    // Both were new when they were opened; the younger is confirmed first. Mutation seen failing: without the check in `mark` the
    // younger one is unknown afterwards, and a replay of it would be taken as new.
    const window = new ReportWindow()
    window.mark(rnOf(5 + REPORT_WINDOW), bytes(8))
    window.mark(rnOf(5), bytes(8))
    expect([window.judge(rnOf(5 + REPORT_WINDOW), bytes(8)), window.judge(rnOf(5), bytes(8)), window.highest]).toEqual(['repeat', 'stale', 5 + REPORT_WINDOW])
  })

  it('lowered, it forgets what lies above', () => {
    const window = new ReportWindow()
    for (const counter of [10, 40, 70]) window.mark(rnOf(counter), bytes(8))
    window.lowerTo(40)
    expect([10, 40, 70, 41].map((counter) => window.judge(rnOf(counter), bytes(8)))).toEqual(['repeat', 'repeat', 'new', 'new'])
    expect(window.highest).toBe(40)
  })
})

describe('tickets', () => {
  const ticket: Ticket = {
    stationId: bytes(8, 1),
    epoch: bytes(8, 2),
    ticketId: bytes(16, 3),
    operatorId: bytes(8, 4),
    approverId: bytes(8, 5),
    area: bytes(8, 6),
    notBefore: 1_798_478_103,
    notAfter: 1_798_478_703,
    task: 8,
    service: 7,
    target: Buffer.from('80008100', 'hex'),
    param: Buffer.from('00', 'hex'),
    devices: [bytes(8, 1), bytes(8, 2)],
  }
  it('are read as they are written', () => expect(decodeTicket(encodeTicket(ticket))).toEqual(ticket))
  it.each<[string, Partial<Ticket>]>([
    ['devices out of order', { devices: [bytes(8, 2), bytes(8, 1)] }],
    ['a device twice', { devices: [bytes(8, 1), bytes(8, 1)] }],
    ['no device', { devices: [] }],
    ['too many devices', { devices: Array.from({ length: 4097 }, (_, i) => Buffer.concat([bytes(6, 0), Buffer.of(i >> 8, i & 0xff)])) }],
    ['a GET', { service: 5 as 6 }],
    ['no time', { notAfter: 1_798_478_103 }],
    ['more than a day', { notAfter: 1_798_478_103 + 86_401 }],
    ['no parameter', { param: Buffer.alloc(0) }],
    ['a target with PROXY', { service: 9 }],
    ['a short id', { ticketId: bytes(15) }],
  ])('refuse %s', (_n, change) =>
    expect(() => encodeTicket({ ...ticket, ...change })).toThrow(expect.objectContaining({ code: 'TICKET_REFUSED' })),
  )
  it('refuse every truncation and any byte behind', () => {
    const whole = encodeTicket(ticket)
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeTicket(whole.subarray(0, length))).toThrow(expect.objectContaining({ code: 'TICKET_REFUSED' }))
    expect(() => decodeTicket(Buffer.concat([whole, Buffer.of(0)]))).toThrow(expect.objectContaining({ code: 'TICKET_REFUSED' }))
  })
  it('need two people with two keys, this station, this epoch and this time', async () => {
    const [operator, approver] = [await engine.generateKeyPair(), await engine.generateKeyPair()]
    const tkt = encodeTicket(ticket)
    const sigOperator = await engine.sign(operator.privateKey, ID, operatorInput(tkt))
    const sigApprover = await engine.sign(approver.privateKey, ID, approverInput(tkt, sigOperator))
    const signed = { operatorKey: operator.publicKey, sigOperator, approverKey: approver.publicKey, sigApprover }
    expect(await verifyTicket(engine, tkt, signed)).toEqual(ticket)
    const selfApproved = await engine.sign(operator.privateKey, ID, approverInput(tkt, sigOperator))
    await expect(
      verifyTicket(engine, tkt, { ...signed, approverKey: operator.publicKey, sigApprover: selfApproved }),
    ).rejects.toMatchObject({ code: 'TICKET_REFUSED' })
    await expect(verifyTicket(engine, tkt, { ...signed, sigApprover: sigOperator })).rejects.toMatchObject({ code: 'TICKET_REFUSED' })
    const samePerson = encodeTicket({ ...ticket, approverId: ticket.operatorId })
    await expect(verifyTicket(engine, samePerson, signed)).rejects.toMatchObject({ code: 'TICKET_REFUSED' })
    const at = ticket.notBefore
    expect([
      ticketTimely(ticket, bytes(8, 1), bytes(8, 2), at),
      ticketTimely(ticket, bytes(8, 1), bytes(8, 9), at),
      ticketTimely(ticket, bytes(8, 1), bytes(8, 2), at - 1),
    ]).toEqual([true, false, false])
    expect(() => ticketApdu(ticket, 1, ticket.notAfter, 480)).toThrow(expect.objectContaining({ code: 'TICKET_REFUSED' }))
  })
  it('fill the clock at the time of sealing, and only there', () => {
    const clock = {
      ...ticket,
      task: 5,
      service: 6 as const,
      target: Buffer.from('40000200', 'hex'),
      param: Buffer.from('1CFFFFFFFFFFFFFF', 'hex'),
    }
    expect(ticketApdu(clock, 0x45, 1_798_478_133, 480).toString('hex')).toBe('060105400002001c07ea0c1d010f210107ea0c1d010f2100012c')
    const other = { ...clock, target: Buffer.from('40000300', 'hex') }
    expect(ticketApdu(other, 5, 1_798_478_133, 480).toString('hex')).toContain('1cffffffffffffff')
  })
})

describe('mandates', () => {
  const mandate = {
    stationId: bytes(8, 1),
    epoch: bytes(8, 2),
    mandateId: bytes(16, 3),
    serviceId: bytes(8, 4),
    area: bytes(8, 5),
    notBefore: 1,
    notAfter: 2_000,
    perHour: 20,
    perDay: 100,
  }
  it('are read as they are written, at most 90 days, signed by two people', async () => {
    expect(decodeMandate(encodeMandate(mandate))).toEqual(mandate)
    expect(() => decodeMandate(encodeMandate({ ...mandate, notAfter: 91 * 86_400 }))).toThrow(
      expect.objectContaining({ code: 'TICKET_REFUSED' }),
    )
    const [operator, approver] = [await engine.generateKeyPair(), await engine.generateKeyPair()]
    const tkm = encodeMandate(mandate)
    const sigOperator = await engine.sign(operator.privateKey, ID, Buffer.concat([Buffer.from('OSP1-TMO'), tkm]))
    const sigApprover = await engine.sign(approver.privateKey, ID, Buffer.concat([Buffer.from('OSP1-TMA'), tkm, sigOperator]))
    const signed = { operatorKey: operator.publicKey, sigOperator, approverKey: approver.publicKey, sigApprover }
    expect(await verifyMandate(engine, tkm, signed)).toEqual(mandate)
    await expect(verifyMandate(engine, tkm, { ...signed, approverKey: operator.publicKey })).rejects.toMatchObject({
      code: 'TICKET_REFUSED',
    })
  })
})

describe('module manifests', () => {
  const context = { transcriptHash: bytes(32, 1), challenge: bytes(16, 2), dispersion: bytes(8, 3) }
  const bare = (slot: number) => ({
    slot,
    serial: bytes(8, slot),
    model: Buffer.from('MGT-01\0\0'),
    version: 0x102,
    firmware: sm3(Buffer.of(slot)),
  })
  const entry = (slot: number, key = bytes(16, slot)) => ({ ...bare(slot), mac: moduleMac(key, context, bare(slot)) })
  it('prove each chip for this session, challenge and device, and let only the carrier be without', () => {
    const entries = [entry(0), entry(1), { ...bare(2), mac: bytes(16, 0) }]
    expect(decodeManifest(encodeManifest(entries))).toEqual(entries)
    expect(entries.map((one) => judgeModule(bytes(16, one.slot), context, one))).toEqual(['proved', 'proved', 'declared'])
    expect(judgeModule(undefined, context, { ...bare(1), mac: bytes(16, 0) })).toBe('wrong')
    for (const other of [
      { ...context, challenge: bytes(16, 9) },
      { ...context, transcriptHash: bytes(32, 9) },
      { ...context, dispersion: bytes(8, 9) },
    ])
      expect(judgeModule(bytes(16, 1), other, entry(1))).toBe('wrong')
  })
  it('refuse repeated, unordered and truncated entries', () => {
    for (const bad of [[entry(1), entry(1)], [entry(1), entry(0)], []])
      expect(() => decodeManifest(encodeManifest(bad))).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
    expect(() => decodeManifest(encodeManifest([entry(0)]).subarray(0, -1))).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
  })
})

describe('key update', () => {
  const active = { state: 1, version: 3, dispersion: bytes(8, 1), ownNumber: bytes(8, 1) }
  const head = { updateId: bytes(8, 7), newState: 1, newVersion: 4, newDispersion: bytes(8, 1) }
  const context = { ad: bytes(8, 2), dispersion: bytes(8, 1) }
  const keys = [1, 2, 4, 6].map((purpose) => ({ purpose, key: bytes(16, purpose) }))
  it('carries keys to exactly one device, address and update', () => {
    const stage = encodeStage(bytes(16, 5), context, head, keys)
    expect(openStage(bytes(16, 5), context, stage)).toEqual({ head: { ...head, step: 'stage' }, keys })
    for (const at of [0, 1, 5, 10, 11, 15, 25, stage.length - 1]) {
      const changed = Buffer.from(stage)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => openStage(bytes(16, 5), context, changed)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
    }
    expect(() => openStage(bytes(16, 5), { ...context, ad: bytes(8, 3) }, stage)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
    expect(() => openStage(bytes(16, 5), context, encodeStage(bytes(16, 5), context, head, keys.slice(1)))).toThrow(
      expect.objectContaining({ code: 'AUTH_FAILED' }),
    )
  })
  it.each([
    ['state 0', { ...head, newState: 0 }, active, keys],
    ['the same version', { ...head, newVersion: 3 }, active, keys],
    ['another device', { ...head, newDispersion: bytes(8, 9) }, active, keys],
    ["to formal under the serial instead of the meter's number", head, { ...active, state: 0, ownNumber: bytes(8, 4) }, keys],
    [
      'to formal with a key missing',
      { ...head, newDispersion: bytes(8, 4) },
      { ...active, state: 0, ownNumber: bytes(8, 4) },
      keys.slice(0, 2),
    ],
  ])('refuses %s with DAR 22', (_n, change, now, carried) => {
    expect(() => checkStage(now, { ...change, step: 'stage' }, carried)).toThrow(expect.objectContaining({ context: { dar: 22 } }))
  })
  it('accepts a new version with some keys, and the way to the formal state with all', () => {
    checkStage(active, { ...head, step: 'stage' }, keys.slice(0, 1))
    checkStage({ ...active, state: 0, ownNumber: bytes(8, 4) }, { ...head, newVersion: 1, newDispersion: bytes(8, 4), step: 'stage' }, keys)
  })
})

describe('firmware manifests', () => {
  it('are read as they are written and refuse what is left over', () => {
    const manifest = {
      vendor: Buffer.from('DEMO'),
      model: Buffer.from('MGT-01'),
      moduleType: 0,
      relId: bytes(8),
      version: 2,
      minVersion: 1,
      size: 4096,
      imageHash: bytes(32),
      sentHash: bytes(32, 2),
    }
    const whole = encodeFirmwareManifest(manifest)
    expect(decodeFirmwareManifest(whole)).toEqual(manifest)
    for (const bad of [whole.subarray(0, -1), Buffer.concat([whole, Buffer.of(0)]), Buffer.alloc(0)])
      expect(() => decodeFirmwareManifest(bad)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
  })
})
