import { HesError } from '@zhuzhan/core'
import { z } from 'zod'

const kilowatts = z.number().finite()

const Vehicle = z.object({
  pile: z.string().min(1),
  phase: z.enum(['A', 'B', 'C']).optional(),
  /** First slot in which it may charge, and the first in which it is gone. */
  plug_slot: z.int().min(0),
  depart_slot: z.int().min(0),
  energy_kwh: z.number().finite().min(0),
  max_kw: z.number().finite().positive(),
  /** 0 or at least this much in a slot: below about 6 A a vehicle does not charge. */
  min_kw: z.number().finite().min(0).default(0),
  priority: z.number().finite().min(0).default(0),
  /** What this user was cut by in the last 7 days, kWh. */
  deficit_kwh: z.number().finite().min(0).default(0),
})

/** A night of orderly charging (data/orderly_charging, analytics §7). Powers in kW, mean over a slot. */
export const ChargingCase = z.object({
  start: z.string().optional(),
  slot_minutes: z.number().positive().max(120),
  slots: z.int().min(1).max(2_000),
  base_kw: z.array(kilowatts),
  /** The usable limit, k x Sn x PF; a value for each slot where an event lowers it. */
  transformer_limit_kw: z.union([z.number().finite().positive(), z.array(z.number().finite().min(0))]),
  price_cny_per_kwh: z.array(z.number().finite()),
  /** With phases: what each may carry and by how much two may differ. Base load by phase: a third each unless given. */
  phase_limit_kw: z.number().finite().positive().optional(),
  phase_difference_limit_kw: z.number().finite().positive().optional(),
  base_kw_by_phase: z.object({ A: z.array(kilowatts), B: z.array(kilowatts), C: z.array(kilowatts) }).optional(),
  /** Price of the highest power of the night. */
  demand_price_cny_per_kw: z.number().finite().min(0).default(0),
  evs: z.array(Vehicle).max(500),
})
export type ChargingCase = z.infer<typeof ChargingCase>
export type Vehicle = z.infer<typeof Vehicle>

export const PHASES = ['A', 'B', 'C'] as const
export type Phase = (typeof PHASES)[number]

/** A base load over the limit in more than this share of the slots is taken for a wrong unit. */
const OVER_LIMIT_SHARE = 0.5

/**
 * @throws HesError BODY_INVALID when it is no case; DATA_REFUSED when its numbers cannot be meant (lengths, units, two vehicles at one
 * pile at once)
 */
export function readCase(value: unknown): ChargingCase {
  const parsed = ChargingCase.safeParse(value)
  if (!parsed.success) throw new HesError('BODY_INVALID', `The case does not fit: ${parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`)
  const night = parsed.data
  for (const [name, values] of Object.entries({ base_kw: night.base_kw, price_cny_per_kwh: night.price_cny_per_kwh, transformer_limit_kw: night.transformer_limit_kw, ...prefixed(night.base_kw_by_phase) })) {
    if (Array.isArray(values) && values.length !== night.slots) throw new HesError('DATA_REFUSED', `${name} has ${values.length} values for ${night.slots} slots.`)
  }
  const over = night.base_kw.filter((kw, slot) => kw > limitAt(night, slot)).length
  if (over > night.slots * OVER_LIMIT_SHARE) throw new HesError('DATA_REFUSED', `The base load alone is over the transformer's limit in ${over} of ${night.slots} slots: a wrong unit?`)
  for (const one of night.evs) {
    if (one.min_kw > one.max_kw) throw new HesError('DATA_REFUSED', `${one.pile}: its smallest power ${one.min_kw} kW is over its largest, ${one.max_kw} kW.`)
    if (one.depart_slot <= one.plug_slot) throw new HesError('DATA_REFUSED', `${one.pile} departs in slot ${one.depart_slot}, not after it plugs in (${one.plug_slot}).`)
    if ((night.phase_limit_kw ?? night.phase_difference_limit_kw) !== undefined && one.phase === undefined) throw new HesError('DATA_REFUSED', `${one.pile} has no phase, but the case limits phases.`)
  }
  night.evs.forEach((one, index) => {
    const other = night.evs.slice(0, index).find((before) => before.pile === one.pile && before.plug_slot < one.depart_slot && one.plug_slot < before.depart_slot)
    if (other) throw new HesError('DATA_REFUSED', `${one.pile} has two vehicles at the same time.`)
  })
  return night
}

function prefixed(byPhase: ChargingCase['base_kw_by_phase']): Record<string, number[]> {
  return Object.fromEntries(Object.entries(byPhase ?? {}).map(([phase, values]) => [`base_kw_by_phase.${phase}`, values]))
}

export function limitAt({ transformer_limit_kw: limit }: ChargingCase, slot: number): number {
  return typeof limit === 'number' ? limit : limit[slot] ?? 0
}

/** Base load of a phase, kW. */
export function phaseBase({ base_kw, base_kw_by_phase: given }: ChargingCase, phase: Phase, slot: number): number {
  return given === undefined ? (base_kw[slot] ?? 0) / 3 : given[phase][slot] ?? 0
}

export function hoursOf({ slot_minutes: minutes }: ChargingCase): number {
  return minutes / 60
}

/** Slots in which a vehicle may charge. */
export function windowOf({ slots }: ChargingCase, { plug_slot: from, depart_slot: to }: Vehicle): number[] {
  return Array.from({ length: Math.max(0, Math.min(to, slots) - from) }, (_, index) => from + index)
}
