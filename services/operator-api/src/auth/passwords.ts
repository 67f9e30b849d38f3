import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { HesError } from '@zhuzhan/core'

/** 32 MiB and about 80 ms a guess. Kept in every hash, so that they may rise without a migration. */
const COST = { N: 2 ** 15, r: 8, p: 1 } as const
const KEY_LENGTH = 32
const FORMAT = /^scrypt\$N=(\d{1,9}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/

/** Each computation takes 32 MiB and a thread of the pool that files and DNS need too. */
const MAX_PARALLEL = 2
const MAX_WAITING = 64

export interface Passwords {
  /** `scrypt$N=32768,r=8,p=1$salt$hash`, both in base64. */
  hash(password: string): Promise<string>
  /** Takes the same time when there is no hash to compare with. */
  verify(password: string, stored: string | undefined): Promise<boolean>
}

interface Cost {
  N: number
  r: number
  p: number
}

/** scrypt (RFC 7914) through node:crypto, a bounded number at a time. @throws HesError UNAVAILABLE when too many wait */
export function createPasswords({ cost = COST, random = randomBytes }: { cost?: Cost; random?: (size: number) => Buffer } = {}): Passwords {
  let running = 0
  const waiting: (() => void)[] = []
  const derive = async (password: string, salt: Buffer, { N, r, p }: Cost, length: number): Promise<Buffer> => {
    if (running >= MAX_PARALLEL) {
      if (waiting.length >= MAX_WAITING) throw new HesError('UNAVAILABLE', 'Too many logins at once; try again.')
      await new Promise<void>((resolve) => { waiting.push(resolve) })
    }
    running += 1
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        scrypt(password.normalize('NFKC'), salt, length, { N, r, p, maxmem: 256 * N * r }, (error, key) => (error ? reject(error) : resolve(key)))
      })
    } finally {
      running -= 1
      waiting.shift()?.()
    }
  }
  const nobody = { salt: random(16), key: random(KEY_LENGTH), cost }

  return {
    hash: async (password) => {
      const salt = random(16)
      const key = await derive(password, salt, cost, KEY_LENGTH)
      return `scrypt$N=${cost.N},r=${cost.r},p=${cost.p}$${salt.toString('base64')}$${key.toString('base64')}`
    },
    verify: async (password, stored) => {
      const known = stored === undefined ? undefined : parse(stored)
      const { salt, key, cost: own } = known ?? nobody
      const derived = await derive(password, salt, own, key.length)
      return timingSafeEqual(derived, key) && known !== undefined
    },
  }
}

function parse(stored: string): { salt: Buffer; key: Buffer; cost: Cost } | undefined {
  const match = FORMAT.exec(stored)
  if (!match) return undefined
  const [, N, r, p, salt = '', key = ''] = match
  return { salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64'), cost: { N: Number(N), r: Number(r), p: Number(p) } }
}
