import { epochToDateTimeS } from '@zhuzhan/dlt698'
import type { Data, Oad } from '@zhuzhan/dlt698'
import { DAY_MS, localMonth, monthStart } from '../meter/calendar.js'
import { between, draw } from '../meter/hash.js'
import { measured } from '../meter/objects.js'
import type { Device } from './device.js'

/** One event record. `end` is not there while the event lasts. */
export interface EventRecord {
  number: number
  start: number
  end?: number
  /** Value of column 20240200, by kind of event. */
  source: number
}

const METER_POWER_DOWN = '3011'
const TERMINAL_POWER = '3106'
const RELAY_TRIP = '301F'
const RELAY_CLOSE = '3020'

/** Kinds that are only written down when they happen. */
export const REMOTE_CONTROL = '3115'
export const TERMINAL_CLOCK_SET = '3114'
export const METER_CLOCK_SET = '3016'
const WRITTEN_DOWN: ReadonlySet<string> = new Set([REMOTE_CONTROL, TERMINAL_CLOCK_SET, METER_CLOCK_SET])

/** Columns of every record first, reference §8.8; 3106 adds the properties seen in a recorded report. */
export function standardEventColumns(oi: string): Oad[] {
  const columns = ['20220200', '201E0200', '20200200', '20240200', '33000200']
  return oi === TERMINAL_POWER ? [...columns, '33090206'] : columns
}

/** Does this device keep records of the event? */
export function hasEvent(device: Device, oi: string): boolean {
  if (WRITTEN_DOWN.has(oi) || oi === RELAY_TRIP || oi === RELAY_CLOSE) return true
  return oi === (device.kind === 'meter' ? METER_POWER_DOWN : TERMINAL_POWER)
}

/** Records up to the true moment `nowMs`, newest first, at most ten. Times are true; the device's clock writes them. */
export function eventRecords(device: Device, oi: string, nowMs: number): EventRecord[] {
  if (oi === RELAY_TRIP) return numbered(device.meter.relay.intervals.map((i) => i.from), nowMs)
  if (oi === RELAY_CLOSE) return numbered(device.meter.relay.intervals.flatMap((i) => i.to ?? []), nowMs)
  if (WRITTEN_DOWN.has(oi)) return (device.happened?.get(oi) ?? []).map(({ at, number }) => ({ number, start: at, end: at, source: 0 })).reverse()
  return outages(device, nowMs)
}

function numbered(times: readonly number[], nowMs: number): EventRecord[] {
  const past = times.filter((t) => t <= nowMs)
  return past.slice(-10).map((start, i) => ({ number: Math.max(0, past.length - 10) + i + 1, start, end: start, source: 0 })).reverse()
}

/**
 * Short interruptions of the supply, about one in two months. They begin at second 12 and last under 40 s: a freeze is
 * never missed, and the few watt-hours that did not flow stay within the register's last digit.
 */
function outages(device: Device, nowMs: number): EventRecord[] {
  const { seed, zone, installedAt } = device.meter
  const first = localMonth(installedAt, zone) + 1
  const records: EventRecord[] = []
  for (let month = first; month <= localMonth(nowMs, zone); month++) {
    if (draw(seed ^ 0x3011, month) % 2 === 0) continue
    const start = monthStart(month, zone) + between(seed, month, 0, 27) * DAY_MS + between(seed ^ 1, month, 0, 1439) * 60_000 + 12_000
    const end = start + between(seed ^ 2, month, 4, 39) * 1000
    if (start > nowMs) break
    records.push({ number: records.length + 1, start, source: 0, ...(end <= nowMs && { end }) })
  }
  return records.slice(-10).reverse()
}

/** One cell of an event row; other columns are the values when the event began. */
export function eventCell(device: Device, record: EventRecord, oad: Oad): Data {
  switch (oad) {
    case '20220200': return { type: 'double-long-unsigned', value: record.number }
    case '201E0200': return stamp(device, record.start)
    case '20200200': return record.end === undefined ? { type: 'null' } : stamp(device, record.end)
    case '20240200': return { type: 'enum', value: record.source }
    // One channel (the 4G module), occurrence reported.
    case '33000200': return { type: 'array', items: [{ type: 'structure', items: [{ type: 'oad', oad: '45000200' }, { type: 'unsigned', value: 1 }] }] }
    // Bit 0: normal.
    case '33090206': return { type: 'bit-string', bits: 8, hex: '80' }
    default: return measured(device.meter, oad, record.start) ?? { type: 'null' }
  }
}

function stamp(device: Device, trueMs: number): Data {
  return { type: 'date-time-s', value: epochToDateTimeS(trueMs + device.skew, device.meter.zone) }
}
