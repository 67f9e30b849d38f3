/**
 * The attacks of OSP-1 §8 that concern sessions and reports, and the bad input of the wire, against the running station: each
 * is refused, counted in the metrics and written into the audit log, and the traffic it was aimed at goes on.
 */
import { badInput } from './bad-input.js'
import { commandAttacks } from './command-attacks.js'
import { openField } from './field.js'
import type { Field } from './field.js'
import { handshakeAttacks } from './handshake-attacks.js'
import { recordAttacks } from './record-attacks.js'
import { reportAttacks } from './report-attacks.js'
import { serviceAttacks } from './service-attacks.js'

let field: Field
let processes: Record<string, number[]>

beforeAll(async () => {
  field = await openField({ env: { ZHUZHAN_REQUEST_SECONDS: '6', ZHUZHAN_PROXY_SECONDS: '4' } })
  processes = field.station.endpoints().processes
  for (const terminal of [field.modeS, field.modeF, field.plain]) await field.read(terminal)
}, 300_000)
afterAll(() => field?.close(), 60_000)

describe('records', () => recordAttacks(() => field))
describe('handshakes', () => handshakeAttacks(() => field))
describe('reports', () => reportAttacks(() => field))
describe('commands', () => commandAttacks(() => field))
describe('the service\'s own key', () => serviceAttacks(() => field))
describe('bad input', () => badInput(() => field))

test('after all of it nothing plain ever went down to a protected device, and every process is the one that started', () => {
  for (const { address } of [field.modeS, field.modeF]) {
    // LINK-Response, CONNECT-Request, sealed requests, authenticated answers to reports.
    const others = field.tap.seen(address, 'down', ({ data, control }) => !control.segmented && ![0x81, 0x02, 0x10, 0x90].includes(data[0] ?? 0))
    expect(others.map(({ frame }) => frame.data[0])).toEqual([])
  }
  expect(field.station.endpoints().processes).toEqual(processes)
})
