import { isoWithOffset, oadText } from '@zhuzhan/core'
import type { READING_QUALITIES, ReadingAnswer } from '@zhuzhan/contracts'
import { describeItem } from '@zhuzhan/dlt698'
import type { ReadingView } from '@zhuzhan/persistence'

export interface ItemName {
  name: string
  unit: string
}

/** Items are few and answers are long; names are put together once. */
const names = new Map<string, ItemName>()
const MAX_NAMES = 10_000

/** Name and unit of the object catalogue; an item it does not know keeps its OAD for a name. */
export function itemName(item: string): ItemName {
  let found = names.get(item)
  if (!found) {
    const known = describeItem(item)
    found = { name: known?.name ?? item, unit: known?.unit ?? '' }
    if (names.size < MAX_NAMES) names.set(item, found)
  }
  return found
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
