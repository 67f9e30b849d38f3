import { HesError } from '@zhuzhan/core'

/** Security profile of a virtual terminal; meters behind it are plain, under their terminal's protection. */
export type Profile = 'plain' | 'sm-s' | 'sm-f'
export const PROFILE_CHOICES = ['plain', 'sm-s', 'sm-f', 'mixed'] as const
export type ProfileChoice = (typeof PROFILE_CHOICES)[number]

export interface RegistryEntry {
  address: string
  profile: Profile
  meters: string[]
}

export interface RegistryOptions {
  terminals: number
  /** Meters behind each terminal. */
  meters: number
  profile: ProfileChoice
  /** Address of the first terminal; the others follow. */
  firstAddress?: number
}

export const USUAL_FIRST_ADDRESS = 100_000_001
/** Terminal numbers stay below, meter numbers above. */
const FIRST_METER_ADDRESS = 200_000_000_000
const METERS_A_TERMINAL = 1_000
/** Half plain, a quarter each mode: every fourth terminal in turn, so that a part of a fleet is mixed too. */
const MIXED: readonly Profile[] = ['plain', 'sm-s', 'plain', 'sm-f']

/**
 * Which devices a fleet consists of. It follows from the options alone, so whoever registers them at a station can ask
 * before the fleet runs. Meter n behind terminal t: 2, the last eight digits of t, three digits of n.
 * @throws HesError BODY_INVALID when the numbers do not fit
 */
export function fleetRegistry({ terminals, meters, profile, firstAddress = USUAL_FIRST_ADDRESS }: RegistryOptions): RegistryEntry[] {
  if (meters >= METERS_A_TERMINAL) throw new HesError('BODY_INVALID', `at most ${METERS_A_TERMINAL - 1} meters behind a terminal`)
  if (terminals > 1e8 || firstAddress < 1 || firstAddress + terminals > FIRST_METER_ADDRESS) {
    throw new HesError('BODY_INVALID', `terminal addresses lie between 1 and ${FIRST_METER_ADDRESS - 1}, at most 100 million of them`)
  }
  return Array.from({ length: terminals }, (_, i) => {
    const number = firstAddress + i
    const base = FIRST_METER_ADDRESS + (number % 1e8) * METERS_A_TERMINAL
    return {
      address: String(number).padStart(12, '0'),
      profile: profile === 'mixed' ? MIXED[i % MIXED.length]! : profile,
      meters: Array.from({ length: meters }, (_, m) => String(base + m + 1)),
    }
  })
}
