import fc from 'fast-check'
import { decodeApdu, encodeApdu, epochToDateTimeS, leafRows, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Data, GetResponse, Oad, RecordRequest, Rsd } from '@zhuzhan/dlt698'
import { DAY_MS, SLOT_MS } from '../meter/calendar.js'
import { DAR } from './dar.js'
import { createDevice } from './device.js'
import type { Device } from './device.js'
import { serve } from './services.js'
import type { Server } from './services.js'

const NOW = Date.UTC(2026, 9, 5, 3, 7, 21)
const METERS = ['200000001001', '200000001002']
const piid = { number: 9, priority: true, acd: false }

function server(silent: string[] = []): Server {
  const meters = new Map<string, Device>(METERS.map((a) => [a, createDevice(a)]))
  return { terminal: createDevice('000100000001', { kind: 'terminal' }), meters, transfer: undefined, isSilent: (a) => silent.includes(a) }
}

/** Through the bytes, as a station would see it. */
function ask(to: Server, request: Apdu, limit = 8192, now = NOW): Apdu {
  const answer = serve(to, decodeApdu(encodeApdu(request)), now, limit)
  return decodeApdu(encodeApdu(answer!.apdu))
}

const getNormal = (oad: Oad): Apdu => ({ apdu: 'get-request', choice: 'normal', piid, oad })
const getRecord = (record: RecordRequest): Apdu => ({ apdu: 'get-request', choice: 'record', piid, record })
const dts = (ms: number): Data => ({ type: 'date-time-s', value: epochToDateTimeS(ms, 480) })
const between = (from: number, to: number, minutes = 15): Rsd =>
  ({ selector: 2, oad: '20210200', from: dts(from), to: dts(to), interval: { type: 'ti', value: { unit: 1, value: minutes } } })

describe('GET', () => {
  it('answers with the values of this moment and repeats the PIID', () => {
    const s = server()
    const answer = ask(s, getNormal('00100200'))
    expect(answer).toMatchObject({ apdu: 'get-response', choice: 'normal', piid })
    expect((answer as { result: { data: Data } }).result.data)
      .toEqual({ type: 'array', items: s.terminal.meter.forward(NOW).map((value) => ({ type: 'double-long-unsigned', value })) })
  })

  it.each([
    ['77770200', DAR.noSuchObject, 'an object nobody has'],
    ['00101F00', DAR.undefinedObject, 'an attribute the object has not'],
    ['00100209', DAR.outOfBounds, 'an element beyond the array'],
  ] as [Oad, number, string][])('%s gives DAR %i: %s', (oad, dar) => {
    expect(ask(server(), getNormal(oad))).toMatchObject({ result: { oad, dar } })
  })

  it('an error in one item does not fail the others', () => {
    const answer = ask(server(), { apdu: 'get-request', choice: 'normal-list', piid, oads: ['40010200', '77770200', '40000200'] })
    expect(answer).toMatchObject({ results: [{ data: { hex: '000100000001' } }, { dar: DAR.noSuchObject }, { data: { type: 'date-time-s' } }] })
  })

  it('a curve has one row a quarter hour, the columns that were asked for', () => {
    const rcsd = [{ oad: '20210200' }, { oad: '00100201' }, { oad: '20000200' }]
    const from = NOW - (NOW % DAY_MS) - DAY_MS
    const answer = ask(server(), getRecord({ oad: '50020200', rsd: between(from, from + DAY_MS), rcsd })) as Extract<GetResponse, { choice: 'record' }>
    const rows = leafRows(answer.record)
    expect(rows).toHaveLength(96)
    expect(rows[5]![0]).toEqual(dts(from + 5 * SLOT_MS))
    expect(rows[5]![1]).toEqual({ type: 'double-long-unsigned', value: server().terminal.meter.forward(from + 5 * SLOT_MS)[0] })
  })

  it('selector 9 is the n-th newest row, 10 the newest n, 0 the newest', () => {
    const count = (rsd: Rsd) => leafRows((ask(server(), getRecord({ oad: '50040200', rsd, rcsd: [{ oad: '20210200' }] })) as Extract<GetResponse, { choice: 'record' }>).record)
    const midnight = Date.UTC(2026, 9, 4, 16)
    expect(count({ selector: 0 })).toEqual([[dts(midnight)]])
    expect(count({ selector: 9, n: 3 })).toEqual([[dts(midnight - 2 * DAY_MS)]])
    expect(count({ selector: 10, n: 3, ms: { choice: 0 } })).toHaveLength(3)
  })

  it('task records have a row a meter with its address and the frozen values', () => {
    const rcsd = [{ oad: '202A0200' }, { oad: '60420200' }, { oad: '50020200', related: ['00100201', '20210200'] }]
    const s = server()
    const answer = ask(s, getRecord({ oad: '60120300', rsd: { selector: 10, n: 1, ms: { choice: 1 } }, rcsd })) as Extract<GetResponse, { choice: 'record' }>
    const rows = leafRows(answer.record)
    expect(rows.map(([tsa]) => tsa)).toEqual(METERS.map((a) => ({ type: 'tsa', tsa: tsaOf(a) })))
    const stamp = Math.floor(NOW / SLOT_MS) * SLOT_MS
    expect(rows[0]!.slice(2)).toEqual([{ type: 'double-long-unsigned', value: s.meters.get(METERS[0]!)!.meter.forward(stamp)[0] }, dts(stamp)])
  })
})

describe('block transfer', () => {
  const record: RecordRequest = {
    oad: '50020200', rsd: between(Date.UTC(2026, 9, 3, 16), Date.UTC(2026, 9, 4, 16)), rcsd: [{ oad: '20210200' }, { oad: '00100200' }, { oad: '20000200' }],
  }
  type Next = Extract<GetResponse, { choice: 'next' }>

  it('blocks fit, decode by themselves and join to the whole answer', () => {
    fc.assert(fc.property(fc.integer({ min: 120, max: 4000 }), (limit) => {
      const whole = ask(server(), getRecord(record), 65_000) as Extract<GetResponse, { choice: 'record' }>
      const s = server()
      const rows: Data[][] = []
      let answer = ask(s, getRecord(record), limit) as Next
      for (let number = 1; ; number++) {
        expect(answer).toMatchObject({ choice: 'next', block: number })
        expect(encodeApdu(answer).length).toBeLessThanOrEqual(limit)
        const { records } = answer.content as Extract<Next['content'], { records: unknown }>
        rows.push(...records.flatMap(leafRows))
        if (answer.last) break
        answer = ask(s, { apdu: 'get-request', choice: 'next', piid, block: number }, limit) as Next
      }
      expect(rows).toEqual(leafRows(whole.record))
    }), { numRuns: 6 })
  })

  it('Next without a transfer is DAR 11, an impossible number DAR 14, a repeated number the same block', () => {
    const s = server()
    const next = (block: number) => ask(s, { apdu: 'get-request', choice: 'next', piid, block }, 500)
    expect(next(1)).toMatchObject({ content: { dar: DAR.notInBlockTransfer } })
    ask(s, getRecord(record), 500)
    expect(next(500)).toMatchObject({ content: { dar: DAR.blockNumberInvalid } })
    expect(next(1)).toEqual(next(1))
  })

  it('a list that is too long is cut by its items', () => {
    const oads = Array.from({ length: 40 }, () => '00100200')
    const answer = ask(server(), { apdu: 'get-request', choice: 'normal-list', piid, oads }, 300) as Next
    expect(answer.choice).toBe('next')
    expect('results' in answer.content && answer.content.results.length).toBeGreaterThan(0)
  })
})

describe('SET and ACTION', () => {
  it('the clock runs on from what it was set to', () => {
    const s = server()
    const set = ask(s, { apdu: 'set-request', choice: 'normal', piid, oad: '40000200', data: dts(NOW - 3_600_000) })
    expect(set).toMatchObject({ apdu: 'set-response', oad: '40000200', dar: 0 })
    expect(ask(s, getNormal('40000200'), 8192, NOW + 60_000)).toMatchObject({ result: { data: dts(NOW - 3_540_000) } })
  })

  it.each([
    ['40000200', { type: 'unsigned', value: 1 }, DAR.typeMismatch],
    ['40010200', { type: 'octet-string', hex: '00' }, DAR.denied],
    ['43000800', { type: 'unsigned', value: 1 }, DAR.typeMismatch],
    ['77770200', { type: 'null' }, DAR.noSuchObject],
    ['40000500', { type: 'null' }, DAR.undefinedObject],
  ] as [Oad, Data, number][])('SET of %s is refused', (oad, data, dar) => {
    expect(ask(server(), { apdu: 'set-request', choice: 'normal', piid, oad, data })).toMatchObject({ oad, dar })
  })

  it('what was written is read back', () => {
    const s = server()
    const data: Data = { type: 'bool', value: false }
    ask(s, { apdu: 'set-request', choice: 'normal', piid, oad: '43000800', data })
    expect(ask(s, getNormal('43000800'))).toMatchObject({ result: { data } })
  })

  const tripOf = (delay = 0, relay = 'F2050201'): Data => ({ type: 'array', items: [{ type: 'structure', items: [
    { type: 'oad', oad: relay }, { type: 'unsigned', value: delay }, { type: 'long-unsigned', value: 0 }, { type: 'bool', value: false },
  ] }] })
  const action = (omd: Oad, parameter: Data): Apdu => ({ apdu: 'action-request', choice: 'normal', piid, omd, parameter })

  it('a trip opens the relay, closing closes it, the state shows both', () => {
    const s = server()
    const state = (now: number) => (ask(s, getNormal('80000300'), 8192, now) as { result: { data: Data } }).result.data
    expect(state(NOW)).toEqual({ type: 'bit-string', bits: 8, hex: '00' })
    expect(ask(s, action('80008100', tripOf()))).toMatchObject({ omd: '80008100', dar: 0 })
    expect(state(NOW + 1)).toEqual({ type: 'bit-string', bits: 8, hex: '80' })
    expect(serve(s, action('80008200', { type: 'array', items: [{ type: 'structure', items: [{ type: 'oad', oad: 'F2050201' }, { type: 'enum', value: 1 }] }] }), NOW + 1000, 999)?.control).toBe(true)
    expect(state(NOW + 1000)).toEqual({ type: 'bit-string', bits: 8, hex: '00' })
  })

  it('a delayed trip is accepted at once and opens later', () => {
    const s = server()
    ask(s, action('80008100', tripOf(5)))
    expect(s.terminal.meter.relay.isOpen(NOW + 299_000)).toBe(false)
    expect(s.terminal.meter.relay.isOpen(NOW + 300_000)).toBe(true)
  })

  it('under keep-power a trip is DAR 3', () => {
    const s = server()
    expect(ask(s, action('80017F00', { type: 'null' }))).toMatchObject({ dar: 0 })
    expect(ask(s, getNormal('80010200'))).toMatchObject({ result: { data: { type: 'enum', value: 1 } } })
    expect(ask(s, action('80008100', tripOf()))).toMatchObject({ dar: DAR.denied })
    ask(s, action('80018000', { type: 'null' }))
    expect(ask(s, action('80008100', tripOf()))).toMatchObject({ dar: 0 })
  })

  it.each([
    ['80008100', { type: 'null' }, DAR.typeMismatch],
    ['80008100', tripOf(0, 'F2050207'), DAR.noSuchObject],
    ['80009900', { type: 'null' }, DAR.undefinedObject],
    ['99998100', { type: 'null' }, DAR.noSuchObject],
  ] as [Oad, Data, number][])('ACTION %s with a wrong parameter', (omd, parameter, dar) => {
    expect(ask(server(), action(omd, parameter))).toMatchObject({ omd, dar })
  })
})

describe('time tag', () => {
  const tag = (sentMs: number, seconds: number) => ({ sent: epochToDateTimeS(sentMs, 480), delay: { unit: 0, value: seconds } })
  const trip = (timeTag: ReturnType<typeof tag>): Apdu => ({
    apdu: 'action-request', choice: 'normal', piid, omd: '80008100', timeTag,
    parameter: { type: 'array', items: [{ type: 'structure', items: [{ type: 'oad', oad: 'F2050201' }, { type: 'unsigned', value: 0 }, { type: 'long-unsigned', value: 0 }, { type: 'bool', value: false }] }] },
  })

  it('an expired command is DAR 32 and moves nothing; the tag is repeated', () => {
    const s = server()
    const old = tag(NOW - 61_000, 60)
    expect(ask(s, trip(old))).toMatchObject({ dar: DAR.timeTagInvalid, timeTag: old })
    expect(s.terminal.meter.relay.isOpen(NOW)).toBe(false)
  })

  it('a fresh one and one that is not checked are obeyed', () => {
    for (const fresh of [tag(NOW - 50_000, 60), tag(NOW - DAY_MS, 0)]) {
      const s = server()
      expect(ask(s, trip(fresh))).toMatchObject({ dar: 0 })
    }
  })
})

describe('PROXY', () => {
  const targets = (...addresses: string[]) => addresses.map((a) => ({ tsa: tsaOf(a), timeout: 0, oads: ['00100201', '77770200'] }))

  it('reads meters; silent is DAR 33, unknown objects and meters DAR 6', () => {
    const s = server([METERS[1]!])
    const answer = ask(s, { apdu: 'proxy-request', choice: 'get-list', piid, timeout: 10, targets: targets(METERS[0]!, METERS[1]!, '999999999999') })
    expect(answer).toMatchObject({ targets: [
      { tsa: tsaOf(METERS[0]!), results: [{ data: { value: s.meters.get(METERS[0]!)!.meter.forward(NOW)[0] } }, { dar: DAR.noSuchObject }] },
      { results: [{ dar: DAR.timedOut }, { dar: DAR.timedOut }] },
      { results: [{ dar: DAR.noSuchObject }, { dar: DAR.noSuchObject }] },
    ] })
  })

  it('trips the relay of the meter and of no other', () => {
    const s = server()
    const parameter: Data = { type: 'array', items: [{ type: 'structure', items: [{ type: 'oad', oad: 'F2050201' }, { type: 'unsigned', value: 0 }, { type: 'long-unsigned', value: 0 }, { type: 'bool', value: false }] }] }
    const request: Apdu = { apdu: 'proxy-request', choice: 'action-list', piid, timeout: 10, targets: [{ tsa: tsaOf(METERS[0]!), timeout: 0, actions: [{ omd: '80008100', parameter }] }] }
    expect(ask(s, request)).toMatchObject({ targets: [{ results: [{ omd: '80008100', dar: 0 }] }] })
    expect([...s.meters.values()].map((m) => m.meter.relay.isOpen(NOW))).toEqual([true, false])
    expect(s.terminal.meter.relay.isOpen(NOW)).toBe(false)
  })

  it('a record too large for the agreed APDU is shortened from its newest end', () => {
    const request: Apdu = { apdu: 'proxy-request', choice: 'get-record', piid, timeout: 10, tsa: tsaOf(METERS[0]!), record: {
      oad: '50020200', rsd: between(Date.UTC(2026, 9, 3, 16), Date.UTC(2026, 9, 4, 16)), rcsd: [{ oad: '20210200' }, { oad: '00100201' }],
    } }
    const answer = ask(server(), request, 600) as { record: { rows: Data[][] } } & Apdu
    expect(encodeApdu(answer).length).toBeLessThanOrEqual(600)
    expect(answer.record.rows[0]![0]).toEqual(dts(Date.UTC(2026, 9, 3, 16)))
    expect(answer.record.rows.length).toBeGreaterThan(5)
  })
})

describe('events', () => {
  it('a trip leaves a record of the meter, with the time of its clock', () => {
    const device = createDevice(METERS[0]!)
    device.skew = 60_000
    device.meter.relay.trip(NOW - 5000)
    const s: Server = { terminal: device, meters: new Map(), transfer: undefined, isSilent: () => false }
    const answer = ask(s, getRecord({ oad: '301F0200', rsd: { selector: 9, n: 1 }, rcsd: [{ oad: '20220200' }, { oad: '201E0200' }] }))
    expect(answer).toMatchObject({ record: { rows: [[{ value: 1 }, dts(NOW - 5000 + 60_000)]] } })
  })

  it('interruptions of the supply are in the history, newest first, the same each time', () => {
    const s = server()
    const read = () => leafRows((ask(s, getRecord({ oad: '31060200', rsd: { selector: 10, n: 10, ms: { choice: 0 } }, rcsd: [] })) as Extract<GetResponse, { choice: 'record' }>).record)
    const rows = read()
    expect(rows.length).toBeGreaterThan(3)
    const numbers = rows.map(([number]) => (number as { value: number }).value)
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a))
    expect(read()).toEqual(rows)
  })
})
