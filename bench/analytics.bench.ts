import { TARIFFS, auditReport, exact, exactText } from '@zhuzhan/energy-audit'
import type { AuditInput } from '@zhuzhan/energy-audit'
import { STATE, dayFigure, exactDigits, monthFigure, periodDigits, periodEnergy, thresholdsOf } from '@zhuzhan/metering'
import type { DayFigure, DayPart, Intervals } from '@zhuzhan/metering'
import { openDatabase, tidyDays } from '@zhuzhan/persistence'
import { startPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { print, resultOf } from './harness.js'
import type { Run } from './harness.js'
import { DAY_MS, ITEMS, fillWide } from './readings-table.js'

/**
 * 1. Interval values a second on one core through validation, estimation and aggregation (days, tariff periods, month, cost), in memory:
 *    registers with 2 % lost in runs and a thousandth thousand-fold. No foil; 100,000 are asked for.
 * 2. An audit of METERS meters x 31 days x 96 points out of the database: every point validated, estimated and summed up as above. Foil: the
 *    bare SQL scan of the same points, one sum a meter, computed in the server. The ratio is time; under 3 is asked for. Beside it what the way
 *    out of the database alone takes, and (REPORT=0: not) the same with the energy audit report of each meter. The rows are put in order by
 *    the station's own `tidyDays` before, as at night. The energy of every meter is checked.
 */
const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const [METERS, ROUNDS] = [size('METERS', 10_000), size('ROUNDS', 3)]
const [DAYS, SLOTS, STEP_MS, OFFSET] = [31, 96, 900_000, 480]
const POINTS = DAYS * SLOTS
const TARIFF = TARIFFS.find(({ id }) => id === 'ZJ-RES')
const THRESHOLDS = thresholdsOf('residential')
const MONTH = '2026-10'
const START = Date.parse('2026-09-30T16:00:00Z')
const [MEASURED, MISSING_STATE] = [STATE.measured, STATE.missing]
const dayName = (n: number): string => `${MONTH}-${String(n + 1).padStart(2, '0')}`

/** What a meter's days so far say: the latest first is last. */
interface Meter { days: DayPart[]; figures: Pick<DayFigure, 'complete' | 'energy' | 'validated'>[]; estimated: number }

const newMeter = (): Meter => ({ days: [], figures: [], estimated: 0 })

/** Validates, estimates and sums up the next day of a meter. @param values digits of SLOTS + 1 registers, NaN where none came */
function nextDay(meter: Meter, values: Float64Array): void {
  const day = meter.figures.length
  const states = new Uint8Array(SLOTS + 1)
  for (let n = 0; n <= SLOTS; n += 1) states[n] = Number.isNaN(values[n] as number) ? MISSING_STATE : MEASURED
  const like = [7, 14, 21, 28].flatMap((back) => meter.figures[day - back] ?? [])
  const energyOf = ({ complete, energy }: Meter['figures'][number]): number => (complete ? energy ?? NaN : NaN)
  const figure = dayFigure({
    stepMs: STEP_MS, curve: { values, states }, decimals: 2, ratio: 1, fullScale: 100_000_000, clockSkewMs: undefined, duplicates: [], overlaps: [], electrical: undefined, thresholds: THRESHOLDS,
    registers: { begin: [values[0] as number], end: [values[SLOTS] as number] },
    history: meter.figures.map(energyOf).reverse(), likeDays: like.map(energyOf), profileDays: like.map(({ validated }): Intervals => validated),
  })
  meter.figures.push({ complete: figure.complete, energy: figure.energy, validated: figure.validated })
  meter.estimated += figure.counts.estimated
  const periods = periodDigits(figure.best, START + day * DAY_MS, STEP_MS, TARIFF, { offsetMinutes: OFFSET })
  const { energy, whyNot, estimatedShare, mayAct } = figure
  meter.days.push({ day: dayName(day), energy: energy === null ? null : exactDigits(energy, 2), whyNot, estimatedShare, mayAct, periods: periodEnergy(periods, 2, '1') })
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

const [ENERGY] = ITEMS
const SCAN = `SELECT meter_id, count(*) AS points, sum(value)::text AS sum FROM reading_value WHERE item = ${ENERGY} AND time BETWEEN $1 AND $2 GROUP BY meter_id`
// Edits are few and looked at beside. Gathered by meter in PostgreSQL's own binary form the points leave the server for half of what rows of
// their own, or arrays, take.
const CURVES = (from: number): string => `COPY (SELECT meter_id, string_agg(timestamptz_send(time), ''), string_agg(numeric_send(value), '') FROM reading_value
  WHERE item = ${ENERGY} AND quality <> 'replay-unchecked' AND time BETWEEN '${new Date(from).toISOString()}' AND '${new Date(from + DAY_MS).toISOString()}' GROUP BY meter_id) TO STDOUT (FORMAT binary)`
const EDITS = `SELECT meter_id AS meter, (extract(epoch FROM time - $1) / 900)::int AS slot, (value * 100)::float8 AS digits FROM edited_value WHERE item = ${ENERGY} AND time BETWEEN $1 AND $2`
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1)
/** Signature, flags and their extension before the first row. */
const FILE_HEAD = 19

/** Registers of one day of every meter, SLOTS + 1 each, as digits; by binary COPY, where nothing is turned into text. */
async function dayOfAll(client: pg.PoolClient, from: number): Promise<Float64Array> {
  const registers = new Float64Array(METERS * (SLOTS + 1)).fill(NaN)
  let [rest, at]: [Buffer, number] = [Buffer.alloc(0), FILE_HEAD]
  for await (const chunk of client.query(copyTo(CURVES(from))) as AsyncIterable<Buffer>) {
    const data: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    for (let end = endOfRow(data, at); end !== undefined; end = endOfRow(data, at)) {
      takeRow(data, at, from, registers)
      at = end
    }
    rest = data.subarray(Math.min(at, data.length))
    at = Math.max(0, at - data.length)
  }
  const { rows } = await client.query<{ meter: number; slot: number; digits: number | null }>(EDITS, [new Date(from), new Date(from + DAY_MS)])
  for (const { meter, slot, digits } of rows) registers[(meter - 1) * (SLOTS + 1) + slot] = digits ?? NaN
  return registers
}

/** Where the row at `at` ends; undefined when it is not whole yet, or the end of the file. */
function endOfRow(data: Buffer, at: number): number | undefined {
  if (data.length < at + 2 || data.readInt16BE(at) !== 3) return undefined
  let end = at + 2
  for (let field = 0; field < 3; field += 1) {
    if (data.length < end + 4) return undefined
    end += 4 + data.readInt32BE(end)
  }
  return data.length < end ? undefined : end
}

function takeRow(data: Buffer, at: number, from: number, registers: Float64Array): void {
  const first = (data.readInt32BE(at + 6) - 1) * (SLOTS + 1)
  const begin = at + 14
  const end = begin + data.readInt32BE(begin - 4)
  let value = end + 4
  for (let time = begin; time < end; time += 8) {
    const micros = data.readInt32BE(time) * 2 ** 32 + data.readUInt32BE(time + 4)
    registers[first + (micros / 1_000 + POSTGRES_EPOCH - from) / STEP_MS] = hundredths(data, value)
    value += 8 + 2 * data.readInt16BE(value)
  }
}

/** A numeric as PostgreSQL sends it: digits to the base 10,000. @returns a count of hundredths */
function hundredths(data: Buffer, at: number): number {
  const [digits, weight] = [data.readInt16BE(at), data.readInt16BE(at + 2)]
  let value = 0
  for (let n = 0; n < Math.max(digits, weight + 2); n += 1) if (n <= weight + 1) value = value * 10_000 + (n < digits ? data.readUInt16BE(at + 8 + 2 * n) : 0)
  // Up to the first four decimals, of which a register of two shows two.
  return value / 100
}

function check(meter: number, from: number, to: number, energy: string | null): void {
  const expected = exactText(exactDigits(to - from, 2))
  if (energy !== expected) throw new Error(`meter ${meter}: ${energy} instead of ${expected}`)
}

/** The energy audit of the month, as analytics makes it for one meter after the other. */
function report(meter: number, registers: Float64Array): void {
  const point = (slot: number) => exactDigits(registers[slot] as number, 2)
  const curve: AuditInput['curve'] = Array.from({ length: POINTS }, (_, slot) => ({ time: START + slot * STEP_MS, value: point(slot), estimated: false }))
  const midnights: AuditInput['midnights'] = Array.from({ length: DAYS + 1 }, (_, day) => ({ time: START + day * DAY_MS, values: new Map([[1, point(day * SLOTS)]]) }))
  const { energy } = auditReport({
    meter: { address: String(meter).padStart(12, '0'), terminal: '000000000001', name: null, ctRatio: '1', ptRatio: '1', tariff: 'ZJ-RES', offsetMinutes: OFFSET },
    month: MONTH, now: START + 60 * DAY_MS, installedAt: 0, curve, recollected: 0, midnights, yearBegin: exact('0'), demandRegister: undefined, conflicts: 0, latestReceivedAt: null,
  })
  if (!JSON.stringify(energy).includes(exactText(exactDigits((registers[POINTS] as number) - (registers[0] as number), 2)))) throw new Error(`meter ${meter}: ${JSON.stringify(energy)}`)
}

async function fromDatabase(): Promise<void> {
  const postgres = await startPostgres({ settings: { shared_buffers: '128MB', max_wal_size: '4GB', wal_level: 'minimal', max_wal_senders: '0', maintenance_work_mem: '256MB' } })
  const database = openDatabase({ url: postgres.url })
  // Compiling each day's statement would take longer than it runs; off for the foil as well.
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2, options: '-c jit=off' })
  try {
    await fillWide(pool, METERS, START, DAYS + 1)
    await tidyDays(pool, { now: START + 60 * DAY_MS, afterDays: 1, onDay: () => undefined })
    const span = [new Date(START), new Date(START + DAYS * DAY_MS)]
    // Two days are on their way while one is computed: the server would wait for this process otherwise.
    const eachDay = async (work: (registers: Float64Array, day: number) => void): Promise<number> => {
      const begin = performance.now()
      const clients = [await pool.connect(), await pool.connect()]
      try {
        const fetch = (day: number): Promise<Float64Array> => dayOfAll(clients[day % 2] as pg.PoolClient, START + day * DAY_MS)
        const coming = [fetch(0), fetch(1)]
        for (let day = 0; day < DAYS; day += 1) {
          const registers = await (coming[day % 2] as Promise<Float64Array>)
          if (day + 2 < DAYS) coming[day % 2] = fetch(day + 2)
          work(registers, day)
        }
      } finally {
        for (const client of clients) client.release()
      }
      return (performance.now() - begin) / 1_000
    }
    const audit = async (also?: (meter: number, registers: Float64Array) => void): Promise<number> => {
      const meters = Array.from({ length: METERS }, newMeter)
      const kept = also ? meters.map(() => new Float64Array(POINTS + 1)) : []
      const ends = meters.map(() => [0, 0])
      const took = await eachDay((registers, day) => meters.forEach((meter, n) => {
        const own = registers.slice(n * (SLOTS + 1), (n + 1) * (SLOTS + 1))
        if (day === 0) ends[n]![0] = own[0] as number
        ends[n]![1] = own[SLOTS] as number
        kept[n]?.set(own, day * SLOTS)
        nextDay(meter, own)
      }))
      const begin = performance.now()
      meters.forEach(({ days }, n) => {
        check(n + 1, ...ends[n] as [number, number], monthFigure(days, DAYS, TARIFF).energy)
        also?.(n + 1, kept[n] as Float64Array)
      })
      return took + (performance.now() - begin) / 1_000
    }
    const foil = async (): Promise<number> => {
      const begin = performance.now()
      const { rows } = await pool.query(SCAN, span)
      if (rows.length !== METERS) throw new Error(`${rows.length} meters`)
      return (performance.now() - begin) / 1_000
    }
    const all = { meters: METERS, days: DAYS, points: METERS * POINTS }
    const [runs, rows, reports]: [Run[], Run[], Run[]] = [[], [], []]
    for (let round = 0; round < ROUNDS; round += 1) {
      const [scanned, audited, delivered] = [await foil(), await audit(), await eachDay(() => undefined)]
      process.stderr.write(`\nround ${round + 1}: audit ${audited.toFixed(1)} s, scan ${scanned.toFixed(1)} s, curves delivered and parsed ${delivered.toFixed(1)} s\n`)
      runs.push({ ours: audited, foil: scanned })
      rows.push({ ours: delivered, foil: scanned })
    }
    print(resultOf('analytics: audit against the bare scan', 's', runs, { ...all, wanted: 'ratio under 3' }))
    print(resultOf('analytics: curves delivered and parsed against the bare scan', 's', rows, all))
    if (process.env['REPORT'] === '0') return
    reports.push({ ours: await audit(report), foil: await foil() })
    print(resultOf('analytics: audit with the energy audit report of each meter', 's', reports, all))
  } finally {
    await pool.end()
    await database.close()
    await postgres.stop()
  }
}

inMemory()
if (process.env['ONLY'] !== 'memory') await fromDatabase()
