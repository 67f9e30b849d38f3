import { randomBytes } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { split } from 'shamir-secret-sharing'
import { headOf, masterKeyFingerprint, parseCustodySet } from './custody-set.js'
import type { CustodySet } from './custody-set.js'
import { MAX_KEY_BYTES } from './share-file.js'

export const SIGNATURE_BYTES = 64
const MIN_KEY_BYTES = 16

/** What is signed of a share: everything that says which share it is, and its bytes. */
export function shareInput(set: CustodySet, number: number, share: Uint8Array): Buffer {
  const head = headOf(set)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(head.length)
  return Buffer.concat([Buffer.from('ZZ-SHARE', 'latin1'), length, head, Buffer.of(number), share])
}

/**
 * Shares of a master key among officers (Shamir's scheme over GF(2^8), byte by byte). Fewer than `threshold` of them tell nothing.
 * Each share is signed by a key that is thrown away here, so that a changed one is known by itself and not only when the sum
 * does not come out.
 * @returns share || signature of each officer, in their order; wipe them after use
 * @throws HesError BODY_INVALID
 */
export async function splitMasterKey(engine: Sm2Engine, masterKey: Uint8Array, threshold: number, officers: readonly string[]): Promise<{ set: CustodySet; payloads: Buffer[] }> {
  if (masterKey.length < MIN_KEY_BYTES || masterKey.length > MAX_KEY_BYTES)
    throw new HesError('BODY_INVALID', `a master key has ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes`)
  const pair = await engine.generateKeyPair()
  const id = randomBytes(8).toString('hex').toUpperCase()
  const set = checked({
    format: 'zhuzhan custody set 1',
    set: id,
    threshold,
    officers: [...officers],
    fingerprint: masterKeyFingerprint(masterKey, id),
    publicKey: pair.publicKey.toString('hex').toUpperCase(),
  })
  // The library takes a bare Uint8Array and nothing derived from it.
  const secret = Uint8Array.from(masterKey)
  const shares = await split(secret, officers.length, threshold)
  secret.fill(0)
  const payloads: Buffer[] = []
  for (const [at, share] of shares.entries()) {
    payloads.push(Buffer.concat([share, await engine.sign(pair.privateKey, SM2_DEFAULT_ID, shareInput(set, at + 1, share))]))
    share.fill(0)
  }
  pair.privateKey.fill(0)
  return { set, payloads }
}

function checked(set: CustodySet): CustodySet {
  try {
    return parseCustodySet(JSON.stringify(set))
  } catch (error) {
    throw new HesError('BODY_INVALID', 'two to 32 officers with different names of letters and digits, and a threshold from 2 to their number', {}, { cause: error })
  }
}
