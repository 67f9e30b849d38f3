import { scryptSync } from 'node:crypto'
import { sm4CcmOpen } from '@zhuzhan/gm-crypto'
import { DERIVED, deriveKey } from '@zhuzhan/osp1'
import type { DerivedKey, DeviceKeys } from '@zhuzhan/osp1'
import pg from 'pg'
import { KIND } from '../wire-tap.js'
import type { WireTap } from '../wire-tap.js'
import type { SessionWitness } from './session-witness.js'

/** Every key of a laboratory station that a test can come to know, under names for its messages. */
export type KnownKeys = Map<string, Buffer>

/**
 * What the machine made at its first start, root keys and SM2 keys, opened with the master key file as only an owner of both file
 * and database can. An independent reading of keys/vault.ts.
 */
export async function machineKeys(databaseUrl: string, masterKeyFile: Buffer): Promise<KnownKeys> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows: [machine] } = await client.query<{ salt: Buffer }>('SELECT salt FROM crypto_machine.machine')
    const master = scryptSync(masterKeyFile, machine!.salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 })
    const unwrap = (name: string, wrapped: Buffer): Buffer =>
      sm4CcmOpen(master.subarray(0, 16), wrapped.subarray(1, 13), Buffer.from(`ZZ-WRAP1${name}`), wrapped.subarray(13, -16), wrapped.subarray(-16), 16)
    const roots = await client.query<{ name: string; wrapped: Buffer }>("SELECT 'root-key/' || key_state || '/' || key_version || '/' || purpose AS name, wrapped FROM crypto_machine.root_key")
    const own = await client.query<{ name: string; wrapped: Buffer }>("SELECT 'own-key/' || name AS name, wrapped FROM crypto_machine.own_key")
    return new Map([
      ['wrapping key', master.subarray(0, 16)], ['key of row MACs', master.subarray(16)],
      ...[...roots.rows, ...own.rows].map(({ name, wrapped }): [string, Buffer] => [name, unwrap(name, wrapped)]),
    ])
  } finally {
    await client.end()
  }
}

/** Device keys and all that is derived from them. */
export function deviceKeys(devices: Iterable<DeviceKeys>): KnownKeys {
  const known: KnownKeys = new Map()
  for (const { address, keys, dispersion, sm2, modules = [] } of devices) {
    for (const [purpose, key] of Object.entries(keys)) known.set(`${address} ${purpose}`, key)
    for (const which of Object.keys(DERIVED) as DerivedKey[]) known.set(`${address} ${which}`, deriveKey(keys[DERIVED[which].purpose], which, dispersion))
    if (sm2) known.set(`${address} SM2`, sm2.privateKey)
    for (const { slot, key } of modules) if (key !== undefined && key !== 'own') known.set(`${address} chip of module ${slot}`, key)
  }
  return known
}

/** Keys of every session that was made through the tap, the newest under `now`. */
export async function wireKeys(tap: WireTap, devices: Iterable<DeviceKeys>, witness: SessionWitness): Promise<KnownKeys> {
  const known: KnownKeys = new Map()
  for (const device of devices) {
    const requests = tap.seen(device.address, 'down', KIND.connectRequest)
    for (const response of tap.seen(device.address, 'up', KIND.connectResponse)) {
      // The request it answers is the one whose keys it fits.
      for (const [n, request] of requests.entries()) {
        const made = await witness.keysOf(device, request.frame.address.client, request.frame.data, response.frame.data).catch(() => undefined)
        if (!made) continue
        const name = `${device.address} session ${n === requests.length - 1 ? 'now' : n}`
        known.set(`${name}, down`, made.toServer).set(`${name}, up`, made.toClient)
      }
    }
  }
  return known
}
