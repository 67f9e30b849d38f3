import { fromHex, HesError, manualClock, toHex } from '@zhuzhan/core'
import type { Reading, StationEvent } from '@zhuzhan/contracts'
import { CONTROL } from '@zhuzhan/dlt698'
import type { DeadLetter } from '@zhuzhan/persistence'
import { fakeLink, uplink } from '../test-support/fake-link.js'
import type { FakeLink } from '../test-support/fake-link.js'
import { fakeMachine } from '../test-support/fake-machine.js'
import { METER, TERMINAL, terminalRecord } from '../test-support/records.js'
import { terminalOn } from '../test-support/terminal.js'
import { until } from '../test-support/until.js'
import type { Terminal } from '../terminals/terminal.js'
import { createInbound } from './inbound.js'
import { createReports } from './reports.js'

const clock = manualClock()
const TOKEN = 'C'.repeat(32)
let link: FakeLink
let terminal: Terminal
let published: Reading[][]
let publishing: () => Promise<void>
let events: StationEvent[]
let letters: DeadLetter[]
let refused: string[]
let counterRefused: string[]
let opened: { state: 'new' | 'repeat'; replayChecked: boolean; inner: string } | HesError
let machine: ReturnType<typeof fakeMachine>
let inbound: (terminal: Terminal, body: Buffer) => Promise<void>

beforeEach(() => {
  link = fakeLink()
  published = []
  publishing = async () => undefined
  events = []
  letters = []
  refused = []
  counterRefused = []
  machine = fakeMachine({
    openReport: () => {
      if (opened instanceof HesError) throw opened
      return { state: opened.state, replayChecked: opened.replayChecked, apdu: fromHex(opened.inner), token: TOKEN }
    },
    confirmReport: ({ apdu }) => ({ apdu: Buffer.concat([fromHex('90 00'), Buffer.from([apdu.length]), apdu, fromHex('00')]) }),
    endSession: () => ({}),
  })
  terminal = terminalOn(link, clock)
  const reports = createReports({
    publisher: { publish: (readings) => { published.push([...readings]); return publishing() }, drain: async () => undefined },
    machine, clock, events: { publish: async (...news) => { events.push(...news) } }, deadLetter: async (letter) => { letters.push(letter) },
    onCounterRefused: ({ address }) => counterRefused.push(address),
  })
  inbound = createInbound({ reports, log: { warn: () => undefined }, onRefused: (_terminal, code, what) => refused.push(`${code} ${what}`) })
})
afterEach(() => terminal.end())

const hears = (hex: string, client?: number): Promise<void> => inbound(terminal, uplink(TERMINAL, fromHex(hex.replaceAll('|', ' ')), CONTROL.serverReport, client))
const answers = (): string[] => link.sent.map(({ frame }) => toHex(frame.data))
const EVENT = '88 02 27 01 30110200 01 00 20220200 01 01 06 00000001 0000'
const VOLTAGE = '88 01 27 01 20000201 01 12 0898 0000'
const FREEZE = `88 02 27 01 50040200 03 00 202A0200 00 20210200 00 00100201 01 01 55 07 05 ${METER} 1C 07EA0A05000000 06 0001E240 0000`

test('a report is confirmed with its number and OADs, on the addresses it came with; reference §9.4', async () => {
  await hears(FREEZE, 0x21)
  expect(answers()).toEqual([toHex(fromHex('08 02 27 01 50040200 00'))])
  expect(link.sent[0]).toMatchObject({ connection: 1, frame: { control: { dir: 0, prm: 0, fn: 3 }, address: { server: TERMINAL, client: 0x21 } } })
  expect(published).toMatchObject([[{ meter: METER, item: 0x00100201, value: '1234.56', time: Date.UTC(2026, 9, 4, 16), quality: 'terminal', source: 'report' }]])
})

test('ACD is cleared, priority kept, every OAD named', async () => {
  await hears('88 01 E7 02 20000201 01 12 0898 20010201 00 04 0000')
  expect(answers()).toEqual([toHex(fromHex('08 01 A7 02 20000201 20010201 00'))])
})

test('not a byte of confirmation before the readings are durable', async () => {
  let durable!: () => void
  publishing = () => new Promise((resolve) => { durable = resolve })
  const done = hears(VOLTAGE)
  await until(() => published.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(answers()).toEqual([])
  durable()
  await done
  expect(answers()).toHaveLength(1)
})

test('what could not be made durable is not confirmed; its repetition is, with the time of the first arrival', async () => {
  publishing = async () => { throw new HesError('UNAVAILABLE') }
  const first = clock.now()
  await hears(VOLTAGE)
  expect([answers(), refused]).toEqual([[], []])
  publishing = async () => undefined
  clock.advance(30_000)
  await hears(VOLTAGE)
  expect(answers()).toHaveLength(1)
  expect(published.map((batch) => batch[0])).toMatchObject([{ time: first, quality: 'received-time' }, { time: first }])
})

test('a repetition because the confirmation was lost makes the same readings and another confirmation', async () => {
  await hears(VOLTAGE)
  clock.advance(60_000)
  await hears(VOLTAGE)
  expect(published[1]).toEqual(published[0])
  expect(answers()).toHaveLength(2)
})

test('readings of strangers are kept whole as a dead letter, the others stored, all confirmed', async () => {
  await hears(FREEZE.replace('88 02 27 01', '88 02 27 02').replace(/ 0000$/, ` 50040200 03 00 202A0200 00 20210200 00 00100201 01 01 55 07 05 999999999999 1C 07EA0A05000000 06 00000001 0000`))
  expect(published[0]).toHaveLength(1)
  expect(letters).toMatchObject([{ origin: `report/${TERMINAL}`, code: 'READING_REFUSED', detail: 'meters not registered behind this terminal: 999999999999' }])
  expect(answers()).toHaveLength(1)
})

test.each([
  ['attributes without a measurement', '88 01 27 01 F1010200 01 16 01 0000', '08 01 27 01 F1010200 00'],
  ['a record without a measurement', '88 02 27 01 60120300 01 00 F1010200 01 01 16 01 0000', '08 02 27 01 60120300 00'],
  ['transparent data', '88 03 27 F2010201 01 02 6816 0000', '08 03 27 00'],
])('%s: kept as a dead letter before it is confirmed', async (_what, report, answer) => {
  await hears(report)
  expect(letters).toHaveLength(1)
  expect((letters[0]!.payload as { apdu: string }).apdu).toBe(toHex(fromHex(report)))
  expect(answers()).toEqual([toHex(fromHex(answer))])
})

test('an event of the terminal goes to people, and is confirmed; the recorded power-down of the reference §9.4', async () => {
  await hears('88 02 09 01 31060200 06 00 20220200 00 201E0200 00 20200200 00 20240200 00 33000200 00 33090206 | 01 01 | 06 00000018 | 1C 07E9040A0B1D26 | 00 | 16 00 | 01 01 02 02 51 45000200 11 01 | 04 08 80 | 00 00')
  expect(events).toMatchObject([{ kind: 'terminal.event', terminal: TERMINAL, code: '31060200' }])
  expect([letters, answers()]).toEqual([[], [toHex(fromHex('08 02 09 01 31060200 00'))]])
})

describe('of a protected terminal', () => {
  const RECORD = '10 00 01 00 02 01 00 01 00'
  beforeEach(() => {
    terminal.end()
    terminal = terminalOn(link, clock, { record: terminalRecord({ securityProfile: 'sm', mode: 'S' }), machine })
    opened = { state: 'new', replayChecked: true, inner: VOLTAGE }
  })
  const operations = (): string[] => machine.calls.map(([name]) => name)

  test('opened, made durable, and only then the machine marks its window and makes the answer', async () => {
    let durable!: () => void
    publishing = () => new Promise((resolve) => { durable = resolve })
    const done = hears(RECORD)
    await until(() => published.length === 1)
    expect(operations()).toEqual(['openReport'])
    durable()
    await done
    expect(operations()).toEqual(['openReport', 'confirmReport'])
    expect(machine.calls[1]![1]).toMatchObject({ address: TERMINAL, token: TOKEN, apdu: fromHex('08 01 27 01 20000201 00') })
    expect(answers()[0]).toMatch(/^9000/)
  })

  test('a repeat is confirmed again and stored no second time', async () => {
    opened = { state: 'repeat', replayChecked: true, inner: VOLTAGE }
    await hears(RECORD)
    expect([published, operations(), answers().length]).toEqual([[], ['openReport', 'confirmReport'], 1])
  })

  test('after a restore, until the window is known, its readings say so', async () => {
    opened = { state: 'new', replayChecked: false, inner: VOLTAGE }
    await hears(RECORD)
    expect(published[0]).toMatchObject([{ quality: 'replay-unchecked' }])
    // An event in such a report is told, but warns of nothing.
    opened = { state: 'new', replayChecked: false, inner: EVENT }
    await hears(RECORD)
    opened = { state: 'new', replayChecked: true, inner: EVENT }
    await hears(RECORD)
    expect(events.map(({ severity, detail }) => [severity, detail?.['quality']])).toEqual([['info', 'replay-unchecked'], ['warning', undefined]])
  })

  test.each(['AUTH_FAILED', 'COUNTER'] as const)('%s: refused, nothing stored, nothing answered', async (code) => {
    opened = new HesError(code)
    await hears(RECORD)
    expect([refused, published, answers()]).toEqual([[`${code} APDU 10`], [], []])
    expect(counterRefused).toEqual(code === 'COUNTER' ? [TERMINAL] : [])
  })

  test('what could not be made durable is not marked as seen', async () => {
    publishing = async () => { throw new HesError('UNAVAILABLE') }
    await hears(RECORD)
    expect([operations(), answers()]).toEqual([['openReport'], []])
  })

  test('something else than a report inside is refused', async () => {
    opened = { state: 'new', replayChecked: true, inner: '85 01 07 00100201 00 04 0000' }
    await hears(RECORD)
    expect([refused, operations()]).toEqual([['SERVICE_ILLEGAL APDU 10'], ['openReport']])
  })

  test('a plain report is not even parsed', async () => {
    await hears(VOLTAGE)
    await hears('85 01 07 00100201 00 04 0000')
    expect([refused, published, answers()]).toEqual([['PLAIN_REFUSED APDU 88', 'PLAIN_REFUSED APDU 85'], [], []])
  })
})
