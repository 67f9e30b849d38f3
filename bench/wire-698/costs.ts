import { DecodeError, createSplitter, decodeApdu, decodeFrame, elements, encodeApdu, encodeFrame, leafColumns, leafRows } from '@zhuzhan/dlt698'
import type { Apdu, Csd, Data } from '@zhuzhan/dlt698'

/**
 * Cost of the wire, per CPU second of one core (a busy machine does not change it much): a REPORT record list as
 * terminals send it, decoded to readings; the splitter on good frames, on noise, and on the bytes that are dearest to
 * throw away (headers that check, nested in each other).
 *
 *   node --conditions=zhuzhan-source --import tsx bench/wire-698/costs.ts [--json]
 */
const SECONDS = 1.5
const ROUNDS = 3

const u32 = (value: number): Data => ({ type: 'double-long-unsigned', value })
const array = (items: Data[]): Data => ({ type: 'array', items })
const row: [oad: string, cell: Data][] = [
  ['20210200', { type: 'date-time-s', value: { year: 2026, month: 10, day: 5, hour: 0, minute: 15, second: 0 } }],
  ['202A0200', { type: 'tsa', tsa: { flag: 5, address: '000000000001' } }],
  ['00100200', array([1, 2, 3, 4, 5].map((n) => u32(123456 * n)))],
  ['20000200', array([2201, 2203, 2198].map((value): Data => ({ type: 'long-unsigned', value })))],
  ['20040201', { type: 'double-long', value: -61234 }],
  ['200F0200', { type: 'long-unsigned', value: 5001 }],
]
const rcsd: Csd[] = row.map(([oad]) => ({ oad }))
const report: Apdu = {
  apdu: 'report-notification', choice: 'record-list', piid: { number: 9, priority: false, acd: false },
  records: [{ oad: '50020200', rcsd, rows: [row.map(([, cell]) => cell)] }],
}
const apduBytes = encodeApdu(report)
const frameBytes = encodeFrame({
  control: { dir: 1, prm: 0, segmented: false, scrambled: false, fn: 3 }, data: apduBytes,
  address: { type: 'single', logical: 0, server: '000000000001', client: 0 },
})

/** Readings of one report. */
function readings(apdu: Apdu): number {
  let count = 0
  if (apdu.apdu !== 'report-notification' || apdu.choice !== 'record-list') return count
  for (const record of apdu.records) {
    const columns = leafColumns(record.rcsd)
    for (const cells of leafRows(record)) for (let i = 0; i < cells.length; i++) count += elements(columns[i]!.oad, cells[i]!).length
  }
  return count
}

/** Work done per CPU second, best of some rounds. */
function perSecond(work: () => number): number {
  work()
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const from = process.cpuUsage()
    let done = 0
    let spent = 0
    while (spent < SECONDS) {
      for (let i = 0; i < 50; i++) done += work()
      spent = process.cpuUsage(from).user / 1e6 + process.cpuUsage(from).system / 1e6
    }
    best = Math.max(best, done / spent)
  }
  return best
}

const values = readings(decodeApdu(apduBytes))
const chunk = Buffer.concat(Array.from({ length: 100 }, () => frameBytes))
const noise = Buffer.from(Array.from({ length: 16_384 }, (_, i) => (i * 2654435761) >>> 24))
const decoys = nestedHeaders(16_384)
const splitter = createSplitter({ onFrame: () => undefined })
const split = (bytes: Buffer) => () => {
  splitter.push(bytes)
  splitter.reset()
  return bytes.length / 1e6
}

const figures = {
  valuesPerReport: values,
  apduBytes: apduBytes.length,
  decodeAndElementsValuesPerSecond: perSecond(() => readings(decodeApdu(apduBytes))),
  frameDecodeAndElementsValuesPerSecond: perSecond(() => readings(decodeApdu(decodeFrame(frameBytes).data))),
  decodeApduPerSecond: perSecond(() => (decodeApdu(apduBytes), 1)),
  encodeApduPerSecond: perSecond(() => encodeApdu(report).length > 0 ? 1 : 0),
  refusedApduPerSecond: perSecond(() => refuse(apduBytes.subarray(0, apduBytes.length - 1))),
  splitMegabytesPerSecond: perSecond(split(chunk)),
  splitByteByByteMegabytesPerSecond: perSecond(() => {
    for (let i = 0; i < chunk.length; i++) splitter.push(chunk.subarray(i, i + 1))
    return chunk.length / 1e6
  }),
  noiseMegabytesPerSecond: perSecond(split(noise)),
  nestedHeadersMegabytesPerSecond: perSecond(split(decoys)),
}
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(40)} ${value >= 1000 ? Math.round(value) : value.toFixed(1)}`)
if (process.argv.includes('--json')) console.log(JSON.stringify(figures))

function refuse(bytes: Uint8Array): number {
  try {
    decodeApdu(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return 1
    throw error
  }
  return 0
}

/** Every nine bytes a header whose checksum holds, with L = 2002: the 16 it needs stands there too (2003 mod 9 is the SA), only the FCS is wrong. */
function nestedHeaders(size: number): Buffer {
  const header = encodeFrame({
    control: { dir: 0, prm: 1, segmented: false, scrambled: false, fn: 3 }, data: Buffer.alloc(2002 - 10),
    address: { type: 'single', logical: 0, server: '16', client: 0x16 },
  }).subarray(0, 9)
  return Buffer.concat(Array.from({ length: Math.ceil(size / 9) }, () => header))
}
