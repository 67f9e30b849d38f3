import { DecodeError } from '@zhuzhan/codec'
import { HesError } from '@zhuzhan/core'

/** Undefined for what the other side did wrong, which ends in silence; a fault of ours is thrown on. */
export async function orRefused<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof DecodeError || (error instanceof HesError && (error.code === 'AUTH_FAILED' || error.code === 'DEVICE_NOT_ENROLLED'))) return undefined
    throw error
  }
}
