import { OBJECTS } from '../objects.js'
import type { ObjectName } from '../objects.js'
import { QUARANTINE_FLAGS, QUARANTINE_SECONDS } from './analysis.js'
import type { Flag } from './analysis.js'
import { createBook } from './book.js'
import type { Book } from './book.js'

const NOW = 1_800_000_000
type Report = Partial<Record<ObjectName, number>>
const enter = (book: Book, report: Report, at = NOW, now = at, ownWatts?: number) =>
  book.enter(Object.entries(report).map(([name, value]) => ({ object: OBJECTS[name as ObjectName].code, value })), at, now, ownWatts)
const flags = (book: Book, report: Report, at?: number, now?: number, ownWatts?: number): Flag[][] => enter(book, report, at, now, ownWatts).map((entry) => [...entry.flags])

/** After this, so many seconds ago. */
const after = (report: Report, ago = 60): Book => {
  const book = createBook()
  enter(book, report, NOW - ago)
  return book
}

// Mutation seen failing: flagsOf returning [] (every row), and each single condition removed (its row).
describe.each<[Flag, Report, Book, at?: number, now?: number, own?: number]>([
  ['range', { temperature: 2_000 }, createBook()],
  ['range', { humidity: -1 }, createBook()],
  ['range', { breakerState: 3 }, createBook()],
  ['time', { temperature: 200 }, createBook(), NOW - 301, NOW],
  ['time', { temperature: 200 }, createBook(), NOW + 301, NOW],
  ['repeat', { temperature: 200 }, after({ temperature: 200 }, 0)],
  ['jump', { temperature: 700 }, after({ temperature: 199 }, 10)],
  ['fell', { pileEnergy: 99 }, after({ pileEnergy: 100 })],
  // 60 kW for a minute is 100 steps.
  ['too-fast', { pileEnergy: 203 }, after({ pileEnergy: 100 })],
  ['above-meter', { pilePower: 7_000 }, createBook(), NOW, NOW, 6_000],
  ['contradiction', { breakerState: 0, breakerCurrent: 5_000 }, createBook()],
  ['contradiction', { pileState: 0, pilePower: 7_000 }, createBook()],
  ['contradiction', { applianceState: 0, appliancePower: 900 }, createBook()],
])('%s: %j', (flag, report, book, at, now, own) => {
  it('is seen and does not count', () => {
    const before = new Map(book.values)
    const found = flags(book, report, at, now, own)
    expect(found.at(-1)).toEqual([flag])
    const last = Object.keys(report).at(-1) as ObjectName
    expect(book.values.get(last)).toEqual(before.get(last))
    expect(book.suspect.at(-1)).toMatchObject({ object: last, flags: [flag] })
  })
})

it.each<[Report, Book, own: number | undefined]>([
  [{ temperature: 1_500 }, createBook(), undefined],
  [{ temperature: 690 }, after({ temperature: 200 }, 10), undefined],
  [{ pileEnergy: 202 }, after({ pileEnergy: 100 }), undefined],
  [{ pileState: 2, pilePower: 7_000 }, createBook(), 7_100],
  [{ pilePower: 7_000 }, createBook(), undefined],
  [{ breakerState: 1, breakerCurrent: 90_000 }, createBook(), undefined],
  [{ breakerState: 0, breakerCurrent: 3 }, createBook(), undefined],
])('%j is believed', (report, book, own) => {
  expect(flags(book, report, NOW, NOW, own).flat()).toEqual([])
  expect(Object.fromEntries([...book.values].map(([name, { value }]) => [name, value]))).toMatchObject(report)
})

it('who is flagged again and again is in quarantine until somebody looked; saying things twice is no offence', () => {
  const book = createBook()
  for (let i = 0; i < 50; i++) enter(book, { temperature: 200 }, NOW, NOW)
  expect([book.quarantined, book.accepted, book.flagged]).toEqual([false, 1, 49])
  const entries = Array.from({ length: QUARANTINE_FLAGS }, (_, i) => enter(book, { temperature: 9_999 }, NOW + i + 1)).flat()
  expect(entries.map(({ quarantines }) => quarantines)).toEqual([...Array.from({ length: QUARANTINE_FLAGS - 1 }, () => false), true])
  expect(flags(book, { temperature: 201 }, NOW + 60)).toEqual([['quarantine']])
  expect(book.values.get('temperature')?.value).toBe(200)
  book.release()
  expect(flags(book, { temperature: 900 }, NOW + 61)).toEqual([[]])
})

it('flags of another hour do not add up', () => {
  const book = createBook()
  for (let i = 0; i < 3 * QUARANTINE_FLAGS; i++) enter(book, { temperature: 9_999 }, NOW + (i * QUARANTINE_SECONDS) / (QUARANTINE_FLAGS - 1))
  expect(book.quarantined).toBe(false)
})

it('a device keeps no more suspect values than it may', () => {
  const book = createBook()
  for (let i = 0; i < 1_000; i++) enter(book, { temperature: 9_999 }, NOW + i)
  expect(book.suspect.length).toBe(16)
})
