import type { FrameValue } from '@zhuzhan/codec'
import { addQuantities } from '../values.js'
import { DENSITY_MINUTES } from './catalogue/codes.js'
import { UPWARD_TERMS } from './labels.js'
import type { UnitContent } from './units/data-unit.js'
import type { DataUnit } from './units/data-unit.js'

/** What the contents of data units say about quantities. A frozen value has the day or month it was frozen for as its time. */
export function upwardValues(afn: string, units: readonly DataUnit[]): FrameValue[] {
  const values: FrameValue[] = []
  for (const { contents } of units) {
    if (contents === undefined) continue
    for (const content of contents) {
      const { pn, fn } = content
      addQuantities(values, content, UPWARD_TERMS, { item: `${afn} F${fn}`, of: pn === 'all' ? pn : `p${pn}`, time: timeOf(content), timeOf: curveTimes(content) })
    }
  }
  return values
}

function timeOf({ frozenDay, frozenMonth, readingTime }: UnitContent): string | undefined {
  return iso(frozenDay ?? frozenMonth ?? readingTime)
}

/** ISO 8601 of a moment as the formats write it; undefined when there is none or no such moment. */
function iso(moment: unknown): string | undefined {
  if (typeof moment !== 'string') return undefined
  const text = moment.replace(' ', 'T')
  return Number.isNaN(Date.parse(`${text}${text.includes('T') ? 'Z' : ''}`)) ? undefined : text
}

const MINUTE_MS = 60_000

/** The first point of a curve is at its start, the others follow in the density's interval. */
function curveTimes({ curveStart, density }: UnitContent): ((index: number) => string | undefined) | undefined {
  const start = iso(curveStart)
  const minutes = DENSITY_MINUTES[String(density)]
  if (start === undefined || minutes === undefined) return undefined
  const first = Date.parse(`${start}Z`)
  return (index) => new Date(first + index * minutes * MINUTE_MS).toISOString().slice(0, 'YYYY-MM-DDTHH:MM'.length)
}
