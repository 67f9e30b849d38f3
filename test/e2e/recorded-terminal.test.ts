/** A terminal that is none of our code's against the real station: login, heartbeat, GET, report, confirmation, reading. */
import { startStation } from '@zhuzhan/testing'
import type { TestStation } from '@zhuzhan/testing'
import { confirmationFor, connectRecordedTerminal, recordedReport } from '../recorded-terminal.js'
import type { RecordedTerminal } from '../recorded-terminal.js'
import { until } from './wait.js'

const ADDRESS = '000000424242'
const LINK_TAG_AT = 14

let station: TestStation
let terminal: RecordedTerminal

beforeAll(async () => {
  station = await startStation()
  expect((await station.rest.call('POST', '/api/v1/terminals', { address: ADDRESS, securityProfile: 'plain' })).status).toBe(201)
  const [host = '', port = ''] = station.endpoints().gateway4g.split(':')
  terminal = await connectRecordedTerminal(host, Number(port), ADDRESS)
}, 240_000)
afterAll(async () => {
  terminal?.close()
  await station?.stop()
}, 60_000)

test('login and heartbeat are accepted', async () => {
  for (const answer of [await terminal.login(), await terminal.heartbeat()]) {
    // 81 PIID result: accepted, and the station never claims a trusted clock.
    expect([answer[LINK_TAG_AT], answer[LINK_TAG_AT + 2]]).toEqual([0x81, 0])
  }
}, 30_000)

test('the report gets the confirmation that repeats its number and OAD', async () => {
  expect((await terminal.report()).toString('hex')).toBe(confirmationFor(recordedReport(ADDRESS), ADDRESS).toString('hex'))
}, 30_000)

test('a GET is answered and its reading is in REST with the recorded value', async () => {
  const asked = await station.rest.call('POST', `/api/v1/meters/${ADDRESS}/commands`, { action: 'read', oads: ['20000200'] })
  expect(asked.status).toBe(202)
  const [reading] = await until('the reading', 60, async () => {
    const found = await station.rest.all(`/api/v1/meters/${ADDRESS}/readings?item=20000201&limit=10`)
    return found.length > 0 ? found : undefined
  })
  expect(reading).toMatchObject({ meter: ADDRESS, item: '20000201', value: '224.1', unit: 'V' })
  expect(terminal.asked).toContainEqual({ oad: '20000200', answered: true })
}, 90_000)
