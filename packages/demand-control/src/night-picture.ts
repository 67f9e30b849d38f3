import { limitAt } from '@zhuzhan/energy-models'
import type { ChargingCase } from '@zhuzhan/energy-models'

const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [960, 420, 56, 28, 16, 40]

/**
 * A night as a picture that needs nothing else: base load, charging on top of it, what the piles were set to, the limit, cheap slots and outages.
 * @param powers in order of time; `at` in slots, kW
 * @param outages in slots
 */
export function nightPicture(night: ChargingCase, powers: readonly { at: number; setPointsKw: number; powerKw: number }[], outages: readonly { from: number; to: number }[]): string {
  const limits = night.base_kw.map((_, slot) => limitAt(night, slot))
  const base = (at: number): number => night.base_kw[Math.min(night.slots - 1, Math.floor(at))] as number
  const most = Math.max(...limits, ...powers.map(({ at, setPointsKw }) => base(at) + setPointsKw)) * 1.05
  const x = (slot: number): string => (LEFT + (slot / night.slots) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const y = (kw: number): string => (HEIGHT - BOTTOM - (kw / most) * (HEIGHT - TOP - BOTTOM)).toFixed(1)
  /** Steps: each value holds until the next. */
  const steps = (points: readonly { at: number; kw: number }[]): string =>
    points.map(({ at, kw }, index) => `${x(at)},${y(kw)} ${x(points[index + 1]?.at ?? night.slots)},${y(kw)}`).join(' ')
  const changes = (kwOf: (one: (typeof powers)[number]) => number): { at: number; kw: number }[] => {
    const all = powers.map((one) => ({ at: one.at, kw: kwOf(one) }))
    return all.filter(({ kw }, index) => index === 0 || kw !== all[index - 1]?.kw)
  }
  const area = (points: readonly { at: number; kw: number }[], fill: string): string => `<polygon points="${x(0)},${y(0)} ${steps(points)} ${x(night.slots)},${y(0)}" fill="${fill}"/>`
  const band = (from: number, to: number, fill: string): string => `<rect x="${x(from)}" y="${TOP}" width="${(Number(x(to)) - Number(x(from))).toFixed(1)}" height="${HEIGHT - TOP - BOTTOM}" fill="${fill}"/>`
  const cheapest = Math.min(...night.price_cny_per_kwh)
  const every = Math.max(1, Math.round(night.slots / 12))
  const tick = 10 ** Math.floor(Math.log10(most / 2))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...night.price_cny_per_kwh.flatMap((price, slot) => (price === cheapest ? [band(slot, slot + 1, '#eef7ee')] : [])),
    ...outages.map(({ from, to }) => band(from, Math.min(to, night.slots), '#f6d5d5')),
    area(changes(({ at, powerKw }) => base(at) + powerKw), '#5b9bd5'),
    area(night.base_kw.map((kw, at) => ({ at, kw })), '#b8b8b8'),
    `<polyline points="${steps(changes(({ at, setPointsKw }) => base(at) + setPointsKw))}" fill="none" stroke="#1f3864"/>`,
    `<polyline points="${steps(limits.map((kw, at) => ({ at, kw })))}" fill="none" stroke="#c00000" stroke-width="2"/>`,
    ...Array.from({ length: Math.floor(most / tick) + 1 }, (_, index) => `<text x="${LEFT - 6}" y="${y(index * tick)}" text-anchor="end">${index * tick}</text>`),
    ...Array.from({ length: Math.floor(night.slots / every) + 1 }, (_, index) => `<text x="${x(index * every)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${index * every}</text>`),
    `<text x="${LEFT}" y="16">kW by slot: grey base load, blue charging, dark line set-points, red limit; green cheapest price${outages.length > 0 ? ', pink gateway dead' : ''}</text>`,
    '</svg>', '',
  ].join('\n')
}
