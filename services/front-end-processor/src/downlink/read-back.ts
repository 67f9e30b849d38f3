import type { CommandAction } from '@zhuzhan/contracts'
import type { Data, Oad, ResultNormal } from '@zhuzhan/dlt698'
import { KEEP_POWER_STATE, RELAY_STATE } from './encode.js'

/** How the effect of a control action shows. */
export interface ReadBack {
  oad: Oad
  /** True: the device is in the state the command wanted; false: it is not; undefined: the answer does not say. */
  fits(data: Data): boolean | undefined
}

/**
 * 8000 attribute 3 bit n (most significant first) = output n; which value means "open" is UNSURE and a setting. Allow-close
 * waits for a hand at the meter, so it has no state to read back and stays `confirmed`.
 */
export function readBackOf(action: CommandAction, relayOpenBit: 0 | 1): ReadBack | undefined {
  switch (action) {
    case 'trip': return { oad: RELAY_STATE, fits: (data) => compare(firstBit(data), relayOpenBit) }
    case 'close': return { oad: RELAY_STATE, fits: (data) => compare(firstBit(data), relayOpenBit === 1 ? 0 : 1) }
    case 'keep-power': return { oad: KEEP_POWER_STATE, fits: (data) => compare(enumValue(data), 1) }
    case 'release-power': return { oad: KEEP_POWER_STATE, fits: (data) => compare(enumValue(data), 0) }
    default: return undefined
  }
}

/** The verdict of an answer; undefined when the device gave no data. */
export function judge(readBack: ReadBack, results: readonly ResultNormal[] | undefined): boolean | undefined {
  const result = results?.find((one) => one.oad === readBack.oad)
  return result && 'data' in result ? readBack.fits(result.data) : undefined
}

function compare(actual: number | undefined, wanted: number): boolean | undefined {
  return actual === undefined ? undefined : actual === wanted
}

function firstBit(data: Data): number | undefined {
  if (data.type !== 'bit-string' || data.bits < 1) return undefined
  return Number.parseInt(data.hex.slice(0, 2), 16) >> 7
}

function enumValue(data: Data): number | undefined {
  return data.type === 'enum' || data.type === 'unsigned' ? data.value : undefined
}
