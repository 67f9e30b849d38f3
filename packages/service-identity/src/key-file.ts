import { randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { ServiceKeyFile } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import { equalBytes, sm4CcmOpen, sm4CcmSeal } from '@zhuzhan/gm-crypto'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'

export interface ServiceKey {
  /** 8 bytes hex. */
  person: string
  publicKey: Buffer
  privateKey: Buffer
}

/** The secret is drawn by a program, not remembered by a person: nothing shorter is taken. */
export const SHORTEST_SECRET = 16
const COST = 2 ** 15
const TAG = 16
const deriveKey = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)
const keyOf = (secret: string, salt: Buffer, cost: number): Promise<Buffer> => deriveKey(secret, salt, 16, { N: cost, r: 8, p: 1, maxmem: 128 * 1024 * 1024 })
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
const aad = (person: string, publicKey: string): Buffer => Buffer.concat([Buffer.from('ZZ-SVKY1', 'latin1'), Buffer.from(person + publicKey, 'hex')])

/**
 * A new key of a service, wrapped by its secret like the keys of people in a laboratory (scrypt, SM4-CCM).
 * @param person its id in the crypto machine; drawn when not given
 * @throws HesError CONFIG_INVALID for a secret under 16 characters
 */
export async function makeServiceKey(engine: Sm2Engine, secret: string, { person, random = randomBytes }: { person?: string; random?: Random } = {}): Promise<ServiceKeyFile> {
  if (secret.length < SHORTEST_SECRET) throw new HesError('CONFIG_INVALID', `The secret of a service key has ${SHORTEST_SECRET} characters or more.`)
  const id = person ?? hex(random(8))
  const { privateKey, publicKey } = await engine.generateKeyPair()
  const [salt, nonce] = [random(16), random(12)]
  const key = await keyOf(secret, salt, COST)
  const { ciphertext, tag } = sm4CcmSeal(key, nonce, aad(id, hex(publicKey)), privateKey, TAG)
  key.fill(0)
  privateKey.fill(0)
  return ServiceKeyFile.parse({
    format: 'zhuzhan service key 1', person: id, publicKey: hex(publicKey),
    wrapped: { cost: COST, salt: hex(salt), nonce: hex(nonce), sealed: hex(Buffer.concat([ciphertext, tag])) },
  })
}

/** @throws HesError CONFIG_INVALID for a file of another form, a wrong secret or a changed file alike */
export async function openServiceKey(engine: Sm2Engine, text: string, secret: string): Promise<ServiceKey> {
  const { person, publicKey, wrapped } = parsed(text)
  const key = await keyOf(secret, Buffer.from(wrapped.salt, 'hex'), wrapped.cost)
  const sealed = Buffer.from(wrapped.sealed, 'hex')
  try {
    const privateKey = sm4CcmOpen(key, Buffer.from(wrapped.nonce, 'hex'), aad(person, publicKey), sealed.subarray(0, -TAG), sealed.subarray(-TAG), TAG)
    if (!equalBytes(await engine.publicKeyOf(privateKey), Buffer.from(publicKey, 'hex'))) throw new HesError('AUTH_FAILED')
    return { person, publicKey: Buffer.from(publicKey, 'hex'), privateKey }
  } catch (error) {
    throw new HesError('CONFIG_INVALID', 'The service key file does not open with this secret.', {}, { cause: error })
  } finally {
    key.fill(0)
  }
}

function parsed(text: string): ServiceKeyFile {
  try {
    return ServiceKeyFile.parse(JSON.parse(text))
  } catch (error) {
    throw new HesError('CONFIG_INVALID', 'The service key file has another form.', {}, { cause: error })
  }
}
