import { dateTimeSToEpoch, elements, leafColumns, leafRows } from '@zhuzhan/dlt698'
import type { Data, Oad, ReportNotification } from '@zhuzhan/dlt698'
import { FREEZE_TIME } from '../meter/freeze-row.js'
import { TASK } from '../device/task-records.js'

/** A single reading as a station should store it: item as in its catalogue, value scaled. */
export interface ReportedReading {
  meter: string
  item: Oad
  /** Epoch ms. */
  time: number
  value: string
}

/** The readings in one of our own reports; events give none. Time: freeze time, else storage time (reference §13). */
export function readingsOf(report: ReportNotification, terminal: string, zone: number): ReportedReading[] {
  if (report.choice !== 'record-list') return []
  const out: ReportedReading[] = []
  for (const record of report.records) {
    const columns = leafColumns(record.rcsd).map(({ oad }) => oad)
    for (const row of leafRows(record)) {
      const cell = (oad: Oad): Data | undefined => row[columns.indexOf(oad)]
      const tsa = cell(TASK.meterTsa)
      const stamp = cell(FREEZE_TIME) ?? cell(TASK.stored)
      const time = stamp?.type === 'date-time-s' ? dateTimeSToEpoch(stamp.value, zone) : undefined
      if (time === undefined) continue
      const meter = tsa?.type === 'tsa' ? tsa.tsa.address : terminal
      columns.forEach((oad, i) => {
        for (const { item, value } of elements(oad, row[i]!)) out.push({ meter, item, time, value })
      })
    }
  }
  return out
}
