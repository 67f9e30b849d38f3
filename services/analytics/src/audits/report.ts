import { isoWithOffset, offsetText } from '@zhuzhan/core'
import { addDays, dayStart, localDay, nextMonth } from '../days/local-day.js'
import { costOf } from './cost.js'
import { INTERVAL_MS, energyOf, intervalsOf, slotsBetween } from './curve.js'
import type { Interval } from './curve.js'
import { exact, exactText, rounded, times } from './exact.js'
import type { Exact } from './exact.js'
import { PROVISIONAL_BELOW, WITHHELD_BELOW, findingsOf, round } from './findings.js'
import type { AuditInput } from './input.js'
import { loadOf } from './load.js'
import { curveByPeriod, energyByPeriod } from './period-energy.js'
import { registerEnergy } from './registers.js'
import type { RegisterResult } from './registers.js'
import { periodsOf } from './tariff.js'
import { TARIFFS, TARIFF_SOURCE } from './tariff-data.js'

/** Changes with every change of a formula, so that an old report tells how it was computed. */
export const FORMULAS = 'energy-audit/1'

export type AuditReport = ReturnType<typeof auditReport>

/** The energy audit of one meter and month (analytics §3, customer level). Pure: the same input gives the same report. */
export function auditReport(input: AuditInput) {
  const { meter, month } = input
  const offset = meter.offsetMinutes
  const iso = (time: number): string => isoWithOffset(time, offset)
  const begin = dayStart(`${month}-01`, offset)
  const end = dayStart(`${nextMonth(month)}-01`, offset)
  const ratio = times(exact(meter.ctRatio), exact(meter.ptRatio))
  const tariff = TARIFFS.find(({ id }) => id === meter.tariff)
  const monthNumber = Number(month.slice(5))

  const curve = intervalsOf(input.curve, ratio)
  const registers = registerEnergy(input.midnights, ratio)
  const slotOf = (time: number): number => Math.floor((time - dayStart(localDay(time, offset), offset)) / INTERVAL_MS)
  const energy = energyByPeriod(registers, curveByPeriod(curve.intervals, tariff, monthNumber, slotOf), tariff, periodsOf(tariff, monthNumber))
  const load = loadOf(curve.intervals, (time) => localDay(time, offset))

  const from = Math.max(begin, input.installedAt)
  const last = Math.min(end - INTERVAL_MS, input.now)
  const expected = slotsBetween(from, last)
  const present = input.curve.filter(({ time }) => time >= from && time <= last).length
  const share = expected === 0 ? null : present / expected
  const withheld = share !== null && share < WITHHELD_BELOW

  const cost = costOf(tariff, energy.periods, usedBefore(input, registers, ratio))
  const curveEnergy = energyOf(curve.intervals)
  const intervalCheck = checkSum(registers, curve.intervals, ratio)
  const [firstInterval, lastInterval] = [curve.intervals[0], curve.intervals.at(-1)]

  return {
    formulas: FORMULAS,
    meter: { address: meter.address, terminal: meter.terminal, name: meter.name, ctRatio: meter.ctRatio, ptRatio: meter.ptRatio, ratio: exactText(ratio) },
    period: { month, from: iso(begin), to: iso(end), utcOffset: offsetText(offset), monthOver: input.now >= end, installedAt: iso(input.installedAt) },
    provisional: share === null || share < PROVISIONAL_BELOW || input.now < end,
    energy: {
      unit: 'kWh',
      total: registers.kind === 'energy'
        ? { value: exactText(registers.total), basis: 'registers', from: iso(registers.from), to: iso(registers.to), formula: '(R2 - R1) x ctRatio x ptRatio' }
        : { value: firstInterval ? exactText(curveEnergy) : null, basis: 'curve', from: firstInterval ? iso(firstInterval.from) : null, to: lastInterval ? iso(lastInterval.from + INTERVAL_MS) : null, formula: 'sum of measured 15-minute intervals' },
      intervals: { value: exactText(curveEnergy), count: curve.intervals.length },
      intervalCheck: intervalCheck ? { difference: exactText(intervalCheck.difference), tolerance: exactText(intervalCheck.tolerance), holds: intervalCheck.difference <= intervalCheck.tolerance } : null,
    },
    energyByPeriod: {
      unit: 'kWh',
      basis: energy.basis,
      periods: Object.fromEntries([...energy.periods].map(([period, value]) => [period, { value: exactText(value), share: energy.total === 0n ? null : round(Number(value) / Number(energy.total)) }])),
      note: energy.basis === 'registers' ? 'tariff registers 1 to 5 taken as sharp, peak, flat, valley, deep; UNSURE, the meter\'s day table decides' : 'the tariff\'s windows laid over the 15-minute curve; without a tariff everything is flat',
    },
    cost: {
      unit: 'CNY',
      amount: withheld || cost.amount === undefined ? null : exactText(cost.amount),
      byPeriod: withheld ? {} : Object.fromEntries([...cost.byPeriod].map(([period, value]) => [period, exactText(value)])),
      steps: withheld || cost.steps === undefined ? null : exactText(cost.steps),
      withheld,
      flatEquivalentKwh: cost.flatEquivalent === undefined ? null : exactText(cost.flatEquivalent),
      notApplied: cost.notApplied,
      formula: 'sum E x price(t) by period',
    },
    maximumDemand: {
      unit: 'kW',
      value: load ? exactText(load.maximum.power) : null,
      from: load ? iso(load.maximum.from) : null,
      to: load ? iso(load.maximum.to) : null,
      fromEstimated: load?.maximum.estimated ?? false,
      register: input.demandRegister ? { value: exactText(times(input.demandRegister.value, ratio)), occurredAt: input.demandRegister.occurredAt === null ? null : iso(input.demandRegister.occurredAt) } : null,
      formula: 'largest 15-minute mean power (block)',
    },
    loadFactor: { month: load?.loadFactor == null ? null : round(load.loadFactor), daily: load?.dailyLoadFactor.value == null ? null : round(load.dailyLoadFactor.value), dailyOverDays: load?.dailyLoadFactor.days ?? 0, meanPowerKw: load ? round(load.mean) : null, formula: 'mean P / Pmax' },
    peakValley: { unit: 'kW', difference: load ? exactText(load.peakValley.difference) : null, ratio: load?.peakValley.ratio == null ? null : round(load.peakValley.ratio), minimum: load ? exactText(load.minimum.power) : null, formula: 'Pmax - Pmin; (Pmax - Pmin) / Pmax' },
    baseLoad: { unit: 'kW', value: load ? round(load.baseLoad.power) : null, share: load?.baseLoad.share == null ? null : round(load.baseLoad.share), formula: '5th percentile of 15-minute power; base x hours / energy' },
    completeness: { expected, present, recollected: input.recollected, share: share === null ? null : round(share), provisionalBelow: PROVISIONAL_BELOW, amountsWithheldBelow: WITHHELD_BELOW, formula: 'present / expected curve slots since installation' },
    tariff: tariff ? { id: tariff.id, document: tariff.document, source: TARIFF_SOURCE, ...(tariff.note === undefined ? {} : { note: tariff.note }) } : null,
    findings: findingsOf({ share, load, registers, backwardsIntervals: curve.backwards, energy, intervalCheck, conflicts: input.conflicts, tariff }),
    data: {
      curveRegisters: input.curve.length,
      estimatedCurveRegisters: input.curve.filter(({ estimated }) => estimated).length,
      midnightRegisters: input.midnights.length,
      midnightsExpected: midnightsExpected(from, Math.min(end, input.now), offset),
      conflicts: input.conflicts,
      latestReceivedAt: input.latestReceivedAt === null ? null : iso(input.latestReceivedAt),
    },
  }
}

/** Energy of the year before the registers' span. */
function usedBefore(input: AuditInput, registers: RegisterResult, ratio: Exact): Exact | undefined {
  if (registers.kind !== 'energy' || input.yearBegin === undefined) return undefined
  const first = input.midnights.find(({ time }) => time === registers.from)?.values.get(1)
  return first === undefined || first < input.yearBegin ? undefined : times(first - input.yearBegin, ratio)
}

/** |sum of intervals - (R2 - R1) x ratio| against max(0.5 %, one register digit x ratio) (analytics §1), where no interval is missing. */
function checkSum(registers: RegisterResult, intervals: readonly Interval[], ratio: Exact): { difference: Exact; tolerance: Exact } | undefined {
  if (registers.kind !== 'energy') return undefined
  const inside = intervals.filter(({ from }) => from >= registers.from && from < registers.to)
  if (inside.length !== (registers.to - registers.from) / INTERVAL_MS) return undefined
  const gap = energyOf(inside) - registers.total
  const [share, digit] = [registers.total / 200n, times(exact('0.01'), ratio)]
  return { difference: rounded(gap < 0n ? -gap : gap, 6), tolerance: share > digit ? share : digit }
}

/** Local midnights from `from` to `to`, both included. */
function midnightsExpected(from: number, to: number, offset: number): number {
  let count = 0
  const day = localDay(from, offset)
  for (let at = dayStart(day, offset) < from ? addDays(day, 1) : day; dayStart(at, offset) <= to; at = addDays(at, 1)) count++
  return count
}
