import { scrypt, scryptSync } from 'node:crypto'
import type { ScryptOptions } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { sm4CcmOpen, sm4CcmSeal, sm4Cmac } from '@zhuzhan/gm-crypto'
import type { Random } from '@zhuzhan/gm-crypto'
import type { MachineIdentity, MachineStore } from '../store/store.js'

/** Wraps what is secret at rest, and seals rows that must not be changed behind our back. */
export interface Vault {
  /** SM4-CCM under the master key; `name` (the row's own name) is authenticated, so rows cannot be swapped. */
  wrap(name: string, secret: Uint8Array): Buffer
  /** @throws HesError ENGINE_FAULT when the row was damaged, changed or moved */
  unwrap(name: string, wrapped: Uint8Array): Buffer
  /** 16 bytes over the name and the fields, each with its length. */
  rowMac(name: string, fields: readonly Uint8Array[]): Buffer
  /** Of the key derivation; no secret. */
  salt: Buffer
  epoch: Buffer
  /** The check value of the machine row under another epoch: only the master key can change it. */
  keyCheck(epoch: Uint8Array): Buffer
}

const FORMAT = 1
const NONCE = 12
const TAG = 16
const LABEL = Buffer.from('ZZ-WRAP1', 'latin1')
const ROW_LABEL = Buffer.from('ZZ-ROW-1', 'latin1')
/** scrypt: about 100 ms and 32 MiB, once per start. */
const SCRYPT_COST = 2 ** 15
const MASTER_BYTES = 32
const CHECK_NAME = 'key-check'
const CHECK_TEXT = Buffer.from('zhuzhan crypto machine')

/**
 * Open the vault with the master key file's content. The very first start draws salt and epoch.
 * @param cost scrypt's N; the same for the life of a database
 * @param proven the known answers: scrypt runs beside them, but no cipher is used before they are right
 * @throws HesError CONFIG_INVALID when the file is not the one this database was made with
 */
export async function openVault(store: MachineStore, passphrase: Uint8Array, random: Random, cost = SCRYPT_COST, proven: Promise<unknown> = Promise.resolve()): Promise<Vault> {
  const identity = await store.identity(async () => {
    const [salt, epoch] = [random(16), random(8)]
    const master = await stretched(passphrase, salt, cost)
    await proven
    return { epoch, salt, keyCheck: vaultUnder(master, salt, random, epoch).keyCheck(epoch) }
  })
  const master = await stretched(passphrase, identity.salt, cost)
  await proven
  const vault = vaultUnder(master, identity.salt, random, identity.epoch)
  checkIdentity(vault, identity)
  return vault
}

/** scrypt beside the event loop: a start has other things to do meanwhile. */
function stretched(passphrase: Uint8Array, salt: Buffer, cost: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, MASTER_BYTES, costOf(cost), (error, key) => (error ? reject(error) : resolve(key)))
  })
}
const costOf = (cost: number): ScryptOptions => ({ N: cost, r: 8, p: 1, maxmem: 64 * 1024 * 1024 })

/** @throws HesError CONFIG_INVALID for another master key, ENGINE_FAULT when the epoch was changed behind our back */
export function checkIdentity(vault: Vault, { epoch, keyCheck }: MachineIdentity): void {
  let text: Buffer
  try {
    text = vault.unwrap(CHECK_NAME, keyCheck)
  } catch (error) {
    throw new HesError('CONFIG_INVALID', 'this is not the master key of this database', {}, { cause: error })
  }
  // Databases made before the epoch was bound hold the text alone; their next epoch is bound.
  if (!text.equals(CHECK_TEXT) && !text.equals(Buffer.concat([CHECK_TEXT, epoch])))
    throw new HesError('ENGINE_FAULT', 'the epoch of the machine was changed outside of it')
}

export function createVault(passphrase: Uint8Array, salt: Buffer, random: Random, epoch: Buffer, cost = SCRYPT_COST): Vault {
  return vaultUnder(scryptSync(passphrase, salt, MASTER_BYTES, costOf(cost)), salt, random, epoch)
}

/** @param master what scrypt made of the master key file's content; two keys of 16 bytes */
function vaultUnder(master: Buffer, salt: Buffer, random: Random, epoch: Buffer): Vault {
  const wrapKey = master.subarray(0, 16)
  const rows = sm4Cmac(master.subarray(16))
  const aad = (name: string): Buffer => Buffer.concat([LABEL, Buffer.from(name)])
  const vault: Vault = {
    salt,
    epoch,
    keyCheck: (next) => vault.wrap(CHECK_NAME, Buffer.concat([CHECK_TEXT, next])),
    wrap(name, secret) {
      const nonce = random(NONCE)
      const { ciphertext, tag } = sm4CcmSeal(wrapKey, nonce, aad(name), secret, TAG)
      return Buffer.concat([Buffer.of(FORMAT), nonce, ciphertext, tag])
    },
    unwrap(name, wrapped) {
      const bytes = Buffer.from(wrapped)
      if (bytes[0] !== FORMAT || bytes.length < 1 + NONCE + TAG)
        throw new HesError('ENGINE_FAULT', 'a wrapped key has another form', { name })
      try {
        return sm4CcmOpen(wrapKey, bytes.subarray(1, 1 + NONCE), aad(name), bytes.subarray(1 + NONCE, -TAG), bytes.subarray(-TAG), TAG)
      } catch (error) {
        throw new HesError('ENGINE_FAULT', 'a wrapped key was damaged or changed', { name }, { cause: error })
      }
    },
    rowMac(name, fields) {
      const parts = [Buffer.from(name), ...fields].flatMap((field) => {
        const length = Buffer.alloc(4)
        length.writeUInt32BE(field.length)
        return [length, field]
      })
      return rows.sign(ROW_LABEL, ...parts)
    },
  }
  return vault
}
