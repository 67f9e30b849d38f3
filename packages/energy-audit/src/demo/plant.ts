import { DAY_MS, addDays, dayStart, nextMonth, seededWords } from '@zhuzhan/core'
import { INTERVAL_MS } from '../curve.js'
import type { CurvePoint } from '../curve.js'
import type { Exact } from '../exact.js'
import { exact } from '../exact.js'
import type { DayRegisters } from '../registers.js'
import type { Sample } from '../samples.js'
import type { SiteInput, SiteMeter } from '../site/input.js'
import { readSettings } from '../site/settings.js'
import { periodAt } from '../tariff.js'
import { TARIFFS } from '../tariff-data.js'

/**
 * A made-up machine shop in two shifts, so that a newcomer sees a whole audit: one main meter with five sub-meters behind it. Its
 * readings, its prices and its name plate are invented; the same month gives the same plant.
 */
export function demoPlant(month: string, language: 'zh' | 'en' = 'zh', now?: number): SiteInput {
  const offsetMinutes = 480
  const begin = dayStart(`${month}-01`, offsetMinutes)
  const end = dayStart(`${nextMonth(month)}-01`, offsetMinutes)
  const slots = (end - begin) / INTERVAL_MS
  const draw = fractions(Number(month.replace('-', '')))
  const name = (zh: string, en: string): string => (language === 'zh' ? zh : en)
  const subs = WORKSHOPS.map((shop) => Array.from({ length: slots }, (_, slot) => {
    const day = new Date(begin + offsetMinutes * 60_000 + Math.floor(slot / 96) * DAY_MS).getUTCDay()
    return Math.max(0, Math.round(shop.kw(slot % 96, day, Math.floor(slot / 96)) * (0.93 + 0.14 * draw()) * 25))
  }))
  // Hundredths of a kWh each quarter hour; what no sub-meter counts is a tenth of the light and the losses in between.
  const main = Array.from({ length: slots }, (_, slot) => subs.reduce((total, used) => total + (used[slot] as number), 0) + Math.round(150 + 30 * draw()))
  const ids = WORKSHOPS.map((_, at) => `00000099000${at + 2}`)
  const meter = (address: string, of: SiteMeterParts): SiteMeter => ({
    address, ctRatio: '1.0000', ptRatio: '1.0000', tariff: 'ZJ-CI-2026', installedAt: begin - 90 * DAY_MS, curve: [], recollected: 0, midnights: [], reactive: [], reverse: [], samples: [],
    yearBegin: undefined, demandRegister: undefined, conflicts: 0, latestReceivedAt: end + 60_000, ...of,
  })
  const mainMeter = meter('000000990001', {
    name: name('总进线', 'Main supply'), role: 'main', parent: null, ctRatio: '100.0000', samples: samplesOf(begin, main, draw), recollected: 41,
    ...registersOf(begin, main, 100, month, true), reactive: reactiveOf(begin, main, 100),
    demandRegister: highest(begin, main),
  })
  const lost = (slot: number): boolean => slot >= 1_130 && slot < 1_138
  return {
    level: 'plant', month, offsetMinutes, now: now ?? end + 3 * DAY_MS,
    site: { id: 'demo-plant', name: name('示范机械厂（虚构）', 'Demo machine works (made up)') },
    settings: readSettings({
      contract: { use: 'industry', shifts: 'two', capacityKva: '1000', charging: 'capacity', capacityPriceCnyPerKva: '30', demandPriceCnyPerKw: '48', powerFactorStandard: '0.90' },
      tariff: 'ZJ-CI-2026', flatPriceCnyPerKwh: '0.65',
      transformer: { ratedKva: '1000', noLoadLossKw: '1.7', loadLossKw: '10.3', replacement: { ratedKva: '1000', noLoadLossKw: '0.7', loadLossKw: '8.1' } },
      supply: { phases: 3, nominalVolts: 220 }, intensity: { product: { quantity: '6200', unit: name('件', 'piece') }, areaM2: '7800', persons: '96' },
      management: name('由设备科负责能源管理，每周抄表分析；能源计量器具按分项配置。', 'The equipment department is in charge of energy and looks at the meters every week; meters are installed by use.'),
      verifications: [{ measure: name('空压机房堵漏（示例）', 'Leaks of the compressed air closed (example)'), baselineFrom: `${month}-01`, baselineTo: `${month}-17`, from: `${month}-17`, to: `${nextMonth(month)}-01` }],
    }),
    meters: [
      mainMeter,
      ...WORKSHOPS.map((shop, at) => meter(ids[at] as string, {
        name: name(shop.zh, shop.en), role: 'sub', parent: '000000990001', ctRatio: '20.0000', ...registersOf(begin, subs[at] as number[], 20, month, false, at === 3 ? lost : undefined),
      })),
    ],
    past: pastMonths(month, main),
    days: Array.from({ length: slots / 96 }, (_, day) => ({ day: addDays(`${month}-01`, day), energy: inHundredths(main.slice(day * 96, day * 96 + 96).reduce((a, b) => a + b, 0)) })),
  }
}

type SiteMeterParts = Partial<SiteMeter> & Pick<SiteMeter, 'name' | 'role' | 'parent'>

/** kW at a quarter hour of a day of the week (0 is Sunday), and of which day of the month from 0. */
interface Workshop { zh: string; en: string; kw(slot: number, day: number, ofMonth: number): number }
const shift = (slot: number): number => (slot >= 32 && slot < 46 ? 1 : slot >= 46 && slot < 50 ? 0.35 : slot >= 50 && slot < 68 ? 0.95 : slot >= 68 && slot < 88 ? 0.6 : 0)
const works = (day: number): number => (day === 0 ? 0.08 : day === 6 ? 0.55 : 1)
const WORKSHOPS: readonly Workshop[] = [
  { zh: '冲压车间', en: 'Press shop', kw: (slot, day) => 4 + 96 * shift(slot) * works(day) },
  { zh: '机加工车间', en: 'Machining', kw: (slot, day) => 6 + 74 * shift(slot) * works(day) },
  // It runs at night too, against leaks; some are closed on the seventeenth.
  { zh: '空压站', en: 'Compressed air', kw: (slot, day, ofMonth) => (ofMonth < 16 ? 29 : 18) + 34 * shift(slot) * works(day) },
  { zh: '热处理', en: 'Heat treatment', kw: (slot, day) => 12 + (slot >= 60 && slot < 92 && day !== 0 ? 58 : 0) },
  { zh: '办公与照明', en: 'Offices and lighting', kw: (slot, day) => 5 + (slot >= 30 && slot < 90 ? 19 * (day === 0 || day === 6 ? 0.3 : 1) : 0) },
]

/** Energies before ratios are counted in hundredths of a kWh of the primary side. */
const inHundredths = (count: number): Exact => exact((count / 100).toFixed(2))
/** A register behind a transformer: primary hundredths by the ratio, in ten-thousandths. */
const behindRatio = (count: number, ratio: number): Exact => exact((count / 100 / ratio).toFixed(8))

function registersOf(begin: number, used: readonly number[], ratio: number, month: string, withTariffs: boolean, lost?: (slot: number) => boolean): Pick<SiteMeter, 'curve' | 'midnights'> {
  const tariff = TARIFFS.find(({ id }) => id === 'ZJ-CI-2026')
  const periods = ['sharp', 'peak', 'flat', 'valley', 'deep'] as const
  const counts = periods.map(() => 0)
  let total = 1_000_000
  const curve: CurvePoint[] = [{ time: begin, value: behindRatio(total, ratio), estimated: false }]
  const registers = (time: number): DayRegisters => ({ time, values: new Map([total, ...(withTariffs ? counts : [])].map((count, at) => [at + 1, behindRatio(count, ratio)])) })
  const midnights = [registers(begin)]
  used.forEach((count, slot) => {
    total += count
    const at = periods.indexOf(periodAt(tariff, Number(month.slice(5)), (slot % 96) * 15))
    counts[at] = (counts[at] ?? 0) + count
    const time = begin + (slot + 1) * INTERVAL_MS
    if (!lost?.(slot + 1)) curve.push({ time, value: behindRatio(total, ratio), estimated: false })
    if ((slot + 1) % 96 === 0) midnights.push(registers(time))
  })
  return { curve, midnights }
}

/** tan phi about 0.62 in the shifts and 0.8 at night: a power factor of some 0.85. */
function reactiveOf(begin: number, used: readonly number[], ratio: number): SiteMeter['reactive'] {
  let kvarh = 400_000
  const found = [{ time: begin, value: behindRatio(kvarh, ratio) }]
  used.forEach((count, slot) => {
    kvarh += Math.round(count * tangentAt(slot % 96))
    if ((slot + 1) % 96 === 0) found.push({ time: begin + (slot + 1) * INTERVAL_MS, value: behindRatio(kvarh, ratio) })
  })
  return found
}

const tangentAt = (slot: number): number => (shift(slot) > 0.3 ? 0.59 : 0.74)

function samplesOf(begin: number, used: readonly number[], draw: () => number): Sample[] {
  return used.map((count, slot) => {
    const kw = count / 25
    const tangent = tangentAt(slot % 96)
    const factor = Math.round(1_000 / Math.sqrt(1 + tangent ** 2)) / 1_000
    const amps = kw / (3 * 0.228 * factor) / 100
    const night = slot % 96 < 24 ? 5.5 : 0
    const volts = [0, 1.1, -0.8].map((shiftVolts) => Number((229.5 + night + shiftVolts - kw / 60 + 2 * draw()).toFixed(1)))
    return { time: begin + slot * INTERVAL_MS, volts, amps: [1.24, 0.93, 0.83].map((share) => Number((amps * share).toFixed(3))), powerFactor: exact(factor.toFixed(3)) }
  })
}

function highest(begin: number, used: readonly number[]): SiteMeter['demandRegister'] {
  const at = used.reduce((best, count, slot) => (count > (used[best] as number) ? slot : best), 0)
  return { value: exact(((used[at] as number) / 25 / 100).toFixed(4)), occurredAt: begin + (at + 1) * INTERVAL_MS }
}

function pastMonths(month: string, main: readonly number[]): SiteInput['past'] {
  const [year = 0, number = 0] = month.split('-').map(Number)
  const total = main.reduce((a, b) => a + b, 0)
  const text = (months: number): string => new Date(Date.UTC(year, number - 1 - months, 1)).toISOString().slice(0, 7)
  return [[12, 0.942], [1, 1.037]].map(([months = 0, factor = 1]) => ({ month: text(months), energy: inHundredths(Math.round(total * factor)), peakValley: months === 1 ? exact('251.4') : undefined }))
}

function fractions(seed: number): () => number {
  const words = seededWords(seed)
  return () => words() / 0x1_0000_0000
}
