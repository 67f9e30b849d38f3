import { PERIODS } from '../tariff.js'
import type { Period } from '../tariff.js'
import type { DayType } from '../day-types.js'
import type { SiteAudit } from '../site/site-audit.js'
import { decimal } from './format.js'
import type { Block, Chart, Language } from './model.js'
import { createWords } from './words.js'

const PERIOD_COLORS: Record<Period, string> = { sharp: '#b42318', peak: '#e8863a', flat: '#3f7fbf', valley: '#4fa678', deep: '#2b6a5b' }
const DAY_COLORS: Record<DayType, string> = { workday: '#1f5fa8', weekend: '#e8863a', holiday: '#b42318' }
const BLUE = '#1f5fa8'
const MOST_METERS = 12

const block = (chart: Chart): Block[] => [{ kind: 'chart', chart }]

export function dailyChart({ charts }: SiteAudit, language: Language): Chart {
  const word = createWords(language)
  const used = PERIODS.filter((period) => charts.daily.some((day) => period in day))
  return {
    kind: 'stack', title: word('daily'), unit: 'kWh', categories: charts.daily.map(({ day }) => day.slice(8)),
    series: used.map((period) => ({ name: word(period), color: PERIOD_COLORS[period], values: charts.daily.map((day) => Number((day as unknown as Record<string, number>)[period] ?? 0)) })),
  }
}

export function profileChart({ charts }: SiteAudit, language: Language): Block[] {
  const word = createWords(language)
  if (charts.profiles.length === 0) return []
  const names = charts.profiles.map(({ type, days, kw }) => ({ name: `${word(type)} (${days})`, color: DAY_COLORS[type], values: kw }))
  return block({ kind: 'lines', title: word('profiles'), unit: 'kW', categories: Array.from({ length: 96 }, (_, slot) => `${String(Math.floor(slot / 4)).padStart(2, '0')}:${String((slot % 4) * 15).padStart(2, '0')}`), series: names })
}

export function durationChart({ charts, contract }: SiteAudit, language: Language): Block[] {
  const word = createWords(language)
  if (charts.duration.length < 2) return []
  const limit = contract.declaredDemandKw ?? contract.capacityKva
  return block({
    kind: 'area', title: `${word('duration')} (${word('ofTime')})`, unit: 'kW', categories: charts.duration.map((_, at) => `${Math.round((at * 100) / (charts.duration.length - 1))} %`),
    series: [{ name: 'kW', color: BLUE, values: charts.duration }],
    ...(limit !== null && { mark: { value: Number(limit), label: contract.declaredDemandKw === null ? `${word('capacity')} ${decimal(limit, 0)} kVA` : `${word('declared')} ${decimal(limit, 0)} kW` } }),
  })
}

export function monthsChart({ charts }: SiteAudit, language: Language): Block[] {
  if (charts.months.length < 2) return []
  return block({ kind: 'bars', title: createWords(language)('months'), unit: 'kWh', categories: charts.months.map(({ month }) => month), series: [{ name: 'kWh', color: BLUE, values: charts.months.map(({ kwh }) => kwh) }] })
}

export function subMeterChart({ meters }: SiteAudit, language: Language): Block[] {
  const behind = meters.filter(({ role, kwh }) => role !== 'main' && kwh !== null).sort((a, b) => Number(b.kwh) - Number(a.kwh)).slice(0, MOST_METERS)
  if (behind.length < 2) return []
  return block({ kind: 'bars', title: createWords(language)('subShares'), unit: 'kWh', categories: behind.map(({ name, address }) => name ?? address), series: [{ name: 'kWh', color: BLUE, values: behind.map(({ kwh }) => Number(kwh)) }] })
}
