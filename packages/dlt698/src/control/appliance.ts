import type { Data, Oad } from '../data/index.js'

/** What an appliance does about its set-points, by its own rules of comfort. `left`: it gave a set-point up; `recovering`: it was held and may not be again yet. */
export const COMFORT_STATES = ['normal', 'held', 'left', 'recovering'] as const
export type ComfortState = (typeof COMFORT_STATES)[number]

export interface ApplianceState {
  watts: number
  setPointWatts: number
  /** All it ever used, 10^-4 kWh. */
  energy: number
  comfort: ComfortState
  /** In the hold that lasts now. */
  heldSeconds: number
  /** In all holds of its local day. */
  heldTodaySeconds: number
  /** Until it may be held again. */
  restSeconds: number
}

/**
 * UNSURE: which object the standard has for controllable appliances, if any, is not known here. This one is our own, its OI a setting: attribute 2
 * is the state, method 127 puts a set-point in, as at a charging pile.
 */
export const APPLIANCE_OBJECT = 'E002'

export const applianceStateOad = (object: string): Oad => `${object}0200`

export function applianceStateData({ watts, setPointWatts, energy, comfort, heldSeconds, heldTodaySeconds, restSeconds }: ApplianceState): Data {
  const u32 = (value: number): Data => ({ type: 'double-long-unsigned', value })
  return { type: 'structure', items: [u32(watts), u32(setPointWatts), u32(energy), { type: 'enum', value: COMFORT_STATES.indexOf(comfort) }, u32(heldSeconds), u32(heldTodaySeconds), u32(restSeconds)] }
}

/** Undefined when it is anything else. */
export function readApplianceState(data: Data): ApplianceState | undefined {
  if (data.type !== 'structure' || data.items.length !== 7) return undefined
  const [watts, setPoint, energy, state, ...holds] = data.items
  const [held, today, rest] = holds.map((one) => (one.type === 'double-long-unsigned' ? one.value : undefined))
  const comfort = state?.type === 'enum' ? COMFORT_STATES[state.value] : undefined
  if (watts?.type !== 'double-long-unsigned' || setPoint?.type !== 'double-long-unsigned' || energy?.type !== 'double-long-unsigned' || comfort === undefined || held === undefined || today === undefined || rest === undefined) return undefined
  return { watts: watts.value, setPointWatts: setPoint.value, energy: energy.value, comfort, heldSeconds: held, heldTodaySeconds: today, restSeconds: rest }
}
