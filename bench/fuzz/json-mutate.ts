import type { Random } from './random.js'

type Holder = Record<string, unknown> | unknown[]

const NUMBERS = [0, 1, 2, 3, 6, 7, 8, 9, 15, 16, 63, 64, 127, 128, 255, 256, 65535, 65536, -1, 0xffffffff, 1.5]

/** All places of an object that hold something, as pairs of holder and key. */
function places(value: unknown, found: [Holder, string][]): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return found
  for (const key of Object.keys(value)) {
    found.push([value as Holder, key])
    places((value as Record<string, unknown>)[key], found)
  }
  return found
}

/**
 * Another object of the same shape: one or two members changed, left out, doubled, or taken from `other`. It may well
 * be none that can be encoded.
 */
export function mutateJson(json: object, other: object, random: Random): object {
  const copy = structuredClone(json)
  const all = places(copy, [])
  const foreign = places(other, [])
  for (let n = 1 + random.below(2); n > 0 && all.length > 0; n--) {
    const [holder, key] = random.pick(all)
    const members = holder as Record<string, unknown>
    if (random.oneIn(4) && foreign.length > 0) {
      const same = foreign.filter(([, name]) => name === key)
      const [from, name] = random.pick(same.length > 0 && !random.oneIn(4) ? same : foreign)
      members[key] = structuredClone((from as Record<string, unknown>)[name])
    } else members[key] = changed(members[key], random)
    if (Array.isArray(holder) && random.oneIn(4)) holder.push(structuredClone(random.pick(holder)))
    if (random.oneIn(10)) Reflect.deleteProperty(holder, key)
  }
  return copy
}

function changed(value: unknown, random: Random): unknown {
  if (typeof value === 'number') return random.oneIn(2) ? random.pick(NUMBERS) : random.below(256)
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string' && /^(?:[0-9A-F]{2})+$/.test(value)) return random.bytes(random.oneIn(2) ? value.length / 2 : random.below(40)).toString('hex').toUpperCase()
  if (typeof value === 'string' && /^-?[0-9.]+$/.test(value)) return value.replace(/[0-9]/g, () => String(random.below(10)))
  if (Array.isArray(value)) return random.oneIn(2) ? [] : value.slice(0, random.below(value.length))
  return random.pick([value, null, '', 0, {}, undefined])
}
