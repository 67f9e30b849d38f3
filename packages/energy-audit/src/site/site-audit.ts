import { offsetText } from '@zhuzhan/core'
import { exactText, rounded, toNumber } from '../exact.js'
import type { Exact } from '../exact.js'
import { PROVISIONAL_BELOW, WITHHELD_BELOW, round } from '../findings.js'
import { numbersOf } from '../curve.js'
import { PERIODS, dayTable } from '../tariff.js'
import type { Period } from '../tariff.js'
import { findingsOfSite, measuresOf } from './findings-and-measures.js'
import type { SiteInput } from './input.js'
import { notesOf } from './notes.js'
import { judgeRows, totalOf } from './rows.js'
import type { Numbers, Row } from './rows.js'
import { siteFigures } from './site-figures.js'
import type { SiteFigures } from './site-figures.js'
import { verifiedSavings } from './verified.js'

/** Changes with every change of a formula, so that an old audit tells how it was computed. */
export const SITE_FORMULAS = 'energy-audit/3'

/** The audit of a customer, an area or a plant over one month, ready for JSON: energies and money are decimal texts. Pure. */
export function siteAudit(input: SiteInput) {
  const found = siteFigures(input)
  const { frame, completeness } = found
  const monthOver = input.now >= frame.end
  const withheld = completeness !== null && completeness < WITHHELD_BELOW
  const provisional = completeness === null || completeness < PROVISIONAL_BELOW || !monthOver
  const judged = judgeRows(found)
  const findings = findingsOfSite(judged, found)
  const measures = measuresOf(findings, judged, found, provisional)
  const total = (per: 'month' | 'year'): Exact => totalOf(measures.filter((one) => one.per === per).map(({ cny }) => cny))
  const rows: Row[] = [...judged, { key: 'measures', grade: 'none', code: measures.length === 0 ? 'NO_MEASURES' : total('year') === 0n ? 'MEASURES_MONTH' : 'MEASURES', numbers: { count: measures.length, monthCny: total('month'), yearCny: total('year') } }]
  const money = (value: Exact | undefined): string | null => (withheld || value === undefined ? null : exactText(value))
  return {
    formulas: SITE_FORMULAS,
    level: input.level,
    site: input.site,
    period: { month: input.month, from: frame.iso(frame.begin), to: frame.iso(frame.end), utcOffset: offsetText(input.offsetMinutes), monthOver },
    status: { provisional, withheld, completeShare: completeness === null ? null : round(completeness), expected: found.expected, present: found.present, estimated: found.estimated },
    contract: contractOf(input),
    management: input.settings.management ?? null,
    rows: rows.map((row) => ({ ...row, numbers: plain(row.numbers, withheld) })),
    energy: { kwh: found.energy === undefined ? null : exactText(found.energy), basis: found.basis, periodBasis: found.periodBasis },
    periods: [...found.periods].map(([period, kwh]) => ({
      period, kwh: exactText(kwh), share: found.energy ? round(toNumber(kwh) / toNumber(found.energy)) : null,
      priceCnyPerKwh: found.prices?.has(period) ? exactText(found.prices.get(period) as Exact) : null, cny: money(found.cost.byPeriod.get(period)),
    })),
    bill: found.bill && !withheld
      ? { energyCny: exactText(found.bill.energyCharge), basicCny: money(found.bill.basicCharge), adjustmentCny: money(found.bill.adjustment), totalCny: exactText(found.bill.total), meanPriceCnyPerKwh: found.meanPrice === undefined ? null : exactText(rounded(found.meanPrice, 4)) }
      : null,
    twoPart: found.twoPart && !withheld ? { capacityFeeCny: exactText(found.twoPart.capacityFee), demandFeeCny: exactText(found.twoPart.demandFee), cheaper: found.twoPart.cheaper, differenceCny: exactText(found.twoPart.difference) } : null,
    findings: findings.map(({ kwh, cny, numbers, ...rest }) => ({ ...rest, kwh: withheld ? null : textOr(kwh), cny: money(cny), numbers: plain(numbers, withheld) })),
    measures: measures.map(({ kwh, cny, numbers, ...rest }) => ({ ...rest, kwh: withheld ? null : textOr(kwh), cny: money(cny), numbers: plain(numbers, withheld) })),
    verified: verifiedSavings(found).map(({ cvRmseShare, adjustedKwh, measuredKwh, savingKwh, savingCny, ...rest }) => ({
      ...rest, cvRmseShare: cvRmseShare === undefined ? null : round(cvRmseShare), adjustedKwh: textOr(adjustedKwh), measuredKwh: textOr(measuredKwh), savingKwh: textOr(savingKwh), savingCny: money(savingCny),
    })),
    meters: found.meters.map(({ meter, ratio, energy, basis, expected, present }) => ({
      address: meter.address, name: meter.name, role: meter.role, parent: meter.parent, ratio: exactText(ratio), kwh: textOr(energy), basis,
      share: energy === undefined || !found.energy ? null : round(toNumber(energy) / toNumber(found.energy)), completeShare: expected === 0 ? null : round(present / expected),
    })),
    charts: chartsOf(found),
    notes: notesOf(found, measures.length > 0).map(({ code, numbers }) => ({ code, numbers: plain(numbers, false) })),
    tariff: found.tariff ? { id: found.tariff.id, document: found.tariff.document, note: found.tariff.note ?? null } : null,
    data: { recollected: sumOf(found, 'recollected'), conflicts: sumOf(found, 'conflicts'), latestReceivedAt: latest(found) },
  }
}
export type SiteAudit = ReturnType<typeof siteAudit>

const textOr = (value: Exact | undefined): string | null => (value === undefined ? null : exactText(value))

function contractOf({ settings: { contract, supply, transformer } }: SiteInput) {
  return {
    use: contract.use, charging: contract.charging, phases: supply.phases, nominalVolts: supply.nominalVolts, powerFactorStandard: contract.powerFactorStandard ?? null, shifts: contract.shifts ?? null,
    capacityKva: textOr(contract.capacityKva), declaredDemandKw: textOr(contract.declaredDemandKw), transformerKva: textOr(transformer?.ratedKva),
  }
}

/** Names that end with Cny are money and go when amounts are withheld; ratios are rounded as people read them. */
function plain(numbers: Numbers, withheld: boolean): Record<string, string | number | null> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name,
    withheld && name.endsWith('Cny') ? null : typeof value === 'bigint' ? exactText(value) : typeof value === 'number' ? round(value) : value,
  ]))
}

/** To four decimals, in a tenth of the time that exact rounding takes. */
const drawn = (value: number): number => Math.round(value * 10_000) / 10_000

/** Numbers for drawing only; no amount is computed from them. */
function chartsOf({ intervals, frame, tariff, dayTypes, input, energy, load }: SiteFigures) {
  const daily = new Float64Array(frame.days * PERIODS.length)
  const [ofDay, ofHoliday] = [false, true].map((holiday) => dayTable(tariff, frame.monthNumber, holiday)) as [Uint8Array, Uint8Array]
  const [used, { day, slot }] = [numbersOf(intervals), frame.daysOf(intervals.from)]
  for (let n = 0; n < used.length; n += 1) {
    const date = day[n] as number
    const at = date * PERIODS.length + ((frame.isFree[date] === true ? ofHoliday : ofDay)[slot[n] as number] as number)
    daily[at] = (daily[at] as number) + (used[n] as number)
  }
  const drawnDay = (date: string, number: number): { day: string } & Partial<Record<Period, number>> => {
    const row: { day: string } & Partial<Record<Period, number>> = { day: date }
    PERIODS.forEach((period, place) => {
      const kwh = daily[number * PERIODS.length + place] as number
      if (kwh > 0) row[period] = drawn(kwh)
    })
    return row
  }
  const powers = load?.sorted ?? new Float64Array(0)
  const points = Math.min(powers.length, 101)
  return {
    daily: frame.dates.map(drawnDay),
    profiles: dayTypes.types.map(({ type, days, meanEnergy, profile }) => ({ type, days, meanKwh: drawn(meanEnergy), kw: profile.map(drawn) })),
    duration: Array.from({ length: points }, (_, at) => drawn(powers[powers.length - 1 - Math.round((at * (powers.length - 1)) / Math.max(points - 1, 1))] ?? 0)),
    maximumKw: load ? round(toNumber(load.maximum.power)) : null,
    months: [...input.past.map(({ month, energy: kwh }) => ({ month, kwh: round(toNumber(kwh)) })), ...(energy === undefined ? [] : [{ month: input.month, kwh: round(toNumber(energy)) }])].sort((a, b) => (a.month < b.month ? -1 : 1)),
  }
}

const sumOf = ({ meters }: SiteFigures, what: 'recollected' | 'conflicts'): number => meters.reduce((total, { meter }) => total + meter[what], 0)

function latest({ meters, frame }: SiteFigures): string | null {
  const times = meters.flatMap(({ meter }) => meter.latestReceivedAt ?? [])
  return times.length === 0 ? null : frame.iso(Math.max(...times))
}
