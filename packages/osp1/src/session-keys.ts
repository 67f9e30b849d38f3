import { sm3 } from '@zhuzhan/gm-crypto'
import { u32, zeros } from './bytes.js'
import { prf } from './keys.js'

/** Keys of one session, one per direction: that stops reflection. They live in volatile memory only. §7.4 */
export interface SessionKeys {
  toServer: Buffer
  toClient: Buffer
  /** th, needed again for module manifests (§7.7). */
  transcriptHash: Buffer
}

/** Kc2s, Ks2c = PRF(K, label, th || D || ASCTR || 0^4). The caller erases K. §7.2, §7.3 */
export function sessionKeys(master: Uint8Array, transcript: readonly Uint8Array[], dispersion: Uint8Array, asctr: number): SessionKeys {
  const { transcriptHash, context } = contextOf(transcript, dispersion, asctr)
  return { toServer: prf(master, 'OSP1-C2S', context), toClient: prf(master, 'OSP1-S2C', context), transcriptHash }
}

/** The same where K is in a device and answers PRF questions only. */
export async function sessionKeysFrom(
  prfOfMaster: (name: string, context: Uint8Array) => Promise<Buffer>,
  transcript: readonly Uint8Array[],
  dispersion: Uint8Array,
  asctr: number,
): Promise<SessionKeys> {
  const { transcriptHash, context } = contextOf(transcript, dispersion, asctr)
  return { toServer: await prfOfMaster('OSP1-C2S', context), toClient: await prfOfMaster('OSP1-S2C', context), transcriptHash }
}

function contextOf(transcript: readonly Uint8Array[], dispersion: Uint8Array, asctr: number): { transcriptHash: Buffer; context: Buffer } {
  const transcriptHash = sm3(...transcript)
  return { transcriptHash, context: Buffer.concat([transcriptHash, dispersion, u32(asctr), zeros(4)]) }
}

/** Overwrite secrets that are not needed any more. Buffers of the pool or of strings cannot be reached this way; ours can. */
export function erase(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0)
}
