import { HesError, dayStart, offsetMinutes } from '@zhuzhan/core'
import { LEVELS, SiteSettings, exact } from '@zhuzhan/energy-audit'
import type { Exact, Register, Sample, SiteInput, SiteMeter } from '@zhuzhan/energy-audit'
import { cellNumber, columnsOf, wallTime } from '@zhuzhan/energy-models'
import type { Table } from '@zhuzhan/energy-models'
import { z } from 'zod'

const Ratio = z.union([z.string(), z.number()]).transform(String).refine((text) => /^\d{1,8}(\.\d{1,4})?$/.test(text), 'a ratio with at most 4 decimals').default('1')
const Energy = z.union([z.string(), z.number()]).transform(String).refine((text) => /^\d{1,12}(\.\d{1,8})?$/.test(text), 'a decimal number').transform((text): Exact => exact(text))
const Address = z.string().min(1).max(60)

/** The JSON beside the readings. docs/analytics.md, energy audit */
const AuditCase = z.strictObject({
  level: z.enum(LEVELS),
  id: z.string().min(1).max(60),
  name: z.string().max(200).nullable().default(null),
  month: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a month looks like 2026-10'),
  utcOffset: z.string().default('+08:00'),
  settings: SiteSettings.prefault({}),
  meters: z.array(z.strictObject({
    address: Address, name: z.string().max(200).nullable().default(null), role: z.enum(['main', 'sub', 'user']).default('main'), parent: Address.nullable().default(null), ctRatio: Ratio, ptRatio: Ratio,
    yearBeginKwh: Energy.optional(), demandRegisterKw: Energy.optional(),
  })).min(1).max(5_000),
  past: z.array(z.strictObject({ month: z.string().regex(/^\d{4}-\d{2}$/), energyKwh: Energy, peakValleyKw: Energy.optional() })).default([]),
  days: z.array(z.strictObject({ day: z.iso.date(), energyKwh: Energy })).default([]),
})

const REGISTERS = ['register_kwh', 'sharp_kwh', 'peak_kwh', 'flat_kwh', 'valley_kwh', 'deep_kwh'] as const
const QUARTER = 900_000

/** @param now epoch ms @throws HesError BODY_INVALID for the case, DATA_REFUSED for the readings */
export function readAuditCase(value: unknown, table: Table, name: string, now: number): SiteInput {
  const parsed = AuditCase.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new HesError('BODY_INVALID', `The case, ${issue?.path.join('.') || 'as a whole'}: ${issue?.message ?? 'does not fit'}.`)
  }
  const { meters, past, days, month, level, id, name: site, utcOffset, settings } = parsed.data
  const offset = offsetMinutes(utcOffset)
  const rows = rowsByMeter(table, name, offset)
  const unknown = [...rows.keys()].find((address) => !meters.some((meter) => meter.address === address))
  if (unknown !== undefined) throw new HesError('DATA_REFUSED', `${name} has readings of ${unknown}, which the case does not name.`)
  const begin = dayStart(`${month}-01`, offset)
  return {
    level, site: { id, name: site }, month, offsetMinutes: offset, now, settings,
    meters: meters.map((meter) => meterOf(meter, rows.get(meter.address) ?? [], begin)),
    past: past.map((one) => ({ month: one.month, energy: one.energyKwh, peakValley: one.peakValleyKw })),
    days: days.map(({ day, energyKwh }) => ({ day, energy: energyKwh })),
  }
}

interface Row { time: number; number(column: string): Exact | undefined; float(column: string): number | undefined; estimated: boolean }

function rowsByMeter(table: Table, name: string, offset: number): Map<string, Row[]> {
  const at = columnsOf(table, ['meter', 'time'], name)
  const column = new Map(table.header.map((one, index) => [one, index]))
  const rows = new Map<string, Row[]>()
  table.rows.forEach((cells, index) => {
    const text = (name_: string): string => cells[column.get(name_) ?? -1]?.trim() ?? ''
    const time = timeOf(cells[at.time] ?? '', offset)
    if (time === undefined) throw new HesError('DATA_REFUSED', `${name}: row ${index + 2} has no time.`)
    const row: Row = {
      time, estimated: ['estimated', 'edited'].includes(text('quality')),
      number: (wanted) => {
        const value = text(wanted)
        if (value === '') return undefined
        if (!/^-?\d{1,12}(\.\d{1,12})?$/.test(value)) throw new HesError('DATA_REFUSED', `${name}: row ${index + 2}, ${wanted}: '${value}' is no decimal number.`)
        return exact(value)
      },
      float: (wanted) => {
        const value = cellNumber(text(wanted))
        return Number.isFinite(value) ? value : undefined
      },
    }
    const meter = cells[at.meter]?.trim() ?? ''
    const of = rows.get(meter)
    if (of) of.push(row)
    else rows.set(meter, [row])
  })
  return rows
}

/** Local wall time, or an instant with its offset. */
function timeOf(text: string, offset: number): number | undefined {
  const wall = wallTime(text)
  if (wall !== undefined) return wall - offset * 60_000
  const instant = /T.*(Z|[+-]\d{2}:\d{2})$/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN
  return Number.isNaN(instant) ? undefined : instant
}

type CaseMeter = z.output<typeof AuditCase>['meters'][number]

function meterOf({ yearBeginKwh, demandRegisterKw, ...meter }: CaseMeter, unordered: readonly Row[], begin: number): SiteMeter {
  const rows = [...unordered].sort((a, b) => a.time - b.time)
  const doubled = rows.findIndex((row, index) => index > 0 && rows[index - 1]?.time === row.time)
  if (doubled >= 0) throw new HesError('DATA_REFUSED', `Meter ${meter.address} has two rows for ${new Date(rows[doubled]?.time ?? 0).toISOString()}.`)
  const isMidnight = ({ time }: Row): boolean => (time - begin) % 86_400_000 === 0
  const registers = (column: string): Register[] => rows.filter(isMidnight).flatMap((row) => {
    const value = row.number(column)
    return value === undefined ? [] : [{ time: row.time, value }]
  })
  return {
    ...meter, tariff: null, installedAt: Math.min(begin, rows[0]?.time ?? begin), curve: curveOf(rows), recollected: 0,
    midnights: rows.filter(isMidnight).flatMap((row) => {
      const values = new Map(REGISTERS.flatMap((column, index) => {
        const value = row.number(column)
        return value === undefined ? [] : [[index + 1, value] as const]
      }))
      return values.has(1) ? [{ time: row.time, values }] : []
    }),
    reactive: registers('reactive_kvarh'), reverse: registers('reverse_kwh'),
    samples: rows.flatMap((row) => sampleOf(row)),
    yearBegin: yearBeginKwh, demandRegister: demandRegisterKw === undefined ? undefined : { value: demandRegisterKw, occurredAt: null }, conflicts: 0, latestReceivedAt: rows.at(-1)?.time ?? null,
  }
}

/** Registers as given, or energies of quarter hours (by their end) added up; a gap between energies stays a gap. */
function curveOf(rows: readonly Row[]): SiteMeter['curve'] {
  const given = rows.flatMap((row) => {
    const value = row.time % QUARTER === 0 ? row.number('register_kwh') : undefined
    return value === undefined ? [] : [{ time: row.time, value, estimated: row.estimated }]
  })
  if (given.length > 0) return given
  const curve: { time: number; value: Exact; estimated: boolean }[] = []
  let register = 0n
  for (const row of rows) {
    const energy = row.number('interval_kwh')
    if (energy === undefined) continue
    if (curve.at(-1)?.time !== row.time - QUARTER) curve.push({ time: row.time - QUARTER, value: register, estimated: row.estimated })
    register += energy
    curve.push({ time: row.time, value: register, estimated: row.estimated })
  }
  return curve
}

function sampleOf(row: Row): Sample[] {
  const [volts, amps] = [['ua_v', 'ub_v', 'uc_v'].map(row.float), ['ia_a', 'ib_a', 'ic_a'].map(row.float)]
  const powerFactor = row.number('power_factor')
  if ([...volts, ...amps, powerFactor].every((value) => value === undefined)) return []
  return [{ time: row.time, volts, amps, powerFactor }]
}
