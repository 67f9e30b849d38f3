import { exact, exactText } from '@zhuzhan/energy-audit'
import { continuedRegisters, exchangeAt } from '@zhuzhan/metering'
import type { MeterExchange, Place } from '@zhuzhan/metering'
import type { ValueRow } from './load-days.js'

const QUARTER_MS = 900_000
/** Items above are no registers: voltages, currents, power factors. */
const LAST_REGISTER = 0x10000000

export interface JoinedRows {
  /** Each meter's values of its own time. */
  raw: Map<number, ValueRow>
  /** The same with registers that go on where the meter before stopped; without those of which a joint is not known. */
  continued: Map<number, ValueRow>
  ratio: string
  /** The multipliers differ: the line is primary energy, `ratio` is 1. */
  primary: boolean
}

/** A day's values of several meters as those of one. @param places neighbours by time @param ratios of each @param start of the day, epoch ms */
export function joinRows(exchanges: readonly MeterExchange[], places: readonly Place[], ratios: readonly string[], rowsOf: (meter: number) => ReadonlyMap<number, ValueRow>, start: number): JoinedRows {
  const rows = places.map(({ meter }) => rowsOf(meter))
  const [raw, continued] = [new Map<number, ValueRow>(), new Map<number, ValueRow>()]
  const primary = new Set(ratios).size > 1
  for (const item of new Set(rows.flatMap((one) => [...one.keys()]))) {
    const isRegister = (item >>> 0) < LAST_REGISTER
    const line = isRegister ? continuedRegisters(exchanges, places, ratios, item) : undefined
    const [own, onLine]: [Value[], Value[]] = [[], []]
    places.forEach((place, n) => {
      const values = within(rows[n]?.get(item), place, start)
      own.push(...values)
      if (!line) return
      const first = exchangeAt(exchanges, place)?.registers.get(item)?.[1]
      const slot = ((place.from ?? NaN) - start) / QUARTER_MS
      // Mounted on a quarter hour: its register of that moment is known, by a person.
      if (first !== undefined && Number.isInteger(slot) && slot >= 0 && !values.some((one) => one.slot === slot)) values.unshift({ slot, text: first, quality: 'edited' })
      onLine.push(...values.map((one) => ({ ...one, text: exactText(line.of(n, exact(one.text))) })))
    })
    const receivedAt = new Date(Math.max(...rows.map((one) => one.get(item)?.receivedAt.getTime() ?? 0)))
    const rowOf = (values: readonly Value[]): ValueRow => ({
      meter: places.at(-1)?.meter as number, item, receivedAt, slots: values.map(({ slot }) => slot).join(','), values: values.map(({ text }) => text).join(','), qualities: values.map(({ quality }) => quality).join(','),
    })
    if (own.length > 0) raw.set(item, rowOf(own))
    if (!isRegister && own.length > 0) continued.set(item, rowOf(own))
    if (onLine.length > 0) continued.set(item, rowOf(onLine))
  }
  return { raw, continued, ratio: primary ? '1' : ratios[0] as string, primary }
}

interface Value { slot: number; text: string; quality: string }

function within(row: ValueRow | undefined, { from, to }: Place, start: number): Value[] {
  if (!row) return []
  const [texts, qualities] = [row.values.split(','), row.qualities.split(',')]
  return row.slots.split(',').map((slot, n) => ({ slot: Number(slot), text: texts[n] as string, quality: qualities[n] as string }))
    .filter(({ slot }) => (from === null || start + slot * QUARTER_MS >= from) && (to === null || start + slot * QUARTER_MS < to))
}
