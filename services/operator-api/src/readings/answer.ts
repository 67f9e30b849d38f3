import { isoWithOffset, oadText } from '@zhuzhan/core'
import type { READING_QUALITIES, ReadingAnswer } from '@zhuzhan/contracts'
import { describeItem } from '@zhuzhan/dlt698'
import type { ReadingView } from '@zhuzhan/persistence'

export interface ItemName {
  name: string
  unit: string
}

/** Name and unit of the object catalogue; an item it does not know keeps its OAD for a name. */
export function itemName(item: string): ItemName {
  const known = describeItem(item)
  return { name: known?.name ?? item, unit: known?.unit ?? '' }
}

/** One reading as REST tells it, times in the terminal's local time. */
export function readingAnswer(meter: string, offsetMinutes: number, reading: ReadingView): ReadingAnswer {
  const item = oadText(reading.item)
  const { name, unit } = itemName(item)
  const time = (at: Date): string => isoWithOffset(at.getTime(), offsetMinutes)
  return {
    meter, item, name, unit,
    time: time(reading.time),
    value: reading.value,
    quality: reading.quality as (typeof READING_QUALITIES)[number],
    source: reading.source,
    ...(reading.occurredAt === null ? {} : { occurredAt: time(reading.occurredAt) }),
    receivedAt: time(reading.receivedAt),
  }
}
