import { scryptSync } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { isCurvePoint, sm3 } from '@zhuzhan/gm-crypto'
import { z } from 'zod'

/**
 * What everybody may know of a custody set: who holds the shares of which master key, and how many of them it takes. The machine
 * reads it at its start, so that it can say what is missing and knows a foreign share before any was given.
 */
export const CustodySet = z.strictObject({
  format: z.literal('zhuzhan custody set 1'),
  /** 8 random bytes, drawn by the split. */
  set: z.string().regex(/^[0-9A-F]{16}$/),
  threshold: z.number().int().min(2).max(32),
  /** Share n is that of the n-th officer. */
  officers: z.array(z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u)).min(2).max(32),
  fingerprint: z.string().regex(/^[0-9A-F]{16}$/),
  /** Verifies the signature inside each share; its private key lived for the split only. 04 || x || y. */
  publicKey: z.string().regex(/^[0-9A-F]{130}$/),
})
export type CustodySet = z.infer<typeof CustodySet>

/** As slow as the vault itself is to open: neither is the way to guess a master key that is a weak passphrase. */
const COST = 2 ** 15

/**
 * 8 bytes that tell two master keys apart and nothing else: scrypt of the key with the set's id as salt, so that two sets of one
 * key do not even show that it is one.
 */
export function masterKeyFingerprint(masterKey: Uint8Array, set: string): string {
  // Hashed first: scrypt begins with HMAC, to which a short key and the same with zeros after it are one.
  const slow = scryptSync(sm3(masterKey), Buffer.concat([Buffer.from('ZZ-MKFP1', 'latin1'), Buffer.from(set, 'hex')]), 32, { N: COST, r: 8, p: 1, maxmem: 64 * 1024 * 1024 })
  const print = sm3(slow).subarray(0, 8).toString('hex').toUpperCase()
  slow.fill(0)
  return print
}

/** One form of a set, for signatures and for comparing. */
export function headOf({ set, threshold, officers, fingerprint, publicKey }: CustodySet): Buffer {
  return Buffer.from(JSON.stringify(['zhuzhan custody set 1', set, threshold, officers, fingerprint, publicKey]))
}

/** @throws HesError CONFIG_INVALID when the text is no set, or one that cannot be */
export function parseCustodySet(text: string): CustodySet {
  const parsed = CustodySet.safeParse(parseJson(text))
  if (!parsed.success) throw new HesError('CONFIG_INVALID', 'this is no custody set (the file `custody.json` of `zhuzhan keys split`)')
  const { threshold, officers, publicKey } = parsed.data
  if (threshold > officers.length || new Set(officers).size !== officers.length || !isCurvePoint(Buffer.from(publicKey, 'hex')))
    throw new HesError('CONFIG_INVALID', 'this custody set cannot be: more shares needed than officers, one name twice, or a key off the curve')
  return parsed.data
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
