import { NO_SETTINGS } from '@zhuzhan/codec'
import { formOf } from '../forms/index.js'
import { chosen, holds } from '../settings.js'
import type { Settings } from '../settings.js'
import { blockCodec } from './block.js'
import { demand } from './demand.js'
import { energy } from './energy.js'
import { events } from './events.js'
import { freezes } from './freezes.js'
import type { DataIdentifier, Item } from './item.js'
import { loadProfile } from './load-profile.js'
import { parameters } from './parameters.js'
import { POSITIONS } from './positions.js'
import type { Position } from './positions.js'
import type { IdentifierRow } from './row.js'
import { security } from './security.js'
import { variables } from './variables.js'

/** Every item we know, one row or family of rows each. */
export const identifiers: readonly IdentifierRow[] = [
  ...energy, ...demand, ...variables, ...events, ...parameters, ...freezes, ...loadProfile, ...security,
]

/** Items remembered at most: identifiers come from devices, so there may be any number of them. */
const REMEMBERED = 4096
const BLOCK = 0xff

interface Pattern {
  row: IdentifierRow
  /** A number for a fixed byte, DI3 first. */
  places: readonly (number | Position)[]
}

/** Identifiers as one choice of settings reads them. */
export interface Identifiers {
  /** By DI as a number, signed or not. */
  item(di: number): Item
  describe(di: string): DataIdentifier | undefined
}

function createIdentifiers(settings: Settings): Identifiers {
  const byPlaces = new Map<string, Pattern[]>()
  for (const row of identifiers.filter((candidate) => holds(settings, candidate.when))) {
    const places = row.di.split(' ').map(placeOf)
    const key = keyOf(places.map((place) => typeof place === 'number' ? place : undefined))
    byPlaces.set(key, [...byPlaces.get(key) ?? [], { row, places }])
  }
  const remembered = new Map<number, Item>()

  function describe(di: string): DataIdentifier | undefined {
    if (!/^[0-9A-F]{8}$/.test(di)) return undefined
    const bytes = [...Buffer.from(di, 'hex')]
    for (const free of FREE_PLACES) {
      const candidates = byPlaces.get(keyOf(bytes.map((byte, i) => free[i] ? undefined : byte)))
      const match = candidates?.find(({ places }) => bytes.every((byte, i) => inPlace(places[i]!, byte)))
      if (match !== undefined) return identifierOf(match, di, bytes, describe)
    }
    return undefined
  }

  function item(di: number): Item {
    const found = remembered.get(di | 0)
    if (found !== undefined) return found
    if (remembered.size >= REMEMBERED) remembered.clear()
    const created = itemOf((di >>> 0).toString(16).toUpperCase().padStart(8, '0'), describe)
    remembered.set(di | 0, created)
    return created
  }

  return { item, describe }
}

/** Which places a row may leave open, the most exact first. */
const FREE_PLACES: readonly (readonly boolean[])[] = Array.from({ length: 16 }, (_, bits) => [3, 2, 1, 0].map((place) => ((bits >> place) & 1) === 1))
  .sort((a, b) => a.filter(Boolean).length - b.filter(Boolean).length)

function placeOf(text: string): number | Position {
  if (/^[0-9A-F]{2}$/.test(text)) return Number.parseInt(text, 16)
  const position = POSITIONS[text]
  if (position === undefined) throw new RangeError(`no position is called '${text}'`)
  return position
}

function keyOf(bytes: readonly (number | undefined)[]): string {
  return bytes.map((byte) => byte ?? '-').join(' ')
}

function inPlace(place: number | Position, byte: number): boolean {
  if (typeof place === 'number') return place === byte
  return (byte >= place.from && byte <= place.to) || (byte === BLOCK && place.block)
}

function identifierOf({ row, places }: Pattern, di: string, bytes: readonly number[], describe: Identifiers['describe']): DataIdentifier {
  const added = places.flatMap((place, i) => typeof place === 'number' || bytes[i] === BLOCK ? [] : place.words(bytes[i]!) ?? [])
  const blocks = places.flatMap((place, i) => typeof place !== 'number' && bytes[i] === BLOCK && place.block ? [i] : [])
  const elements = row.elements === undefined ? undefined : POSITIONS[row.elements]!
  const described: DataIdentifier = {
    di, unit: row.unit, access: row.access, mark: row.mark, clause: row.clause,
    name: [row.name, ...added.map((words) => words.en)].join(', '), nameZh: [row.nameZh, ...added.map((words) => words.zh)].join(' '),
    // Which of two open positions changes first is not in the reference.
    ...(row.form !== undefined && blocks.length < 2 && { form: formOf(row.form) }),
    ...(elements && { elements: (index: number) => elements.words(elements.from + index) }),
  }
  const [at] = blocks
  if (at === undefined) return described
  const { from, to } = places[at] as Position
  return {
    ...described,
    block: {
      element: (index) => {
        const value = (from + index).toString(16).toUpperCase().padStart(2, '0')
        return from + index > to ? undefined : describe(di.slice(0, 2 * at) + value + di.slice(2 * at + 2))
      },
    },
  }
}

function itemOf(di: string, describe: Identifiers['describe']): Item {
  const known = describe(di)
  const form = known?.form
  if (known === undefined || form === undefined) return { di, known, codec: undefined, least: 0 }
  if (known.block) return { di, known, codec: blockCodec(known.block), least: form.size }
  return { di, known, codec: form.codec, least: Math.max(1, form.size) }
}

/** Settings that rows depend on. */
const deciding = new Set<string>(identifiers.flatMap((row) => row.when ?? []).map(([name]) => name))
const byChoice = new Map<string, Identifiers>()
/** A tool reads in a few choices of settings; each costs some megabytes. */
const MOST_CHOICES = 16
const bySettings = new WeakMap<Settings, Identifiers>()

/** The identifiers in the readings of `settings`. @throws RangeError for a reading that does not exist */
export function identifiersFor(settings: Settings): Identifiers {
  if (settings === NO_SETTINGS) return usual
  let found = bySettings.get(settings)
  if (found === undefined) {
    const choice = JSON.stringify(Object.entries(chosen(settings)).filter(([name]) => deciding.has(name)))
    found = byChoice.get(choice) ?? createIdentifiers(settings)
    if (byChoice.size >= MOST_CHOICES) byChoice.clear()
    byChoice.set(choice, found)
    bySettings.set(settings, found)
  }
  return found
}

/** In the readings that are the defaults. */
const usual = createIdentifiers(NO_SETTINGS)

/**
 * Name, unit and form of an item: `00010000` is "Forward active energy, total", `0001FF00` the block of total and
 * tariffs. `undefined` when the tables do not have it.
 */
export function dataIdentifier(di: string, settings: Settings = NO_SETTINGS): DataIdentifier | undefined {
  return identifiersFor(settings).describe(di.toUpperCase())
}
