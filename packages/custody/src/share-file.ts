import { randomBytes, scryptSync } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { equalBytes, sm3, sm4CcmOpen, sm4CcmSeal } from '@zhuzhan/gm-crypto'
import { z } from 'zod'
import { CustodySet, headOf, parseJson } from './custody-set.js'
import { shareRefused } from './refusal.js'

const hexText = z.string().regex(/^([0-9A-F]{2})+$/)
/** A master key file holds at least 16 bytes (the machine asks for that many); more than this is no key. */
export const MAX_KEY_BYTES = 4096

/**
 * One officer's file. `payload` is share || signature; with `wrapped` it is sealed under the officer's passphrase. The checksum
 * is over everything else: it finds a mistyped letter, not a forger (the signature does that).
 */
const ShareFile = z.strictObject({
  format: z.literal('zhuzhan key share 1'),
  set: CustodySet,
  number: z.number().int().min(1).max(32),
  officer: z.string(),
  payload: hexText.optional(),
  wrapped: z.strictObject({ cost: z.number().int(), salt: hexText, nonce: hexText, sealed: hexText }).optional(),
  checksum: z.string().regex(/^[0-9A-F]{16}$/),
})

export interface ShareInFile {
  set: CustodySet
  number: number
  officer: string
  /** Is it under the officer's passphrase? */
  wrapped: boolean
  /** Share || signature. @throws HesError SHARE_REFUSED `passphrase`; `passphrase` is asked for when the file is wrapped */
  open(passphrase?: Uint8Array): Buffer
}

const COST = 2 ** 16
const NONCE = 12
const TAG = 16
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
const keyOf = (passphrase: Uint8Array, salt: Uint8Array, cost: number): Buffer =>
  scryptSync(passphrase, salt, 16, { N: cost, r: 8, p: 1, maxmem: 256 * 1024 * 1024 })
const aad = (set: CustodySet, number: number): Buffer => Buffer.concat([Buffer.from('ZZ-SHWR1', 'latin1'), Buffer.of(number), headOf(set)])

function checksum(file: Omit<z.infer<typeof ShareFile>, 'checksum'>): string {
  const { set, number, officer, payload, wrapped } = file
  const rest = JSON.stringify([number, officer, payload ?? '', wrapped ? [wrapped.cost, wrapped.salt, wrapped.nonce, wrapped.sealed] : []])
  return hex(sm3(Buffer.concat([headOf(set), Buffer.from(rest)])).subarray(0, 8))
}

/** The file's text. With a passphrase the share is wrapped: scrypt, SM4-CCM. */
export function writeShareFile(set: CustodySet, number: number, payload: Uint8Array, passphrase?: Uint8Array, cost = COST): string {
  const bare = { format: 'zhuzhan key share 1' as const, set, number, officer: set.officers[number - 1] ?? '' }
  const file = passphrase === undefined ? { ...bare, payload: hex(payload) } : { ...bare, wrapped: wrap(set, number, payload, passphrase, cost) }
  return `${JSON.stringify({ ...file, checksum: checksum(file) }, null, 2)}\n`
}

function wrap(set: CustodySet, number: number, payload: Uint8Array, passphrase: Uint8Array, cost: number) {
  const [salt, nonce] = [randomBytes(16), randomBytes(NONCE)]
  const key = keyOf(passphrase, salt, cost)
  const { ciphertext, tag } = sm4CcmSeal(key, nonce, aad(set, number), payload, TAG)
  key.fill(0)
  return { cost, salt: hex(salt), nonce: hex(nonce), sealed: hex(Buffer.concat([ciphertext, tag])) }
}

/** @throws HesError SHARE_REFUSED `damaged` for whatever is no whole share file */
export function readShareFile(text: string): ShareInFile {
  const parsed = ShareFile.safeParse(parseJson(text))
  if (!parsed.success) throw shareRefused('damaged')
  const { checksum: told, ...file } = parsed.data
  const { set, number, officer, payload, wrapped } = file
  if (told !== checksum(file) || officer !== set.officers[number - 1] || (payload === undefined) === (wrapped === undefined)) throw shareRefused('damaged')
  // Whoever wrote the file chose the cost: no more than our own memory limit allows.
  if (wrapped && !(wrapped.cost >= 2 && wrapped.cost <= COST && Number.isInteger(Math.log2(wrapped.cost)))) throw shareRefused('damaged')
  return {
    set,
    number,
    officer,
    wrapped: wrapped !== undefined,
    open(passphrase) {
      if (wrapped === undefined) return Buffer.from(payload ?? '', 'hex')
      if (passphrase === undefined) throw new HesError('SHARE_REFUSED', 'this share is under its officer\'s passphrase', { reason: 'passphrase', number })
      const key = keyOf(passphrase, Buffer.from(wrapped.salt, 'hex'), wrapped.cost)
      const sealed = Buffer.from(wrapped.sealed, 'hex')
      try {
        return sm4CcmOpen(key, Buffer.from(wrapped.nonce, 'hex'), aad(set, number), sealed.subarray(0, -TAG), sealed.subarray(-TAG), TAG)
      } catch (error) {
        throw new HesError('SHARE_REFUSED', shareRefused('passphrase').message, { reason: 'passphrase', number }, { cause: error })
      } finally {
        key.fill(0)
      }
    },
  }
}

/** Two texts of one set are the same set. */
export function sameSet(one: CustodySet, other: CustodySet): boolean {
  return equalBytes(sm3(headOf(one)), sm3(headOf(other)))
}
