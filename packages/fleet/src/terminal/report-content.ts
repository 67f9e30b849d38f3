import { encodeApdu } from '@zhuzhan/dlt698'
import type { Csd, Data, Oad, ReportNotification, ResultRecord } from '@zhuzhan/dlt698'
import type { Device } from '../device/device.js'
import { eventCell, eventRecords, standardEventColumns } from '../device/events.js'
import { TASK, TASK_RECORDS, taskRow } from '../device/task-records.js'
import { FREEZE_TIME } from '../meter/freeze-row.js'

const MINUTE_FREEZE: Oad = '50020200'

/** Records of one report, without its number. */
export type ReportContent = ResultRecord[]

export interface PeriodicReport {
  terminal: Device
  meters: readonly Device[]
  items: readonly Oad[]
  /** True: the newest minute freeze, with its freeze time. False: present values, with the storage time. */
  frozen: boolean
  nowMs: number
  /** Greatest APDU a report may have. */
  limit: number
}

/**
 * What a terminal reports of the meters behind it: rows of its collection task (60120300), one a meter. As many
 * reports as it takes for each to stay within the limit.
 */
export function periodicReports({ terminal, meters, items, frozen, nowMs, limit }: PeriodicReport): ReportContent[] {
  const startedAt = Math.floor(nowMs / 1000) * 1000
  const rcsd: Csd[] = [
    { oad: TASK.meterTsa }, { oad: TASK.started }, { oad: TASK.stored },
    ...(frozen ? [{ oad: MINUTE_FREEZE, related: [FREEZE_TIME, ...items] }] : items.map((oad) => ({ oad }))),
  ]
  const rows = meters.filter((meter) => startedAt > meter.meter.installedAt + 60_000)
    .map((meter) => taskRow({ meter, startedAt, skew: terminal.skew }, rcsd))
  return chunks(rows, (part) => ({ oad: TASK_RECORDS, rcsd, rows: part }), limit)
}

function chunks(rows: Data[][], record: (rows: Data[][]) => ResultRecord, limit: number): ReportContent[] {
  if (rows.length === 0) return []
  const content = [record(rows)]
  if (rows.length === 1 || encodeApdu(notification(content, 0)).length <= limit) return [content]
  const middle = rows.length >> 1
  return [...chunks(rows.slice(0, middle), record, limit), ...chunks(rows.slice(middle), record, limit)]
}

/** The newest record of an event, as it is reported: of the terminal itself, or of a meter behind it with the meter's TSA in front. */
export function eventReport(device: Device, oi: string, nowMs: number): ReportContent | undefined {
  const [record] = eventRecords(device, oi, nowMs)
  if (record === undefined) return undefined
  const columns = standardEventColumns(oi)
  const cells = columns.map((oad) => eventCell(device, record, oad))
  const rcsd = columns.map((oad) => ({ oad }))
  const oad = `${oi}0200`
  if (device.kind === 'terminal') return [{ oad, rcsd, rows: [cells] }]
  return [{ oad, rcsd: [{ oad: TASK.meterTsa }, ...rcsd], rows: [[{ type: 'tsa', tsa: { flag: 5, address: device.address } }, ...cells]] }]
}

/** REPORT-Notification with a number of the terminal's own. */
export function notification(records: ReportContent, number: number): ReportNotification {
  return {
    apdu: 'report-notification', choice: 'record-list', piid: { number, priority: false, acd: false }, records, followReport: undefined, timeTag: undefined,
  }
}
