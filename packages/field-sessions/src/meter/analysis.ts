import { fieldObject } from '../objects.js'
import type { ObjectName } from '../objects.js'

/** Why a value does not count. §8.3 */
export const FLAGS = ['range', 'time', 'repeat', 'jump', 'fell', 'too-fast', 'above-meter', 'contradiction', 'quarantine'] as const
export type Flag = (typeof FLAGS)[number]

/** How far a device's time may lie from the meter's. */
export const MAX_SKEW_SECONDS = 300
/** No ground for distrust: lost answers make devices say things twice, and who is in quarantine is there already. */
const HARMLESS: ReadonlySet<Flag> = new Set(['repeat', 'quarantine'])
/** So many flagged values within an hour, and nothing of the device counts until somebody has looked. */
export const QUARANTINE_FLAGS = 10
export const QUARANTINE_SECONDS = 3_600
/** Metering error, standing losses, and two values that are not of the same second. */
const POWER_MARGIN = { factor: 1.1, watts: 200 } as const
/** Registers are rounded, and seconds too. */
const REGISTER_SLACK = 2

export interface Timed {
  value: number
  at: number
}

export interface Surroundings {
  /** Seconds, the meter's own clock. */
  now: number
  /** Watts through the meter now, if known. */
  ownWatts: number | undefined
  last(object: ObjectName): Timed | undefined
  /** The whole message, for what contradicts itself. */
  message: ReadonlyMap<ObjectName, number>
}

/** What is wrong with a value; empty when it may count. */
export function flagsOf(object: ObjectName, { value, at }: Timed, around: Surroundings): Flag[] {
  const { low, high, stepPerSecond, register } = fieldObject(object)
  const last = around.last(object)
  const flags: Flag[] = []
  if (value < low || value > high) flags.push('range')
  if (Math.abs(at - around.now) > MAX_SKEW_SECONDS) flags.push('time')
  if (last && at <= last.at) flags.push('repeat')
  if (last && at > last.at) {
    const seconds = at - last.at
    if (stepPerSecond !== undefined && Math.abs(value - last.value) > stepPerSecond * seconds) flags.push('jump')
    if (register && value < last.value) flags.push('fell')
    if (register && value - last.value > register.risePerSecond * seconds + REGISTER_SLACK) flags.push('too-fast')
  }
  if (aboveMeter(object, value, around.ownWatts)) flags.push('above-meter')
  if (contradicts(object, value, around.message)) flags.push('contradiction')
  return flags
}

export const distrusts = (flags: readonly Flag[]): boolean => flags.some((flag) => !HARMLESS.has(flag))

/** No device behind the meter takes more than what flows through the meter. */
function aboveMeter(object: ObjectName, value: number, ownWatts: number | undefined): boolean {
  return (object === 'appliancePower' || object === 'pilePower') && ownWatts !== undefined && value > ownWatts * POWER_MARGIN.factor + POWER_MARGIN.watts
}

const CURRENT_OF_OPEN = 1_000
const WATTS_OF_OFF = 100

function contradicts(object: ObjectName, value: number, message: ReadonlyMap<ObjectName, number>): boolean {
  const state = (name: ObjectName): number | undefined => message.get(name)
  switch (object) {
    case 'breakerCurrent':
      return value > CURRENT_OF_OPEN && state('breakerState') !== undefined && state('breakerState') !== 1
    case 'appliancePower':
      return value > WATTS_OF_OFF && state('applianceState') === 0
    case 'pilePower':
      return value > WATTS_OF_OFF && state('pileState') !== undefined && state('pileState') !== 2
    default:
      return false
  }
}
