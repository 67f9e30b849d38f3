import { applianceStateOad, decodeApdu, encodeApdu, readApplianceState, setPointRequest, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Data, PileSetPoint } from '@zhuzhan/dlt698'
import { createDevice } from './device.js'
import { serve } from './services.js'
import type { Server } from './services.js'

const NOW = Date.UTC(2026, 9, 5, 4)
const told = (more: Partial<PileSetPoint> = {}): PileSetPoint => ({ id: 'e1-A1-1', sequence: 1, watts: 500, from: NOW, to: NOW + 1_200_000, ...more })

it('is reached behind its terminal beside the charging pile, and reads back its state', () => {
  const meter = createDevice('200000001001', { pileObject: 'E001', applianceObject: 'E002' })
  const server: Server = { terminal: createDevice('000100000001', { kind: 'terminal' }), meters: new Map([[meter.address, meter]]), transfer: undefined, isSilent: () => false }
  const piid = { number: 9, priority: true, acd: false }
  const ask = (request: Apdu): Apdu => decodeApdu(encodeApdu(serve(server, decodeApdu(encodeApdu(request)), NOW, 8_192)!.apdu))
  const set = (object: string, setPoint: PileSetPoint): unknown => {
    const answer = ask(setPointRequest(object, setPoint, { terminal: '000100000001', meter: meter.address }, piid, 30))
    return answer.apdu === 'proxy-response' && answer.choice === 'action-list' ? answer.targets[0]?.results[0]?.dar : undefined
  }
  expect([set('E002', told()), set('E001', told({ id: 'pile', watts: 7_000 })), set('E002', told({ id: 'long', to: NOW + 86_400_000 }))]).toEqual([0, 0, 8])
  const answer = ask({ apdu: 'proxy-request', choice: 'get-list', piid, timeout: 30, targets: [{ tsa: tsaOf(meter.address), timeout: 30, oads: [applianceStateOad('E002')] }] } as Apdu) as { targets: { results: { data: Data }[] }[] }
  expect(readApplianceState(answer.targets[0]!.results[0]!.data)).toEqual({ watts: 500, setPointWatts: 500, energy: 0, comfort: 'held', heldSeconds: 0, heldTodaySeconds: 0, restSeconds: 0 })
})
