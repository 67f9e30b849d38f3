import { exact, exactText, times } from '@zhuzhan/energy-audit'
import type { Exact } from '@zhuzhan/energy-audit'
import type { Joint } from './consumption.js'

/** A meter that was taken off and another one mounted in its place. */
export interface MeterExchange {
  /** Epoch ms. */
  at: number
  before: number
  after: number
  /** As read at that moment, kWh before ratios, by item: the last register of the one, the first of the other. */
  registers: ReadonlyMap<number, readonly [last: string, first: string]>
}

/** A time in which a meter counted at a supply point, epoch ms; null: since ever, and still. */
export interface Place {
  meter: number
  from: number | null
  to: number | null
}

/**
 * The meters of the supply point at which `meter` counts just before an instant, up to then, the oldest first; undefined where it counts nowhere: it was
 * taken off. Before the first exchange that names it a meter counts where it was.
 */
export function placesUntil(exchanges: readonly MeterExchange[], meter: number, until: number): Place[] | undefined {
  const last = exchanges.filter(({ before, after, at }) => (before === meter || after === meter) && at < until).reduce<MeterExchange | undefined>((latest, one) => (latest && latest.at > one.at ? latest : one), undefined)
  if (!last) return [{ meter, from: null, to: null }]
  if (last.before === meter) return undefined
  const earlier = placesUntil(exchanges, last.before, last.at) ?? [{ meter: last.before, from: null, to: null }]
  return [...earlier.slice(0, -1), { ...earlier.at(-1) as Place, to: last.at }, { meter, from: last.at, to: null }]
}

/** Who counts, just before `until`, at the supply point at which `meter` counted just before `at`; undefined where it counted nowhere. */
export function holderAt(exchanges: readonly MeterExchange[], meter: number, at: number, until: number): number | undefined {
  if (!placesUntil(exchanges, meter, at)) return undefined
  const next = exchanges.filter((one) => one.before === meter && one.at >= at && one.at < until).sort((a, b) => a.at - b.at)[0]
  return next ? holderAt(exchanges, next.after, next.at + 1, until) : meter
}

export function exchangeAt(exchanges: readonly MeterExchange[], { meter, from }: Place): MeterExchange | undefined {
  return exchanges.find(({ after, at }) => after === meter && at === from)
}

/** The registers of several meters as one line that begins with the first one's: what it counted on is theirs. */
export interface ContinuedRegisters {
  /** One multiplier for all of the line; `1` where the meters' differ: then the line counts primary energy. */
  ratio: string
  /** The register of the n-th place, on the line. */
  of(place: number, register: Exact): Exact
}

const ONE = exact('1')

/**
 * @param places neighbours of one supply point, by time @param ratios ctRatio x ptRatio of each
 * @returns undefined where the registers of a joint are not known for the item
 */
export function continuedRegisters(exchanges: readonly MeterExchange[], places: readonly Place[], ratios: readonly string[], item: number): ContinuedRegisters | undefined {
  const alike = ratios.every((ratio) => exact(ratio) === exact(ratios[0] as string))
  const factors = ratios.map((ratio) => (alike ? ONE : exact(ratio)))
  const offsets: Exact[] = [0n]
  for (let n = 1; n < places.length; n += 1) {
    const registers = exchangeAt(exchanges, places[n] as Place)?.registers.get(item)
    if (!registers) return undefined
    const [last, first] = [times(exact(registers[0]), factors[n - 1] as Exact), times(exact(registers[1]), factors[n] as Exact)]
    offsets.push((offsets[n - 1] as Exact) + last - first)
  }
  return { ratio: alike ? ratios[0] as string : '1', of: (place, register) => times(register, factors[place] as Exact) + (offsets[place] as Exact) }
}

/** Joints between neighbouring places, as `consumptionBetween` tells them. @param meters address and multiplier of each place */
export function jointsBetween(exchanges: readonly MeterExchange[], places: readonly Place[], meters: readonly { address: string; ratio: string }[], item: number): Joint[] {
  return places.slice(1).flatMap((place, n): Joint[] => {
    const registers = exchangeAt(exchanges, place)?.registers.get(item)
    const [before, after] = [meters[n], meters[n + 1]]
    if (!registers || !before || !after) return []
    return [{
      at: place.from as number, kind: 'exchange',
      before: { meter: before.address, register: registers[0], ratio: exactText(exact(before.ratio)) }, after: { meter: after.address, register: registers[1], ratio: exactText(exact(after.ratio)) },
    }]
  })
}
