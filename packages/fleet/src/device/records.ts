import { dateTimeSToEpoch, rowColumns } from '@zhuzhan/dlt698'
import type { Csd, Data, Oad, RecordRange, RecordRequest, ResultRecord, Rsd } from '@zhuzhan/dlt698'
import { FREEZE_NUMBER, FREEZE_TIME, frozenCell, standardColumns } from '../meter/freeze-row.js'
import { freezeNumber, freezeOf, recentStamps, remembers, stampsBetween } from '../meter/freezes.js'
import type { Freeze } from '../meter/freezes.js'
import { DAR } from './dar.js'
import { clockOf } from './device.js'
import type { Device } from './device.js'
import { eventCell, eventRecords, hasEvent, standardEventColumns } from './events.js'
import type { EventRecord } from './events.js'

/** Which rows, or the DAR of a selector the table does not know. */
type Selected<Row> = Row[] | { dar: number }

/** GET Record on the record table (attribute 2) of a freeze or event object. Reference §3.2, §3.4, §8.4, §8.8. */
export function readRecord(device: Device, { oad, rsd, rcsd }: RecordRequest, nowMs: number): ResultRecord {
  const oi = oad.slice(0, 4)
  const freeze = freezeOf(oi)
  if (freeze === undefined && !hasEvent(device, oi)) return { oad, rcsd, dar: DAR.noSuchObject }
  if (oad.slice(4) !== '0200') return { oad, rcsd, dar: DAR.undefinedObject }
  return freeze !== undefined ? freezeTable(device, freeze, oad, rsd, rcsd, nowMs) : eventTable(device, oi, oad, rsd, rcsd, nowMs)
}

function freezeTable(device: Device, freeze: Freeze, oad: Oad, rsd: Rsd, asked: Csd[], nowMs: number): ResultRecord {
  const rcsd = asked.length > 0 ? asked : standardColumns(freeze).map((column) => ({ oad: column }))
  const stamps = selectStamps(device, freeze, rsd, clockOf(device, nowMs))
  if ('dar' in stamps) return { oad, rcsd, dar: stamps.dar }
  const columns = rowColumns(rcsd)
  return { oad, rcsd, rows: stamps.map((stamp) => columns.map((column) => frozenCell(device.meter, freeze, column, stamp, device.skew))) }
}

/** `now` is the device's own time: stamps are by its clock. */
function selectStamps(device: Device, freeze: Freeze, rsd: Rsd, now: number): Selected<number> {
  const owner = { zone: device.meter.zone, installedAt: device.meter.installedAt + device.skew }
  const range = (r: RecordRange): number[] | undefined => {
    const bounds = r.oad === FREEZE_TIME ? timeBounds(r, owner.zone) : undefined
    return bounds && stampsBetween(freeze, owner, now, bounds.from, bounds.to, r.interval.type === 'ti' ? r.interval.value : undefined)
  }
  switch (rsd.selector) {
    // A ruling of reference §13: no restriction means the newest row.
    case 0: return recentStamps(freeze, owner, now, 1)
    case 1: return equalStamp(device, freeze, rsd.oad, rsd.value, owner, now)
    case 2: return range(rsd) ?? { dar: DAR.undefinedObject }
    case 3: {
      const all = rsd.ranges.map(range)
      if (all.some((stamps) => stamps === undefined)) return { dar: DAR.undefinedObject }
      return [...new Set(all.flatMap((stamps) => stamps!))].sort((a, b) => a - b)
    }
    // The n-th most recent row, a single one (reference §3.2, UNSURE).
    case 9: return recentStamps(freeze, owner, now, rsd.n).slice(rsd.n - 1, rsd.n)
    case 10: return recentStamps(freeze, owner, now, rsd.n)
    default: return { dar: DAR.other }
  }
}

function equalStamp(device: Device, freeze: Freeze, oad: Oad, value: Data, owner: { zone: number; installedAt: number }, now: number): Selected<number> {
  if (oad === FREEZE_TIME && value.type === 'date-time-s') {
    const stamp = dateTimeSToEpoch(value.value, owner.zone)
    return stamp !== undefined && remembers(freeze, owner, stamp, now) ? [stamp] : []
  }
  if (oad === FREEZE_NUMBER && value.type === 'double-long-unsigned') {
    return recentStamps(freeze, owner, now, freeze.depth).filter((stamp) => freezeNumber(freeze, device.meter, stamp) === value.value)
  }
  return { dar: DAR.undefinedObject }
}

/** A selector-2 range on a time column; `undefined` when its ends are no times. */
function timeBounds(range: RecordRange, zone: number): { from: number; to: number } | undefined {
  if (range.from.type !== 'date-time-s' || range.to.type !== 'date-time-s') return undefined
  const from = dateTimeSToEpoch(range.from.value, zone)
  const to = dateTimeSToEpoch(range.to.value, zone)
  return from === undefined || to === undefined ? undefined : { from, to }
}

function eventTable(device: Device, oi: string, oad: Oad, rsd: Rsd, asked: Csd[], nowMs: number): ResultRecord {
  const rcsd = asked.length > 0 ? asked : standardEventColumns(oi).map((column) => ({ oad: column }))
  const records = selectEvents(device, eventRecords(device, oi, nowMs), rsd)
  if ('dar' in records) return { oad, rcsd, dar: records.dar }
  const columns = rowColumns(rcsd)
  return { oad, rcsd, rows: records.map((record) => columns.map((column) => eventCell(device, record, column))) }
}

function selectEvents(device: Device, newestFirst: EventRecord[], rsd: Rsd): Selected<EventRecord> {
  switch (rsd.selector) {
    case 0: return newestFirst.slice(0, 1)
    case 1: return rsd.oad === '20220200' && rsd.value.type === 'double-long-unsigned'
      ? newestFirst.filter((record) => record.number === (rsd.value as { value: number }).value)
      : { dar: DAR.undefinedObject }
    case 2: {
      const bounds = rsd.oad === '201E0200' ? timeBounds(rsd, device.meter.zone) : undefined
      if (bounds === undefined) return { dar: DAR.undefinedObject }
      return newestFirst.filter(({ start }) => start + device.skew >= bounds.from && start + device.skew < bounds.to).reverse()
    }
    case 9: return newestFirst.slice(rsd.n - 1, rsd.n)
    case 10: return newestFirst.slice(0, rsd.n)
    default: return { dar: DAR.other }
  }
}
