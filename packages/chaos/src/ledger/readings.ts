import { epochToDateTimeS, tsaOf } from '@zhuzhan/dlt698'
import type { Oad, ResultRecord } from '@zhuzhan/dlt698'

/** What every report of the generator carries for one meter: total forward active energy, voltage A, current A. */
export const ITEMS: readonly Oad[] = ['00100201', '20000201', '20010201']

/** Minutes east of UTC of the virtual devices. */
const ZONE = 480
const RECORD_TABLE: Oad = '60120300'
const METER: Oad = '202A0200'
const STORED: Oad = '60420200'

/** Values of meter `meter` in its `n`th report, as a station should store them; no two reports of a meter have the same energy. */
export function valuesOf(meter: string, n: number): [energy: string, voltage: string, current: string] {
  const { energy, voltage, current } = raw(meter, n)
  return [(energy / 100).toFixed(2), (voltage / 10).toFixed(1), (current / 1_000).toFixed(3)]
}

/** The record of that report: one row of the terminal's collection task. Its time is the storage time. */
export function recordOf(meter: string, n: number, time: number): ResultRecord[] {
  const { energy, voltage, current } = raw(meter, n)
  return [{
    oad: RECORD_TABLE,
    rcsd: [{ oad: METER }, { oad: STORED }, ...ITEMS.map((oad) => ({ oad }))],
    rows: [[
      { type: 'tsa', tsa: tsaOf(meter) },
      { type: 'date-time-s', value: epochToDateTimeS(time, ZONE) },
      { type: 'double-long-unsigned', value: energy },
      { type: 'long-unsigned', value: voltage },
      { type: 'double-long', value: current },
    ]],
  }]
}

function raw(meter: string, n: number): { energy: number; voltage: number; current: number } {
  const spread = Math.imul(Number(meter.slice(-6)) * 7_919 + n, 2_654_435_761) >>> 0
  return { energy: 100_000 + n, voltage: 2_000 + (spread % 400), current: (spread >>> 9) % 5_000 }
}
