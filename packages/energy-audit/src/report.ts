import { addDays, dayStart, isoWithOffset, localDay, nextMonth, offsetText } from '@zhuzhan/core'
import { costOf } from './cost.js'
import { INTERVAL_MS, intervalsOf, slotsBetween } from './curve.js'
import { exact, exactText, times } from './exact.js'
import type { Exact } from './exact.js'
import { PROVISIONAL_BELOW, WITHHELD_BELOW, findingsOf, round } from './findings.js'
import type { AuditInput } from './input.js'
import { loadOf } from './load.js'
import { localDaysOf } from './local-days.js'
import { curveByPeriod, energyByPeriod } from './period-energy.js'
import { registerEnergy } from './registers.js'
import type { RegisterResult } from './registers.js'
import { costSection, demandSection, energySection, loadSections, periodSection } from './sections.js'
import { checkSum } from './sum-check.js'
import { periodsOf } from './tariff.js'
import type { Tariff } from './tariff.js'
import { TARIFFS, TARIFF_SOURCE } from './tariff-data.js'

/** Changes with every change of a formula, so that an old report tells how it was computed. */
export const FORMULAS = 'energy-audit/1'

export type AuditReport = ReturnType<typeof auditReport>

/** The energy audit of one meter and month (analytics §3, customer level). Pure: the same input gives the same report. */
export function auditReport(input: AuditInput) {
  const { meter, month, now } = input
  const offset = meter.offsetMinutes
  const iso = (time: number): string => isoWithOffset(time, offset)
  const begin = dayStart(`${month}-01`, offset)
  const end = dayStart(`${nextMonth(month)}-01`, offset)
  const ratio = times(exact(meter.ctRatio), exact(meter.ptRatio))
  const tariff = TARIFFS.find(({ id }) => id === meter.tariff)
  const monthNumber = Number(month.slice(5))

  const { intervals, backwards } = intervalsOf(input.curve, ratio)
  const days = localDaysOf(intervals.from, begin)
  const registers = registerEnergy(input.midnights, ratio)
  const energy = energyByPeriod(registers, curveByPeriod(intervals, tariff, monthNumber, days), tariff, periodsOf(tariff, monthNumber))
  const load = loadOf(intervals, days)
  const completeness = completenessOf(input, begin, end)
  const { share } = completeness
  const intervalCheck = checkSum(registers, intervals, ratio)

  return {
    formulas: FORMULAS,
    meter: { address: meter.address, terminal: meter.terminal, name: meter.name, ctRatio: meter.ctRatio, ptRatio: meter.ptRatio, ratio: exactText(ratio) },
    period: { month, from: iso(begin), to: iso(end), utcOffset: offsetText(offset), monthOver: now >= end, installedAt: iso(input.installedAt) },
    provisional: share === null || share < PROVISIONAL_BELOW || now < end,
    energy: energySection(registers, intervals, intervalCheck, iso),
    energyByPeriod: periodSection(energy),
    cost: costSection(costOf(tariff, energy.periods, usedBefore(input, registers, ratio)), share !== null && share < WITHHELD_BELOW),
    maximumDemand: demandSection(load, input.demandRegister, ratio, iso),
    ...loadSections(load),
    completeness: {
      ...completeness, share: share === null ? null : round(share), recollected: input.recollected,
      provisionalBelow: PROVISIONAL_BELOW, amountsWithheldBelow: WITHHELD_BELOW, formula: 'present / expected curve slots since installation',
    },
    tariff: tariffSection(tariff),
    ...(input.joints && input.joints.length > 0 && { joints: input.joints.map((joint) => ({ ...joint, at: iso(joint.at) })) }),
    findings: findingsOf({ share, load, registers, backwardsIntervals: backwards, energy, intervalCheck, conflicts: input.conflicts, tariff }),
    data: {
      curveRegisters: input.curve.length,
      estimatedCurveRegisters: input.curve.filter(({ estimated }) => estimated).length,
      midnightRegisters: input.midnights.length,
      midnightsExpected: midnightsBetween(Math.max(begin, input.installedAt), Math.min(end, now), offset),
      conflicts: input.conflicts,
      latestReceivedAt: input.latestReceivedAt === null ? null : iso(input.latestReceivedAt),
    },
  }
}

function tariffSection(tariff: Tariff | undefined) {
  if (!tariff) return null
  return { id: tariff.id, document: tariff.document, source: TARIFF_SOURCE, ...(tariff.note === undefined ? {} : { note: tariff.note }) }
}

/** Curve slots of the month from the installation to now (analytics §1); the slot that ends the month belongs to the next. */
function completenessOf(input: AuditInput, begin: number, end: number): { expected: number; present: number; share: number | null } {
  const from = Math.max(begin, input.installedAt)
  const last = Math.min(end - INTERVAL_MS, input.now)
  const expected = slotsBetween(from, last)
  const present = input.curve.filter(({ time }) => time >= from && time <= last).length
  return { expected, present, share: expected === 0 ? null : present / expected }
}

/** Energy of the year before the registers' span. */
function usedBefore(input: AuditInput, registers: RegisterResult, ratio: Exact): Exact | undefined {
  if (registers.kind !== 'energy' || input.yearBegin === undefined) return undefined
  const first = input.midnights.find(({ time }) => time === registers.from)?.values.get(1)
  return first === undefined || first < input.yearBegin ? undefined : times(first - input.yearBegin, ratio)
}

/** Local midnights from `from` to `to`, both included. */
function midnightsBetween(from: number, to: number, offset: number): number {
  let count = 0
  const day = localDay(from, offset)
  for (let at = dayStart(day, offset) < from ? addDays(day, 1) : day; dayStart(at, offset) <= to; at = addDays(at, 1)) count++
  return count
}
