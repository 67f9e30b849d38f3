import { ITEMS } from './readings.js'
import type { LedgerLine } from './ledger.js'

/** A value as the station has it. */
export interface StoredReading {
  meter: string
  item: string
  /** Epoch ms. */
  time: number
  value: string
}

/** All counts are of readings: a report carries three. */
export interface Comparison {
  sent: number
  acknowledged: number
  /** Rows of the station. */
  stored: number
  /** Acknowledged, and neither stored with this value nor kept as a conflict. */
  lost: number
  /** Rows beyond the first of one identity, and conflicts with values nobody sent. */
  duplicated: number
  /** Rows the generator never sent, or with another value. */
  unexpected: number
  conflicts: number
  /** Some of the lost, duplicated and unexpected ones, for a person. */
  examples: string[]
}

const EXAMPLES = 10

/** Row by row: the generator's book against the station's rows. */
export async function compare(
  ledger: AsyncIterable<LedgerLine> | Iterable<LedgerLine>,
  stored: AsyncIterable<StoredReading> | Iterable<StoredReading>,
  conflicts: readonly StoredReading[],
): Promise<Comparison> {
  interface Expected { value: number; acknowledged: boolean; stored: number }
  const expected = new Map<string, Expected>()
  const reports = new Map<string, Expected[]>()
  const result: Comparison = { sent: 0, acknowledged: 0, stored: 0, lost: 0, duplicated: 0, unexpected: 0, conflicts: conflicts.length, examples: [] }
  const example = (what: string, key: string): void => { if (result.examples.length < EXAMPLES) result.examples.push(`${what} ${key}`) }

  for await (const line of ledger) {
    const name = `${line.terminal}#${line.report}`
    if (line.kind === 'sent') {
      const three = line.values.map((value, i) => {
        const one: Expected = { value: Number(value), acknowledged: false, stored: 0 }
        expected.set(keyOf({ meter: line.meter, item: ITEMS[i]!, time: line.time }), one)
        return one
      })
      reports.set(name, three)
      result.sent += three.length
      continue
    }
    for (const one of reports.get(name) ?? []) {
      if (!one.acknowledged) result.acknowledged += 1
      one.acknowledged = true
    }
  }
  const different = new Set<string>()
  for await (const row of stored) {
    const key = keyOf(row)
    const one = expected.get(key)
    result.stored += 1
    if (one === undefined || one.value !== Number(row.value)) {
      result.unexpected += 1
      example('unexpected', `${key}=${row.value}`)
    }
    if (one === undefined) {
      // Nobody sent it: the second of these is a duplicate of the first as well.
      if (different.has(key)) result.duplicated += 1
      different.add(key)
      continue
    }
    if (one.stored++ > 0) {
      result.duplicated += 1
      example('duplicated', key)
    }
    if (one.value !== Number(row.value)) different.add(key)
  }
  const kept = new Set<string>()
  for (const conflict of conflicts) {
    const key = keyOf(conflict)
    if (expected.get(key)?.value === Number(conflict.value)) kept.add(key)
    else {
      result.duplicated += 1
      example('conflict nobody sent', `${key}=${conflict.value}`)
    }
  }
  for (const [key, one] of expected) {
    if (!one.acknowledged || (one.stored > 0 && !different.has(key)) || kept.has(key)) continue
    result.lost += 1
    example('lost', key)
  }
  return result
}

function keyOf({ meter, item, time }: { meter: string; item: string; time: number }): string {
  return `${meter}/${item}/${time}`
}
