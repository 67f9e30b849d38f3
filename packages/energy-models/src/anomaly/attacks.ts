/** What tampering makes of true use, and what honest life does: for training and for tests. By formula only. */
type Random = () => number
type Change = (use: Float64Array, perDay: number, random: Random) => Float64Array

const between = (random: Random, from: number, to: number): number => from + random() * (to - from)
const perDayOf = <T>(use: Float64Array, perDay: number, value: (day: number) => T): T[] => Array.from({ length: Math.ceil(use.length / perDay) }, (_, day) => value(day))
const average = (use: Float64Array): number => {
  const known = use.filter(Number.isFinite)
  return known.reduce((a, b) => a + b, 0) / Math.max(1, known.length)
}

/** The six of Punmiya and Choe: factor, gaps, factor by slot, factor of the mean, the mean, the day reversed. */
export const TEXTBOOK: readonly Change[] = [
  (use, _perDay, random) => { const factor = between(random, 0.1, 0.8); return use.map((value) => value * factor) },
  (use, perDay, random) => {
    const windows = perDayOf(use, perDay, () => { const from = random() * 0.7; return [from, Math.min(1, from + between(random, 4, 20) / 24)] as const })
    return use.map((value, time) => { const [from, to] = windows[Math.floor(time / perDay)]!; const at = (time % perDay) / perDay; return at >= from && at < to ? 0 : value })
  },
  (use, _perDay, random) => use.map((value) => value * between(random, 0.1, 0.8)),
  (use, _perDay, random) => { const level = average(use); return use.map(() => level * between(random, 0.1, 0.8)) },
  (use) => { const level = average(use); return use.map(() => level) },
  (use, perDay) => use.map((_, time) => use[Math.floor(time / perDay) * perDay + (perDay - 1 - (time % perDay))] ?? NaN),
]

/** Milder: a small factor, an evening, some days, a slow fall, a cap, a steady part. */
export const MILD: readonly Change[] = [
  (use, _perDay, random) => { const factor = between(random, 0.65, 0.9); return use.map((value) => value * factor) },
  (use, perDay, random) => {
    const [factor, from, to] = [between(random, 0.15, 0.6), between(random, 16, 18.5), between(random, 21, 24)]
    return use.map((value, time) => { const hour = ((time % perDay) * 24) / perDay; return hour >= from && hour < to ? value * factor : value })
  },
  (use, perDay, random) => {
    const [factor, share] = [between(random, 0.3, 0.65), between(random, 0.3, 0.7)]
    const on = perDayOf(use, perDay, () => random() < share)
    return use.map((value, time) => (on[Math.floor(time / perDay)] ? value * factor : value))
  },
  (use, perDay, random) => { const [end, days] = [between(random, 0.45, 0.8), between(random, 20, 45)]; return use.map((value, time) => value * Math.max(end, 1 - ((1 - end) * time) / perDay / days)) },
  (use, _perDay, random) => { const sorted = use.filter(Number.isFinite).sort(); const cap = sorted[Math.floor(between(random, 0.6, 0.9) * sorted.length)] ?? Infinity; return use.map((value) => Math.min(value, cap)) },
  (use, _perDay, random) => { const part = average(use) * between(random, 0.15, 0.45); return use.map((value) => Math.max(0, value - part)) },
]

/** Honest changes: less of everything, a holiday, panels on the roof, a vehicle at night, a new appliance, less heating, more of everything, another life. */
export const HONEST: readonly Change[] = [
  (use, _perDay, random) => { const factor = between(random, 0.88, 0.99); return use.map((value) => value * factor) },
  (use, perDay, random) => {
    const sorted = use.filter(Number.isFinite).sort()
    const [level, from] = [sorted[Math.floor(0.15 * sorted.length)] ?? 0, Math.floor(between(random, 0, 20))]
    const to = from + Math.floor(between(random, 4, 15))
    return use.map((value, time) => { const day = Math.floor(time / perDay); return day >= from && day < to ? Math.min(value, level * between(random, 0.8, 1.4)) : value })
  },
  (use, perDay, random) => {
    const sky = perDayOf(use, perDay, () => between(random, 0.2, 1))
    const size = average(use) * between(random, 0.5, 2.5)
    const [from, to] = [between(random, 7.5, 9.5), between(random, 15.5, 18)]
    return use.map((value, time) => { const hour = ((time % perDay) * 24) / perDay; const sun = hour > from && hour < to ? Math.sin((Math.PI * (hour - from)) / (to - from)) : 0; return Math.max(0, value - size * sun * sky[Math.floor(time / perDay)]!) })
  },
  (use, perDay, random) => {
    const [from, length, size, share] = [between(random, 20, 23), between(random, 2, 5), average(use) * between(random, 1.5, 6), between(random, 0.3, 0.9)]
    const on = perDayOf(use, perDay, () => random() < share)
    return use.map((value, time) => { const hour = ((time % perDay) * 24) / perDay; return on[Math.floor(time / perDay)] && (hour - from + 24) % 24 < length ? value + size : value })
  },
  (use, perDay, random) => { const [hourOf, size] = [between(random, 6, 22), average(use) * between(random, 0.5, 2)]; return use.map((value, time) => (Math.abs(((time % perDay) * 24) / perDay - hourOf) < 1 ? value + size : value)) },
  (use, perDay, random) => { const [from, to, factor] = [between(random, 8, 10), between(random, 15, 18), between(random, 0.4, 0.8)]; return use.map((value, time) => { const hour = ((time % perDay) * 24) / perDay; return hour >= from && hour < to ? value * factor : value }) },
  (use, _perDay, random) => { const factor = between(random, 1.03, 1.4); return use.map((value) => value * factor) },
  livesOtherwise, livesOtherwise, livesOtherwise,
]

/**
 * Somebody moves in or out, works elsewhere, a freezer goes or comes, the days grow longer: the floor and what is used over it change by
 * themselves, at once or slowly, and no two days by the same share.
 */
function livesOtherwise(use: Float64Array, perDay: number, random: Random): Float64Array {
  const sorted = use.filter(Number.isFinite).sort()
  const floor = sorted[Math.floor(0.12 * sorted.length)] ?? 0
  const days = Math.ceil(use.length / perDay)
  const active = random() < 0.75 ? between(random, 0.5, 1.4) : 1
  const standing = random() < 0.5 ? between(random, 0.4, 1.5) : 1
  const [slow, own] = [random() < 0.5, Math.floor(random() * 0.5 * days)]
  const share = perDayOf(use, perDay, (day) => (slow ? (day + 1) / days : day < own ? 0 : 1))
  const mood = perDayOf(use, perDay, () => Math.exp(between(random, -0.25, 0.25)))
  return use.map((value, time) => {
    const day = Math.floor(time / perDay)
    const [base, over] = [Math.min(value, floor), Math.max(0, value - floor)]
    return base * (1 + (standing - 1) * share[day]!) + over * (1 + (active * mood[day]! - 1) * share[day]!)
  })
}

/** A change from a day on; to 0.1 of the unit, as meters show Wh. */
export function changedFrom(use: Float64Array, day: number, perDay: number, change: Change, random: Random): Float64Array {
  const changed = change(use.slice(day * perDay), perDay, random)
  return use.map((value, time) => (time < day * perDay ? value : Math.round(changed[time - day * perDay]! * 10) / 10))
}
