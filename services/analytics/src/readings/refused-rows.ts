import { oadText } from '@zhuzhan/core'
import type { DeadLetters } from '../alarms/dead-letters.js'
import type { Refused } from './read-batch.js'

/** One letter for each meter and reason, with the readings in words, so that a person can put them right and import them. */
export async function keepRefused(letters: DeadLetters, receivedAt: number, refused: readonly Refused[]): Promise<void> {
  const groups = new Map<string, Refused[]>()
  for (const one of refused) {
    const key = `${one.reading.meter} ${one.reason}`
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  for (const group of groups.values()) {
    const [{ reading: { meter }, reason }] = group as [Refused]
    const readings = group.map(({ reading: { item, time, value, quality, source, occurredAt } }) => ({ item: oadText(item), time, value, quality, source, occurredAt: occurredAt ?? null }))
    await letters.keep({ origin: 'reading.store', code: 'READING_REFUSED', detail: reason, payload: { meter, receivedAt, readings }, meter, rows: group.length })
  }
}
