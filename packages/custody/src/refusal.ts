import { HesError } from '@zhuzhan/core'

/** Why a share is not taken. Each reason has one sentence, and none of them shuts anybody out. */
export const SHARE_REFUSALS = {
  damaged: 'the share is damaged: its checksum does not fit (a letter mistyped, a file cut off)',
  foreign: 'the share is of another set than the one that is collected',
  repeated: 'this share was given already; another officer must give the next one',
  wrong: 'the share is not the one that was made in the split',
  passphrase: "the officer's passphrase does not open the share",
} as const
export type ShareRefusal = keyof typeof SHARE_REFUSALS

export function shareRefused(reason: ShareRefusal, context: Readonly<Record<string, string | number>> = {}): HesError {
  return new HesError('SHARE_REFUSED', SHARE_REFUSALS[reason], { reason, ...context })
}
