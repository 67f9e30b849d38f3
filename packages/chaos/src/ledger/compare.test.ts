import { decodeApdu, elements, encodeApdu } from '@zhuzhan/dlt698'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare } from './compare.js'
import type { StoredReading } from './compare.js'
import { readLedger, writeLedger } from './ledger.js'
import type { LedgerLine } from './ledger.js'
import { ITEMS, recordOf, valuesOf } from './readings.js'

const METER = '200000001001'
const TERMINAL = '000100000001'
const TIME = Date.UTC(2026, 9, 5, 4)

const sent = (n: number): LedgerLine => ({ kind: 'sent', at: 1, terminal: TERMINAL, report: n, meter: METER, time: TIME + n * 1_000, values: valuesOf(METER, n) })
const acknowledged = (n: number): LedgerLine => ({ kind: 'acknowledged', at: 2, terminal: TERMINAL, report: n })
const rows = (n: number): StoredReading[] => valuesOf(METER, n).map((value, i) => ({ meter: METER, item: ITEMS[i]!, time: TIME + n * 1_000, value }))
const LEDGER = [sent(1), sent(2), sent(3), acknowledged(1), acknowledged(2)]

test('what was acknowledged is stored once; what was only sent may be there or not', async () => {
  const clean = { sent: 9, acknowledged: 6, lost: 0, duplicated: 0, unexpected: 0, conflicts: 0 }
  expect(await compare(LEDGER, [...rows(1), ...rows(2)], [])).toMatchObject({ ...clean, stored: 6 })
  expect(await compare(LEDGER, [...rows(3), ...rows(2), ...rows(1)], [])).toMatchObject({ ...clean, stored: 9 })
})

test('a repeated acknowledgement counts once, and 1.50 is 1.5', async () => {
  const stored = rows(1).map((row) => ({ ...row, value: `${row.value}0` }))
  expect(await compare([sent(1), acknowledged(1), acknowledged(1)], stored, [])).toMatchObject({ acknowledged: 3, lost: 0, unexpected: 0 })
})

// Mutation of the station: acknowledge before the job is in the queue's store, then kill. One row is missing.
test('sees one lost row, and names it', async () => {
  const result = await compare(LEDGER, [...rows(1), ...rows(2).slice(1)], [])
  expect(result).toMatchObject({ lost: 1, duplicated: 0, examples: [`lost ${METER}/${ITEMS[0]}/${TIME + 2_000}`] })
})

// Mutation of the station: INSERT without the unique identity, and a job is delivered twice.
test('sees one row that is there twice', async () => {
  expect(await compare(LEDGER, [...rows(1), ...rows(2), rows(2)[1]!], [])).toMatchObject({ lost: 0, duplicated: 1, stored: 7 })
})

test('a value that was changed on the way is lost and unexpected', async () => {
  const [energy, ...others] = rows(2)
  expect(await compare(LEDGER, [...rows(1), { ...energy!, value: '0.01' }, ...others], [])).toMatchObject({ lost: 1, unexpected: 1, duplicated: 0 })
})

test('a row nobody sent is unexpected', async () => {
  expect(await compare(LEDGER, [...rows(1), ...rows(2), ...rows(7)], [])).toMatchObject({ lost: 0, unexpected: 3 })
})

test('a conflict nobody sent is a duplicate; one that holds the acknowledged value saves it', async () => {
  expect(await compare(LEDGER, [...rows(1), ...rows(2)], [{ ...rows(1)[0]!, value: '77' }])).toMatchObject({ lost: 0, duplicated: 1, conflicts: 1 })
  const aside = { ...rows(2)[0]!, value: '77' }
  expect(await compare(LEDGER, [...rows(1), aside, ...rows(2).slice(1)], [rows(2)[0]!])).toMatchObject({ lost: 0, duplicated: 0, unexpected: 1 })
})

test('the ledger reads as it was written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zhuzhan-chaos-'))
  const path = join(folder, 'ledger')
  const writer = writeLedger(path)
  for (const line of LEDGER) {
    if (line.kind === 'sent') writer.sent(line)
    else writer.acknowledged(line)
  }
  writer.close()
  const back: LedgerLine[] = []
  for await (const line of readLedger(path)) back.push(line)
  expect(back).toEqual(LEDGER)
  rmSync(folder, { recursive: true })
})

test('a report says on the wire what the ledger says', () => {
  const apdu = decodeApdu(encodeApdu({
    apdu: 'report-notification', choice: 'record-list', piid: { number: 1, priority: false, acd: false }, records: recordOf(METER, 42, TIME), followReport: undefined, timeTag: undefined,
  }))
  if (apdu.apdu !== 'report-notification' || apdu.choice !== 'record-list') throw new Error(apdu.apdu)
  const [record] = apdu.records
  const cells = record !== undefined && 'rows' in record ? record.rows[0]!.slice(2) : []
  expect(cells.flatMap((cell, i) => elements(ITEMS[i]!, cell))).toMatchObject(valuesOf(METER, 42).map((value, i) => ({ item: ITEMS[i], value })))
})
