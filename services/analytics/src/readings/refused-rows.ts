import { QUALITIES, SOURCES } from '@zhuzhan/contracts'
import type { ReadingColumns } from '@zhuzhan/contracts'
import { oadText } from '@zhuzhan/core'
import type { DeadLetters } from '../alarms/dead-letters.js'
import type { JudgedRows } from './read-batch.js'

/** One letter for each meter and reason, with the rows in words, so that a person can put them right and import them. */
export async function keepRefused(letters: DeadLetters, columns: ReadingColumns, refused: JudgedRows['refused']): Promise<void> {
  const groups = new Map<string, { meter: string; reason: string; rows: number[] }>()
  for (const { row, reason } of refused) {
    const meter = columns.meters[columns.meter[row] as number] as string
    const key = `${meter} ${reason}`
    const group = groups.get(key) ?? { meter, reason, rows: [] }
    group.rows.push(row)
    groups.set(key, group)
  }
  for (const { meter, reason, rows } of groups.values()) {
    const readings = rows.map((row) => ({
      item: oadText(columns.item[row] as number),
      time: columns.time[row],
      value: columns.value[row],
      quality: QUALITIES[columns.quality[row] as number],
      source: SOURCES[columns.source[row] as number],
      occurredAt: columns.occurredAt[row],
    }))
    await letters.keep({ origin: 'reading.store', code: 'READING_REFUSED', detail: reason, payload: { meter, receivedAt: columns.receivedAt, readings }, meter, rows: rows.length })
  }
}
