import { localDay, manualClock } from '@zhuzhan/core'
import { editReading } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import fc from 'fast-check'
import { createDayFigures } from '../days/day-figures.js'
import { TOTAL, addMeter, addTerminal, address, emptyStation, putReadings, reading, testDatabase } from '../fixtures/station.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const query = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => (await database().pool.query(sql, values)).rows as Record<string, unknown>[]
const clock = manualClock(Date.parse('2026-10-20T00:00:00Z'))

const QUARTER_MS = 900_000
const MIDNIGHT = Date.parse('2026-10-04T16:00:00Z')
const [METERS, DAYS] = [2, 4]
const POINTS = DAYS * 96 + 1
const dayOf = (point: number): string => localDay(MIDNIGHT + point * QUARTER_MS, 480)

/** Runs until nothing is left to compute: an earlier day hands on to the later ones. */
async function settle(): Promise<void> {
  const figures = createDayFigures({ pool: database().pool, clock, settings: { registerFullScale: 1_000_000, figuresSettleSeconds: 0 } })
  do await figures.touched()
  while ((await query('SELECT 1 FROM touched_days LIMIT 1')).length > 0)
}
const touchAll = () => query(`INSERT INTO touched_days (meter_ids, days) SELECT array_agg(m), array_agg(d::date) FROM generate_series(1, ${METERS}) AS m, generate_series(date '2026-10-04', '2026-10-09', interval '1 day') AS d`)

/** Every derived row by its name in the history, without the time it was computed. */
async function derived(): Promise<Map<string, string>> {
  const rows = await query(`
    SELECT meter_id || ' vee_day ' || day || '/00100201' AS name, (to_jsonb(v) - 'computed_at')::text AS row FROM vee_day v
    UNION ALL SELECT meter_id || ' consumption_month ' || to_char(month, 'YYYY-MM') || '/00100201', (to_jsonb(c) - 'computed_at')::text FROM consumption_month c
    UNION ALL SELECT meter_id || ' daily_energy ' || day || '/00100201', (to_jsonb(e) - 'computed_at')::text FROM daily_energy e
    UNION ALL SELECT meter_id || ' completeness ' || day || '/' || plan_id, (to_jsonb(p) - 'computed_at')::text FROM completeness p`)
  return new Map(rows.map(({ name, row }) => [name as string, row as string]))
}

const energies = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: POINTS, maxLength: POINTS })
const point = fc.integer({ min: 0, max: POINTS - 1 })
const correction = fc.oneof(
  fc.record({ kind: fc.constant('late' as const), at: point }),
  fc.record({ kind: fc.constant('reject' as const), at: point }),
  fc.record({ kind: fc.constant('replace' as const), at: point, by: fc.integer({ min: -60, max: 60 }) }),
)

/**
 * Mutations seen failing: `LATER` of validated-days.ts writes nothing; `compute` of day-figures.ts leaves out the day before; the
 * trigger `figure_corrected` dropped from vee_day; `computeDailyEnergy` never takes back.
 */
test('one register corrected in the database: every row that depended on it, with before and after, and no other', async () => {
  let changed = 0
  await fc.assert(fc.asyncProperty(fc.tuple(energies, energies), fc.uniqueArray(point, { maxLength: 12 }), correction, async (used, lost, one) => {
    await emptyStation(database())
    await addTerminal(database())
    const registers = used.map((own) => own.reduce<number[]>((all, energy) => [...all, (all.at(-1) ?? 100_000) + energy], []))
    const value = (meter: number, at: number): string => ((registers[meter]?.[at] as number) / 100).toFixed(2)
    // What comes late was lost before; what is edited was there.
    const gone = new Set(one.kind === 'late' ? [...lost, one.at] : lost.filter((at) => at !== one.at))
    for (let meter = 0; meter < METERS; meter += 1) {
      await addMeter(database(), address(meter + 1), { tariff: 'ZJ-RES', createdAt: '2026-10-04T16:00:00Z' })
      await putReadings(database(), Array.from({ length: POINTS }, (_, at) => at).filter((at) => meter > 0 || !gone.has(at)).map((at) => reading(address(meter + 1), MIDNIGHT + at * QUARTER_MS, value(meter, at))))
    }
    await touchAll()
    await settle()
    const before = await derived()
    const seen = Number((await query('SELECT coalesce(max(id), 0) AS id FROM figure_history'))[0]?.['id'])

    const time = MIDNIGHT + one.at * QUARTER_MS
    if (one.kind === 'late') {
      await putReadings(database(), [reading(address(1), time, value(0, one.at), { quality: 'recollected' })])
      await query('INSERT INTO touched_days (meter_ids, days) VALUES (\'{1}\', ARRAY[$1::date])', [dayOf(one.at)])
    } else {
      await editReading(database().pool, {
        meterId: 1, meter: address(1), item: TOTAL, time: new Date(time), kind: one.kind, who: 'li', why: 'read at the meter', days: [dayOf(one.at)],
        ...(one.kind === 'replace' && { value: (((registers[0]?.[one.at] as number) + one.by) / 100).toFixed(2) }),
      })
    }
    await settle()
    const after = await derived()
    const told = await query('SELECT DISTINCT meter_id || \' \' || figure || \' \' || subject AS name FROM figure_history WHERE id > $1', [seen])
    const differing = [...before].filter(([name, row]) => after.get(name) !== row).map(([name]) => name)
    // Told is what differs. A row may move and come back while later days are computed; then its history says so and it does not differ.
    expect(differing.filter((name) => !told.some((entry) => entry['name'] === name))).toEqual([])
    expect([...before.keys(), ...after.keys()].filter((name) => name.startsWith('2 ') && before.get(name) !== after.get(name))).toEqual([])
    expect(told.filter(({ name }) => (name as string).startsWith('2 '))).toEqual([])

    // All of it is as if it had been computed from nothing.
    await query('TRUNCATE vee_day, consumption_month, daily_energy, completeness, vee_gap, touched_days')
    await touchAll()
    await settle()
    const anew = await derived()
    expect([...after].filter(([name, row]) => anew.get(name) !== row).map(([name, row]) => [name, row, anew.get(name)])).toEqual([])
    expect([...anew.keys()].sort()).toEqual([...after.keys()].sort())
    changed += differing.length
  }), { numRuns: Number(process.env['RUNS'] ?? 6), endOnFailure: true, ...(process.env['SEED'] !== undefined && { seed: Number(process.env['SEED']) }) })
  expect(changed).toBeGreaterThan(0)
}, 120_000)
