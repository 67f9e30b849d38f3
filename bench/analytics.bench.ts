import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { TARIFFS } from '@zhuzhan/energy-audit'
import { STATE, dayFigure, exactDigits, monthFigure, periodDigits, periodEnergy, thresholdsOf } from '@zhuzhan/metering'
import type { DayFigure, DayPart, Intervals } from '@zhuzhan/metering'
import { openDatabase, tidyDays } from '@zhuzhan/persistence'
import { startPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { CURVE_ITEMS, packSeries } from '../services/analytics/src/metering/day-curves.js'
import { veeRow } from '../services/analytics/src/metering/validated-days.js'
import { copyInto } from './audit/copy-days.js'
import { dayOfAll } from './audit/day-of-all.js'
import { DAYS, METERS, MONTH, NOW, OFFSET, POINTS, ROUNDS, SLOTS, START, STEP_MS, scan, seconds, told } from './audit/month.js'
import { print, resultOf } from './harness.js'
import type { Run } from './harness.js'
import { DAY_MS, ITEMS, fillWide } from './readings-table.js'

/**
 * 1. Interval values a second on one core through validation, estimation and aggregation (days, tariff periods, month, cost), in memory:
 *    registers with 2 % lost in runs and a thousandth thousand-fold. No foil; 100,000 are asked for.
 * 2. The month of METERS meters x 31 days x 96 points: a run of the station's own energy audits over every customer, as analytics works it off
 *    (read, computed, digests, every audit stored as a version), from the days as validation has stored them. Foil: the bare SQL scan of the
 *    same points, one sum a meter, computed in the server. The ratio is time; under 3 is asked for. Every audit's energy is compared with plain SQL.
 *    Beside it, once, what validation takes that goes before: every point read, validated, estimated, summed up and written (COPY). In the station
 *    that work is done day by day as the readings come. Readings are put in order by the station's own `tidyDays` before, as at night.
 */
const TARIFF = TARIFFS.find(({ id }) => id === 'ZJ-RES')
const THRESHOLDS = thresholdsOf('residential')
const [MEASURED, MISSING_STATE] = [STATE.measured, STATE.missing]
const dayName = (n: number): string => `${MONTH}-${String(n + 1).padStart(2, '0')}`

/** What a meter's days so far say: the latest first is last. */
interface Meter { days: DayPart[]; figures: Pick<DayFigure, 'complete' | 'energy' | 'validated'>[]; estimated: number }

const newMeter = (): Meter => ({ days: [], figures: [], estimated: 0 })

/** Validates, estimates and sums up the next day of a meter. @param values digits of SLOTS + 1 registers, NaN where none came */
function nextDay(meter: Meter, values: Float64Array): DayFigure {
  const day = meter.figures.length
  const states = new Uint8Array(SLOTS + 1)
  for (let n = 0; n <= SLOTS; n += 1) states[n] = Number.isNaN(values[n] as number) ? MISSING_STATE : MEASURED
  const like = [7, 14, 21, 28].flatMap((back) => meter.figures[day - back] ?? [])
  const energyOf = ({ complete, energy }: Meter['figures'][number]): number => (complete ? energy ?? NaN : NaN)
  const figure = dayFigure({
    stepMs: STEP_MS, curve: { values, states }, decimals: 2, ratio: 1, fullScale: 100_000_000, clock: undefined, duplicates: [], overlaps: [], electrical: undefined, thresholds: THRESHOLDS,
    registers: { begin: [values[0] as number], end: [values[SLOTS] as number] },
    history: meter.figures.map(energyOf).reverse(), likeDays: like.map(energyOf), profileDays: like.map(({ validated }): Intervals => validated),
  })
  meter.figures.push({ complete: figure.complete, energy: figure.energy, validated: figure.validated })
  meter.estimated += figure.counts.estimated
  const periods = periodDigits(figure.best, START + day * DAY_MS, STEP_MS, TARIFF, { offsetMinutes: OFFSET })
  const { energy, whyNot, estimatedShare, mayAct } = figure
  meter.days.push({ day: dayName(day), energy: energy === null ? null : exactDigits(energy, 2), whyNot, estimatedShare, mayAct, periods: periodEnergy(periods, 2, '1') })
  return figure
}

/** @param registers digits of POINTS + 1 registers */
function validatedMonth(registers: Float64Array): Meter {
  const meter = newMeter()
  for (let day = 0; day < DAYS; day += 1) nextDay(meter, registers.slice(day * SLOTS, (day + 1) * SLOTS + 1))
  monthFigure(meter.days, DAYS, TARIFF)
  return meter
}

/** Registers of a home; lost runs and thousand-fold values by a fixed pattern. */
function madeRegisters(seed: number): Float64Array {
  let [word, register] = [seed * 7_919 + 1, 100_000 + seed]
  const random = (): number => (word = (word * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
  const registers = new Float64Array(POINTS + 1)
  for (let n = 0; n <= POINTS; n += 1) {
    registers[n] = register
    register += Math.floor(5 + 20 * random() * (n % SLOTS > 68 ? 3 : 1))
  }
  for (let n = 1; n < POINTS; n += 1) {
    const chance = random()
    if (chance < 0.004) registers.fill(NaN, n, Math.min(POINTS, n + 1 + Math.floor(random() * 9)))
    else if (chance < 0.005) registers[n] = (registers[n] as number) * 1_000
  }
  return registers
}

function inMemory(): void {
  const made = Array.from({ length: 200 }, (_, n) => madeRegisters(n))
  for (const registers of made) validatedMonth(registers)
  const runs: Run[] = []
  let estimated = 0
  for (let round = 0; round < 5; round += 1) {
    const begin = process.cpuUsage()
    estimated = made.reduce((sum, registers) => sum + validatedMonth(registers).estimated, 0)
    const { user, system } = process.cpuUsage(begin)
    runs.push({ ours: (made.length * POINTS) / ((user + system) / 1e6), foil: Number.NaN })
  }
  print(resultOf('analytics: validation and aggregation', 'interval values/s of one core (CPU time)', runs, { meters: made.length, days: DAYS, estimatedShare: Number((estimated / made.length / POINTS).toFixed(4)), wanted: 100_000 }))
}

const [ENERGY, VOLTS, AMPS] = ITEMS
const VEE_COLUMNS = ['day_over', 'decimals', 'ratio', 'digits', 'energy', 'why_not', 'basis', 'counts', 'estimated_share', 'complete', 'may_act', 'best', 'states', 'gaps', 'findings', 'periods']

/** Validates the month out of the readings, a day of every meter after the other, and writes it as the station does. */
async function validateAll(pool: pg.Pool): Promise<void> {
  const meters = Array.from({ length: METERS }, newMeter)
  const clients = [await pool.connect(), await pool.connect(), await pool.connect()] as const
  try {
    // Two days are on their way while one is computed: the server would wait for this process otherwise.
    const fetch = (day: number): Promise<Float64Array> => dayOfAll(clients[day % 2 as 0 | 1], METERS, START + day * DAY_MS)
    const coming = [fetch(0), fetch(1)]
    for (let day = 0; day < DAYS; day += 1) {
      const registers = await (coming[day % 2] as Promise<Float64Array>)
      if (day + 2 < DAYS) coming[day % 2] = fetch(day + 2)
      await copyInto(clients[2], 'vee_day', ['meter_id', 'day', 'item', ...VEE_COLUMNS, 'computed_at'], veeRows(meters, registers, day))
      await copyInto(clients[2], 'day_curve', ['meter_id', 'day', 'points', 'recollected', 'registers', 'received_at', 'series'], curveRows(registers, day))
    }
  } finally {
    for (const client of clients) client.release()
  }
  await pool.query('VACUUM ANALYZE vee_day, day_curve')
}

function* veeRows(meters: readonly Meter[], registers: Float64Array, day: number): Generator<unknown[]> {
  for (const [n, meter] of meters.entries()) {
    const figure = nextDay(meter, registers.slice(n * (SLOTS + 1), (n + 1) * (SLOTS + 1)))
    const row = veeRow({ loaded: { meter: { id: n + 1, tariff: TARIFF, offsetMinutes: OFFSET }, start: START + day * DAY_MS, dayOver: true, ratio: '1', ratioChanged: false, clock: null, joints: [], readings: { decimals: 2 } }, figure })
    const values = { ...row, best: `{${(row['best'] as (number | null)[]).map((one) => one ?? 'NULL').join(',')}}`, states: Buffer.from(row['states'] as string, 'hex') } as Record<string, unknown>
    yield [n + 1, dayName(day), ENERGY, ...VEE_COLUMNS.map((column) => values[column]), new Date(NOW)]
  }
}

/** Voltage and current as `fillWide` made them: the same for every meter. */
function* curveRows(registers: Float64Array, day: number): Generator<unknown[]> {
  const texts = (first: number, of: (slot: number) => number) => [first, Array.from({ length: SLOTS }, (_, n) => [n, (of(day * SLOTS + n)).toFixed(1)] as const)] as const
  const place = (item: number): number => CURVE_ITEMS.findIndex((one) => one === item)
  const series = packSeries(new Map([texts(place(VOLTS), (slot) => 220 + (slot % 17) * 0.1), texts(place(AMPS), (slot) => 221 + (slot % 13) * 0.1)]))
  for (let id = 1; id <= METERS; id += 1) yield [id, dayName(day), SLOTS, 0, { [ENERGY]: ((registers[(id - 1) * (SLOTS + 1)] as number) / 100).toFixed(2) }, new Date(START + (day + 1) * DAY_MS - STEP_MS + 20_000), series]
}

async function fill(pool: pg.Pool): Promise<void> {
  await pool.query("INSERT INTO terminal (address, security_profile) VALUES ('000000000001', 'plain')")
  await pool.query("INSERT INTO meter (address, terminal_address, tariff, created_at) SELECT lpad(id::text, 12, '0'), '000000000001', 'ZJ-RES', $2 FROM generate_series(1, $1::int) AS m (id) ORDER BY id", [METERS, new Date(START - 90 * DAY_MS)])
  await fillWide(pool, METERS, START, DAYS + 1)
  await tidyDays(pool, { now: NOW, afterDays: 1, onDay: () => undefined })
}

/** Audits by a process that has neither filled nor validated. */
async function auditRounds(url: string): Promise<void> {
  const child = fork(fileURLToPath(new URL('./audit/audit-rounds.ts', import.meta.url)), process.argv.slice(2), { execArgv: process.execArgv, env: { ...process.env, DATABASE_URL: url } })
  const [code] = await once(child, 'exit') as [number | null]
  if (code !== 0) throw new Error(`the audits ended with ${code}`)
}

async function fromDatabase(): Promise<void> {
  // With DATABASE_URL an empty database of yours is used; with FILLED=1 too, one that an earlier run filled (ROUNDS=0 does only that).
  const given = process.env['DATABASE_URL']
  const isFilled = process.env['FILLED'] === '1'
  const postgres = given !== undefined ? { url: given, stop: async () => undefined } : await startPostgres({ settings: { shared_buffers: '128MB', max_wal_size: '4GB', wal_level: 'minimal', max_wal_senders: '0', maintenance_work_mem: '256MB' } })
  const database = openDatabase({ url: postgres.url })
  // Compiling each day's statement would take longer than it runs; off for the foil as well.
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4, options: '-c jit=off' })
  // At the end the server may go before an idle connection has said good-bye.
  pool.on('error', () => undefined)
  try {
    const filled = !isFilled ? await seconds(() => fill(pool)) : undefined
    if (filled !== undefined) {
      await scan(pool)
      const validated = { ours: await seconds(() => validateAll(pool)), foil: await scan(pool) }
      told(`readings filled in ${filled.toFixed(0)} s; validated and written in ${validated.ours.toFixed(1)} s`)
      print(resultOf('analytics: validation out of the readings, written, against the bare scan', 's', [validated], { meters: METERS, days: DAYS, points: METERS * POINTS, fillSeconds: Math.round(filled) }))
    }
    if (ROUNDS > 0) await auditRounds(postgres.url)
  } finally {
    await pool.end()
    await database.close()
    await postgres.stop()
  }
}

inMemory()
if (process.env['ONLY'] !== 'memory') await fromDatabase()
