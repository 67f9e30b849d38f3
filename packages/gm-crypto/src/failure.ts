import { HesError } from '@zhuzhan/core'

/**
 * The one error of every failed verification, decryption or point check. It says nothing about the cause: a peer
 * that could tell a bad point from a bad tag would have an oracle (OSP-1 §7.12).
 */
export function authFailed(): HesError {
  return new HesError('AUTH_FAILED')
}
