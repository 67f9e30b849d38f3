import { scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { SM2_DEFAULT_ID, sm4CcmOpen, sm4CcmSeal } from '@zhuzhan/gm-crypto'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import { signedInput } from '@zhuzhan/osp1'
import type { Vault } from '../keys/vault.js'
import type { PersonKeyRow } from '../store/authority-store.js'
import type { MachineStore } from '../store/store.js'
import type { People } from './people.js'

export interface PersonKeyOptions {
  store: MachineStore
  vault: Vault
  engine: Sm2Engine
  people: People
  random: Random
  clock: Clock
  production: boolean
  /** scrypt's N. */
  cost?: number
}

export interface PersonKeys {
  create(request: CryptoRequest<'createPersonKey'>): Promise<CryptoResult<'createPersonKey'>>
  change(request: CryptoRequest<'changePassword'>): Promise<CryptoResult<'changePassword'>>
  sign(request: CryptoRequest<'signWithPassword'>): Promise<CryptoResult<'signWithPassword'>>
}

const COST = 2 ** 15
const NONCE = 12
const TAG = 16
/** Wrong passwords for one person before every further try waits for the minute to end. */
const TRIES_PER_MINUTE = 5
const deriveKey = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)
const aad = (publicKey: Uint8Array): Buffer => Buffer.concat([Buffer.from('ZZ-PKEY1', 'latin1'), publicKey])
/** What a person's key is bound to. */
export const personKeyName = (publicKey: Uint8Array): string => `person-key/${Buffer.from(publicKey).toString('hex')}`

/**
 * Private keys of people, wrapped by their passwords: laboratories only. In production people sign in tokens of their
 * own and no operation here does anything.
 */
export function createPersonKeys({ store, vault, engine, people, random, clock, production, cost = COST }: PersonKeyOptions): PersonKeys {
  const tries = new Map<string, { minute: number; count: number }>()

  const laboratoryOnly = (): void => {
    if (production) throw new HesError('PROFILE_REFUSED', 'keys of people under passwords are for laboratories only')
  }
  const keyOf = (password: string, salt: Buffer): Promise<Buffer> =>
    deriveKey(password, salt, 16, { N: cost, r: 8, p: 1, maxmem: 64 * 1024 * 1024 })

  const wrap = async (publicKey: Buffer, privateKey: Uint8Array, password: string): Promise<PersonKeyRow> => {
    const [salt, nonce] = [random(16), random(NONCE)]
    const key = await keyOf(password, salt)
    const { ciphertext, tag } = sm4CcmSeal(key, nonce, aad(publicKey), privateKey, TAG)
    key.fill(0)
    // Wrapped by the machine, too: the database alone gives nobody a password to guess at.
    return { publicKey, salt, wrapped: vault.wrap(personKeyName(publicKey), Buffer.concat([nonce, ciphertext, tag])) }
  }

  /** @throws HesError LOGIN_REFUSED for every cause alike */
  const unwrap = async (person: string, password: string): Promise<{ publicKey: Buffer; privateKey: Buffer }> => {
    const minute = Math.floor(clock.monotonic() / 60_000)
    const entry = tries.get(person)
    const count = entry?.minute === minute ? entry.count : 0
    if (count >= TRIES_PER_MINUTE) throw new HesError('TOO_MANY_REQUESTS', 'too many wrong passwords')
    tries.set(person, { minute, count: count + 1 })
    for (const [name, one] of tries) if (one.minute !== minute) tries.delete(name)
    const row = await people.get(Buffer.from(person, 'hex'))
    const stored = row?.state === 'active' ? await store.personKey(row.publicKey) : undefined
    // The same work whether or not there is such a person.
    const key = await keyOf(password, stored?.salt ?? Buffer.alloc(16))
    try {
      if (!stored) throw new HesError('LOGIN_REFUSED')
      const bytes = vault.unwrap(personKeyName(stored.publicKey), stored.wrapped)
      const privateKey = sm4CcmOpen(key, bytes.subarray(0, NONCE), aad(stored.publicKey), bytes.subarray(NONCE, -TAG), bytes.subarray(-TAG), TAG)
      tries.delete(person)
      return { publicKey: stored.publicKey, privateKey }
    } catch (error) {
      if (error instanceof HesError && error.code === 'AUTH_FAILED') throw new HesError('LOGIN_REFUSED')
      throw error
    } finally {
      key.fill(0)
    }
  }

  return {
    async create({ password }) {
      laboratoryOnly()
      const { publicKey, privateKey } = await engine.generateKeyPair()
      const row = await wrap(publicKey, privateKey, password)
      privateKey.fill(0)
      const hex = publicKey.toString('hex').toUpperCase()
      await store.putPersonKey(row, { kind: 'person-key-made', subject: hex.slice(2, 18) })
      return { publicKey: hex }
    },
    async change({ person, before, after }) {
      laboratoryOnly()
      const { publicKey, privateKey } = await unwrap(person, before)
      const row = await wrap(publicKey, privateKey, after)
      privateKey.fill(0)
      await store.putPersonKey(row, { kind: 'password-changed', subject: `person ${person}` })
      return {}
    },
    async sign({ person, password, message, after }) {
      laboratoryOnly()
      const { input, signer } = signedInput(message, after)
      if (signer !== undefined && signer !== person) throw new HesError('BODY_INVALID', 'this is not for that person to sign')
      const { privateKey } = await unwrap(person, password)
      try {
        return { signature: await engine.sign(privateKey, SM2_DEFAULT_ID, input) }
      } finally {
        privateKey.fill(0)
      }
    },
  }
}
