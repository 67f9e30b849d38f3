/** What of an appliance decides on its holds. Powers kW, times ms. */
export interface Appliance {
  name: string
  ratedKw: number
  /** The least it may be held to. */
  leastKw: number
  longestHoldMs: number
  dayHoldMs: number
  /** After a hold it is not held for so long, and may draw its rated power to make up for it. */
  recoveryMs: number
}

/** How an appliance stands when a slot begins. */
export interface HoldBook {
  /** What it draws when nobody holds it; undefined while nobody read it. */
  drawsKw: number | undefined
  /** Length of the hold that it is in; 0 when it is in none. */
  heldMs: number
  todayMs: number
  /** Until it may be held again. */
  restMs: number
  /** It was held in this run: what it draws now says nothing about what it would. */
  held?: boolean
}

export interface HoldRequest {
  slotMs: number
  /** By slot: what all of them together must draw less than they would. Negative: so much more there is room for, while some make up for their holds. */
  lessKw: readonly number[]
  /** How much longer a hold may be than its slots: ramps before it and after it. */
  slackMs: number
  appliances: readonly Appliance[]
  books: ReadonlyMap<string, HoldBook>
  /** Those that did not follow: they are not asked again. */
  unable?: ReadonlySet<string>
}

export interface HoldPlan {
  /** By appliance and slot: what it is held to, or its rated power. */
  kw: ReadonlyMap<string, readonly number[]>
  /** By slot: what they draw less than they would; with those that make up counted against it. */
  reachedKw: readonly number[]
  /** By slot: why that is not what was asked. */
  short: readonly (string | undefined)[]
  /** How they stand after the first slot. */
  after: ReadonlyMap<string, HoldBook>
}

const UNKNOWN: HoldBook = { drawsKw: undefined, heldMs: 0, todayMs: 0, restMs: 0 }
const EPSILON_KW = 1e-6
const wholeWatts = (kw: number): number => Math.floor(kw * 1_000 + 1e-6) / 1_000

/**
 * Which appliances are held in which slot, slot by slot (greedy, no look-ahead). Who is held stays so while it may, since letting it go costs its
 * recovery; then who was held least of what its day allows, then who brings most. The last one is held only as far as it is needed. Who recovers
 * counts with rated power in place of what it draws; so who would be missed only for what he would make up is held at what he draws.
 */
export function planHolds({ slotMs, lessKw, slackMs, appliances, books, unable = new Set() }: HoldRequest): HoldPlan {
  const kw = new Map(appliances.map(({ name }) => [name, [] as number[]]))
  const [reachedKw, short]: [number[], (string | undefined)[]] = [[], []]
  let standing = new Map(appliances.map(({ name }) => [name, books.get(name) ?? UNKNOWN]))
  let after = standing
  lessKw.forEach((asked, slot) => {
    const book = (one: Appliance): HoldBook => standing.get(one.name) ?? UNKNOWN
    const hindered = new Map(appliances.map((one) => [one.name, whyNot(one, book(one), { slotMs, slackMs, unable })]))
    const able = appliances.filter(({ name }) => hindered.get(name) === undefined).sort((a, b) => before(a, book(a)) - before(b, book(b)) || shed(b, book(b)) - shed(a, book(a)) || (a.name < b.name ? -1 : 1))
    /** Recovering, or let go now. */
    const reboundKw = (held: ReadonlyMap<string, number>): number =>
      appliances.filter((one) => !held.has(one.name) && (book(one).restMs > 0 || book(one).heldMs > 0)).reduce((sum, one) => sum + one.ratedKw - (book(one).drawsKw ?? one.ratedKw), 0)
    const held = choose(able, (chosen) => asked + reboundKw(chosen), book)
    const sheds = [...held].reduce((sum, [name, heldTo]) => sum + (standing.get(name)?.drawsKw ?? 0) - heldTo, 0)
    const reached = sheds - reboundKw(held)
    reachedKw.push(reached)
    short.push(reached >= asked - EPSILON_KW ? undefined : shortage(asked, reached, reboundKw(held), [...hindered.values()]))
    for (const { name, ratedKw } of appliances) kw.get(name)?.push(held.get(name) ?? ratedKw)
    standing = new Map(appliances.map((one) => [one.name, passed(one, book(one), held.has(one.name), { slotMs, slackMs })]))
    if (slot === 0) after = standing
  })
  return { kw, reachedKw, short, after }
}

const shed = ({ leastKw }: Appliance, { drawsKw }: HoldBook): number => (drawsKw ?? 0) - leastKw
/** Held ones first; then by the share of the day that was used. */
const before = ({ dayHoldMs }: Appliance, { heldMs, todayMs }: HoldBook): number => (heldMs > 0 ? -1 : todayMs / dayHoldMs)

/** As many as it takes, in their order, and what each is held to. @param needKw what is needed when these are held and no others */
function choose(able: readonly Appliance[], needKw: (held: ReadonlyMap<string, number>) => number, book: (one: Appliance) => HoldBook): Map<string, number> {
  const held = new Map<string, number>()
  let brought = 0
  for (const one of able) {
    if (needKw(held) - brought <= EPSILON_KW) break
    held.set(one.name, one.leastKw)
    // Held, it makes up for nothing: it may be that this alone is what was needed.
    const take = Math.max(0, Math.min(shed(one, book(one)), needKw(held) - brought))
    held.set(one.name, Math.max(one.leastKw, wholeWatts((book(one).drawsKw ?? 0) - take)))
    brought += take
  }
  return held
}

type Hindrance = 'was not read' | 'did not follow' | 'draws no more than it may be held to' | 'recovers' | 'is held as long as it may' | 'had its day\'s holds'

function whyNot(one: Appliance, book: HoldBook, { slotMs, slackMs, unable }: Pick<HoldRequest, 'slotMs' | 'slackMs'> & { unable: ReadonlySet<string> }): Hindrance | undefined {
  if (unable.has(one.name)) return 'did not follow'
  if (book.drawsKw === undefined) return 'was not read'
  if (shed(one, book) <= EPSILON_KW) return 'draws no more than it may be held to'
  if (book.restMs > 0) return 'recovers'
  const begins = book.heldMs > 0 ? 0 : slackMs
  if (book.heldMs + begins + slotMs > one.longestHoldMs) return 'is held as long as it may'
  return book.todayMs + begins + slotMs > one.dayHoldMs ? 'had its day\'s holds' : undefined
}

function passed(one: Appliance, book: HoldBook, isHeld: boolean, { slotMs, slackMs }: Pick<HoldRequest, 'slotMs' | 'slackMs'>): HoldBook {
  if (!isHeld) return { ...book, heldMs: 0, restMs: Math.max(0, (book.heldMs > 0 ? one.recoveryMs + slackMs : book.restMs) - slotMs) }
  const begins = book.heldMs > 0 ? 0 : slackMs
  return { ...book, heldMs: book.heldMs + begins + slotMs, todayMs: book.todayMs + begins + slotMs, restMs: 0, held: true }
}

function shortage(asked: number, reached: number, rebound: number, hindrances: readonly (Hindrance | undefined)[]): string {
  const kinds = [...new Set(hindrances)].filter((one) => one !== undefined)
  const counted = kinds.map((one) => `${hindrances.filter((other) => other === one).length} ${one}`)
  const least = hindrances.length - hindrances.filter((one) => one !== undefined).length
  return `${round(reached)} of ${round(asked)} kW: ${[`${least} held as far as they may be`, ...counted, ...(rebound > 0 ? [`${round(rebound)} kW of rebound`] : [])].join(', ')}`
}

const round = (kw: number): number => Math.round(kw * 1_000) / 1_000
