import { decodeApdu, encodeApdu, pileStateOad, readPileState, setPointRequest, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Data, PileSetPoint } from '@zhuzhan/dlt698'
import { createDevice } from '../device/device.js'
import { serve } from '../device/services.js'
import type { Server } from '../device/services.js'
import { createVirtualPile } from './pile.js'

const NOW = Date.UTC(2026, 9, 5, 12)
const HOUR = 3_600_000
const OBJECT = 'E001'
const TERMINAL = '000100000001'
const METER = '200000001001'
const piid = { number: 9, priority: true, acd: false }
const told = (more: Partial<PileSetPoint> = {}): PileSetPoint => ({ id: 'b1-P1-1', sequence: 1, watts: 7_000, from: NOW, to: NOW + HOUR, ...more })
const vehicle = { from: NOW, to: NOW + 3 * HOUR, kwh: 9, maxKw: 7, minKw: 1.4 }

it('charges by set-points, and at its safe power when the last one has ended and nothing renews it', () => {
  const pile = createVirtualPile()
  pile.announce({ vehicles: [vehicle], safeWatts: 1_400, speed: 1 }, NOW)
  expect(pile.take(told(), NOW)).toEqual({ outcome: 'applied' })
  expect(pile.state(NOW + HOUR / 2)).toMatchObject({ watts: 7_000, session: 35_000, setPointWatts: 7_000 })
  expect(pile.state(NOW + 2 * HOUR)).toMatchObject({ watts: 1_400, session: 84_000, setPointWatts: 1_400 })
  // 9 kWh: the vehicle ends by itself.
  expect(pile.state(NOW + 2.9 * HOUR)).toMatchObject({ watts: 0, plugged: true, session: 90_000 })
  expect(pile.state(NOW + 3 * HOUR)).toMatchObject({ plugged: false })
  expect(pile.trace(NOW + 3 * HOUR).map(({ watts, from, to }) => [watts, Math.round((to - from) / 60_000)])).toEqual([[7_000, 60], [1_400, 86], [0, 34]])
})

it('applies an id once, lets the higher sequence hold, and charges nothing below the vehicle\'s smallest power', () => {
  const pile = createVirtualPile()
  pile.announce({ vehicles: [vehicle], safeWatts: 0, speed: 10 }, NOW)
  pile.take(told({ id: 'later', sequence: 5, watts: 2_000 }), NOW)
  expect(pile.take(told({ id: 'late', sequence: 2, watts: 7_000 }), NOW)).toEqual({ outcome: 'applied' })
  expect(pile.take(told({ id: 'later', sequence: 9, watts: 7_000 }), NOW)).toEqual({ outcome: 'repeated' })
  expect(pile.state(NOW + 60_000)).toMatchObject({ watts: 2_000, session: 3_333 })
  pile.take(told({ id: 'little', sequence: 6, watts: 1_000 }), NOW + 60_000)
  expect(pile.state(NOW + 120_000)).toMatchObject({ watts: 0, session: 3_333, setPointWatts: 1_000 })
  expect(pile.take(told({ id: 'over', to: NOW }), NOW + 120_000)).toMatchObject({ outcome: 'refused' })
})

it('is reached behind its terminal, and reads back what it draws', () => {
  const meter = createDevice(METER, { pileObject: OBJECT })
  const server: Server = { terminal: createDevice(TERMINAL, { kind: 'terminal' }), meters: new Map([[METER, meter], ['200000001002', createDevice('200000001002')]]), transfer: undefined, isSilent: () => false }
  const ask = (request: Apdu): Apdu => decodeApdu(encodeApdu(serve(server, decodeApdu(encodeApdu(request)), NOW, 8_192)!.apdu))
  meter.pile = createVirtualPile()
  meter.pile.announce({ vehicles: [vehicle], safeWatts: 0, speed: 1 }, NOW)
  const set = (address: string, setPoint = told()): unknown => {
    const answer = ask(setPointRequest(OBJECT, setPoint, { terminal: TERMINAL, meter: address }, piid, 30))
    return answer.apdu === 'proxy-response' && answer.choice === 'action-list' ? answer.targets[0]?.results[0]?.dar : undefined
  }
  expect(set(METER)).toBe(0)
  const answer = ask({ apdu: 'proxy-request', choice: 'get-list', piid, timeout: 30, targets: [{ tsa: tsaOf(METER), timeout: 30, oads: [pileStateOad(OBJECT)] }] } as Apdu) as { targets: { results: { data: Data }[] }[] }
  expect(readPileState(answer.targets[0]!.results[0]!.data)).toEqual({ watts: 7_000, plugged: true, session: 0, setPointWatts: 7_000 })
  // What is over and what is no pile: out of bounds, no such object.
  expect(set(METER, told({ id: 'old', to: NOW }))).toBe(8)
  expect(set('200000001002')).toBe(6)
})
