import { dateTimeSToEpoch, epochToDateTimeS, tsaOf } from '@zhuzhan/dlt698'
import type { Csd, Data, DateTimeS, Ms, Oad, RecordRequest, ResultRecord, Ti } from '@zhuzhan/dlt698'
import { DAY_MS, SLOT_MS } from '../meter/calendar.js'
import { FREEZE_NUMBER, FREEZE_TIME, frozenCell } from '../meter/freeze-row.js'
import { freezeOf, recentStamps } from '../meter/freezes.js'
import { measured } from '../meter/objects.js'
import { DAR } from './dar.js'
import { clockOf } from './device.js'
import type { Device } from './device.js'

/** The record table of collection tasks. */
export const TASK_RECORDS: Oad = '60120300'
/** Columns of a task record besides what was collected. Reference §8.5, §13. */
export const TASK = { meterTsa: '202A0200', meterAddress: '40010200', started: '60400200', succeeded: '60410200', stored: '60420200' } as const

/** A terminal that collects takes this long for a meter after the task's start. */
const COLLECTING_MS = 2_000
/** More rows than this in one answer is a mistake of who asks. */
const MAX_ROWS = 10_000

/** One meter at one start of the task; true times. */
export interface TaskRun {
  meter: Device
  startedAt: number
  /** The terminal's clock is so far ahead. */
  skew: number
}

/**
 * One row of a task record. Plain columns hold the value at the task's start, columns under a freeze object (ROAD) the
 * newest frozen value at that time.
 */
export function taskRow(run: TaskRun, rcsd: readonly Csd[]): Data[] {
  return rcsd.flatMap((column) => 'related' in column ? frozenPart(run, column.oad, column.related) : [plainCell(run, column.oad)])
}

function plainCell({ meter, startedAt, skew }: TaskRun, oad: Oad): Data {
  const zone = meter.meter.zone
  switch (oad) {
    case TASK.meterTsa: return { type: 'tsa', tsa: tsaOf(meter.address) }
    case TASK.meterAddress: return { type: 'octet-string', hex: meter.address }
    case TASK.started: return { type: 'date-time-s', value: epochToDateTimeS(startedAt + skew, zone) }
    case TASK.succeeded: return { type: 'date-time-s', value: epochToDateTimeS(startedAt + skew + COLLECTING_MS, zone) }
    case TASK.stored: return { type: 'date-time-s', value: epochToDateTimeS(startedAt + skew, zone) }
    default: return measured(meter.meter, oad, startedAt) ?? { type: 'null' }
  }
}

function frozenPart({ meter, startedAt }: TaskRun, owner: Oad, related: readonly Oad[]): Data[] {
  const freeze = freezeOf(owner.slice(0, 4))
  const [stamp] = freeze ? recentStamps(freeze, meter.meter, clockOf(meter, startedAt), 1) : []
  return related.map((oad) => freeze && stamp !== undefined ? frozenCell(meter.meter, freeze, oad, stamp, meter.skew) : { type: 'null' })
}

/** GET Record on 60120300: selectors 4 to 8 and 10. The task runs every quarter hour; start and storage time are the same here. */
export function readTaskRecords(terminal: Device, meters: ReadonlyMap<string, Device>, { oad, rsd, rcsd }: RecordRequest, nowMs: number): ResultRecord {
  const columns = rcsd.length > 0 ? rcsd : standardTaskColumns()
  if (oad !== TASK_RECORDS) return { oad, rcsd, dar: DAR.undefinedObject }
  if (rsd.selector < 4 || rsd.selector === 9) return { oad, rcsd: columns, dar: DAR.other }
  const starts = startsOf(rsd as TaskSelector, terminal, nowMs)
  const chosen = metersOf((rsd as TaskSelector).ms, meters)
  if (starts === undefined || chosen === undefined) return { oad, rcsd: columns, dar: DAR.other }
  if (starts.length * chosen.length > MAX_ROWS) return { oad, rcsd: columns, dar: DAR.outOfBounds }
  const rows = chosen.flatMap((meter) => starts
    .filter((startedAt) => startedAt >= meter.meter.installedAt)
    .map((startedAt) => taskRow({ meter, startedAt, skew: terminal.skew }, columns)))
  return { oad, rcsd: columns, rows }
}

function standardTaskColumns(): Csd[] {
  return [
    { oad: TASK.meterTsa }, { oad: TASK.started }, { oad: TASK.succeeded }, { oad: TASK.stored },
    { oad: '50020200', related: [FREEZE_NUMBER, FREEZE_TIME, '00100200', '20000200'] },
  ]
}

type TaskSelector =
  | { selector: 4 | 5; time: DateTimeS; ms: Ms }
  | { selector: 6 | 7 | 8; from: DateTimeS; to: DateTimeS; interval: Ti; ms: Ms }
  | { selector: 10; n: number; ms: Ms }

/** True start times, ascending. `undefined` when a time of the selector is none. */
function startsOf(rsd: TaskSelector, terminal: Device, nowMs: number): number[] | undefined {
  const { skew, meter: { zone } } = terminal
  const newest = Math.floor((nowMs + skew) / SLOT_MS) * SLOT_MS
  if (rsd.selector === 10) return Array.from({ length: rsd.n }, (_, i) => newest - (rsd.n - 1 - i) * SLOT_MS - skew)
  const [first, last] = rsd.selector < 6
    ? [(rsd as { time: DateTimeS }).time, undefined]
    : [(rsd as { from: DateTimeS }).from, (rsd as { to: DateTimeS }).to]
  const from = dateTimeSToEpoch(first, zone)
  const to = last === undefined ? from && from + 1 : dateTimeSToEpoch(last, zone)
  if (from === undefined || to === undefined) return undefined
  const every = 'interval' in rsd ? intervalMs(rsd.interval) : SLOT_MS
  const out: number[] = []
  for (let t = Math.ceil(from / SLOT_MS) * SLOT_MS; t < to && t <= newest && out.length <= MAX_ROWS; t += every) out.push(t - skew)
  return out
}

function intervalMs(ti: Ti): number {
  const unit = [1_000, 60_000, 3_600_000, DAY_MS][ti.unit]
  return unit === undefined || ti.value === 0 ? SLOT_MS : Math.max(SLOT_MS, unit * ti.value)
}

/** Configuration numbers count the meters from 1 in the order of the archive. */
function metersOf(ms: Ms, meters: ReadonlyMap<string, Device>): Device[] | undefined {
  switch (ms.choice) {
    case 0: case 1: return [...meters.values()]
    case 3: return ms.items.flatMap((tsa) => meters.get(tsa.address) ?? [])
    case 4: return ms.items.flatMap((number) => [...meters.values()][number - 1] ?? [])
    default: return undefined
  }
}
