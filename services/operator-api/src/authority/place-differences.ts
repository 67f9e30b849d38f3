import { MAX_ORDER_DEVICES } from '@zhuzhan/contracts'
import type { CryptoMachine, OrderBody, Place } from '@zhuzhan/contracts'
import { areaCode, askMachine } from '@zhuzhan/dispatch'
import type pg from 'pg'

type PlaceOrder = Extract<OrderBody, { kind: 'place' | 'unplace' }>

/** Where the registry says that devices are. Devices of profile `hardware` are the cipher device's business. */
export async function registeredPlaces(pool: pg.Pool): Promise<Map<string, Place>> {
  // A meter behind its terminal is in the terminal's area: one ticket names one area, and both are judged by it (OSP-1 §7.6).
  const { rows } = await pool.query<{ address: string; area: string | null; profile: string; offsetMinutes: number; terminal: string | null }>(`
    SELECT address, area, security_profile AS profile, utc_offset_minutes AS "offsetMinutes", NULL AS terminal FROM terminal
    UNION ALL
    SELECT m.address, t.area, m.security_profile, t.utc_offset_minutes, m.terminal_address
      FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.kind = 'meter'`)
  const places = new Map<string, Place>()
  for (const { address, area, profile, offsetMinutes, terminal } of rows) {
    if (profile === 'plain' || profile === 'sm') places.set(address, { address, area: areaCode(area), profile, offsetMinutes, terminal })
  }
  return places
}

export async function machinePlaces(machine: Pick<CryptoMachine, 'places'>): Promise<Map<string, Place>> {
  const places = new Map<string, Place>()
  let after: string | undefined
  for (;;) {
    const { places: page, next } = await askMachine(machine, 'places', { limit: 4096, ...(after === undefined ? {} : { after }) })
    for (const place of page) places.set(place.address, place)
    if (next === null) return places
    after = next
  }
}

/** The orders that would make the machine's places those of the registry; terminals before the meters behind them. */
export function placeDifferences(registered: ReadonlyMap<string, Place>, known: ReadonlyMap<string, Place>): PlaceOrder[] {
  const groups = new Map<string, { body: Omit<Extract<PlaceOrder, { kind: 'place' }>, 'addresses'>; addresses: string[] }>()
  for (const [address, { area, profile, offsetMinutes, terminal }] of registered) {
    const before = known.get(address)
    if (before && before.area === area && before.profile === profile && before.offsetMinutes === offsetMinutes && before.terminal === terminal) continue
    const body = { kind: 'place' as const, area, profile, offsetMinutes, terminal }
    const name = `${terminal ?? ''} ${area} ${profile} ${offsetMinutes}`
    const group = groups.get(name) ?? { body, addresses: [] }
    groups.set(name, group)
    group.addresses.push(address)
  }
  const placing = [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { body, addresses }]) =>
    inParts(addresses).map((part) => ({ ...body, addresses: part })))
  const gone = inParts([...known.keys()].filter((address) => !registered.has(address))).map((addresses) => ({ kind: 'unplace' as const, addresses }))
  return [...gone, ...placing]
}

function inParts(addresses: string[]): string[][] {
  const sorted = [...addresses].sort()
  return Array.from({ length: Math.ceil(sorted.length / MAX_ORDER_DEVICES) }, (_, i) => sorted.slice(i * MAX_ORDER_DEVICES, (i + 1) * MAX_ORDER_DEVICES))
}
