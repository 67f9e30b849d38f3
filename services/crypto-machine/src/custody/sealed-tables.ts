import { HesError } from '@zhuzhan/core'
import { equalBytes } from '@zhuzhan/gm-crypto'
import { firmwareReleaseMac, firmwareVendorMac, groupMemberMac, keyUpdateMac, mandateMac, markMac, moduleMac, personMac, placeMac, policyMac } from '../authority/row-macs.js'
import { personKeyName } from '../authority/person-keys.js'
import { imageKeyName } from '../firmware/register.js'
import { deviceRowMac } from '../keys/devices.js'
import { issuedKeyName } from '../keys/issue.js'
import { rootName } from '../keys/root-versions.js'
import { stageName } from '../keys/updates.js'
import type { Vault } from '../keys/vault.js'
import type { MandateRow } from '../store/ticket-store.js'
import type { MarkRow, PersonKeyRow, PersonRow, PlaceRow, PolicyRow } from '../store/authority-store.js'
import type { KeyUpdateRow } from '../store/field-store.js'
import type { FirmwareReleaseRow, FirmwareVendorRow } from '../store/firmware-store.js'
import type { GroupMemberRow } from '../store/group-store.js'
import type { ModuleRow } from '../store/module-store.js'
import type { SealedColumns, SealedRow } from '../store/reseal-store.js'
import type { DeviceRow, OwnKeyRow, RootKeyRow } from '../store/store.js'

/** One table with what the master key protects in it. */
export interface SealedTable extends SealedColumns {
  /** The name each wrapped column is bound to. */
  wrapped: Readonly<Record<string, (row: SealedRow) => string>>
  mac: ((vault: Vault, row: SealedRow) => Buffer) | undefined
}

function table<R>(name: string, wrapped: { [C in keyof R]?: (row: R) => string }, mac?: (vault: Vault, row: R) => Buffer): SealedTable {
  return { table: name, columns: [...Object.keys(wrapped), ...(mac ? ['rowMac'] : [])], wrapped, mac } as unknown as SealedTable
}

/** Everything in the store that another master key must seal anew. A test holds it against the database's own catalogue. */
export const SEALED_TABLES: readonly SealedTable[] = [
  table<RootKeyRow>('root_key', { wrapped: rootName }),
  table<OwnKeyRow>('own_key', { wrapped: (row) => `own-key/${row.name}` }),
  table<DeviceRow>('device', { issuedKey: (row) => issuedKeyName(row.address) }, deviceRowMac),
  table<PersonRow>('person', {}, personMac),
  table<PersonKeyRow>('person_key', { wrapped: (row) => personKeyName(row.publicKey) }),
  table<PlaceRow>('place', {}, placeMac),
  table<PolicyRow>('policy', {}, policyMac),
  table<MarkRow>('mark', {}, markMac),
  table<MandateRow>('mandate', {}, mandateMac),
  table<ModuleRow & { deviceId: number }>('module', {}, (vault, row) => moduleMac(vault, row.deviceId, row)),
  table<KeyUpdateRow>('key_update', { stage: stageName }, keyUpdateMac),
  table<GroupMemberRow>('group_member', {}, groupMemberMac),
  table<FirmwareVendorRow>('firmware_vendor', {}, firmwareVendorMac),
  table<FirmwareReleaseRow>('firmware_release', { wrapped: (row) => imageKeyName(row.relId) }, firmwareReleaseMac),
]

/**
 * The sealed columns of one row under another vault. What is not right under the old one is not made right by this: it is left as it
 * is, and refused afterwards as it was before.
 * @throws HesError ENGINE_FAULT when what was just sealed does not open
 */
export function resealRow(from: Vault, to: Vault, { wrapped, mac }: SealedTable, row: SealedRow): { sealed: Record<string, Buffer>; left: boolean } {
  const sealed: Record<string, Buffer> = {}
  let left = false
  for (const [column, nameOf] of Object.entries(wrapped)) {
    const bytes = row[column]
    // Nothing there, or erased for good.
    if (!(bytes instanceof Uint8Array) || bytes.length === 0) continue
    const name = nameOf(row)
    const secret = opened(from, name, bytes)
    if (!secret) {
      left = true
      continue
    }
    const again = to.wrap(name, secret)
    if (!to.unwrap(name, again).equals(secret)) throw new HesError('ENGINE_FAULT', 'a key that was wrapped anew does not open', { name })
    secret.fill(0)
    sealed[column] = again
  }
  if (mac) {
    if (equalBytes(row['rowMac'] as Buffer, mac(from, row))) sealed['rowMac'] = mac(to, { ...row, ...sealed })
    else left = true
  }
  return { sealed, left }
}

function opened(vault: Vault, name: string, bytes: Uint8Array): Buffer | undefined {
  try {
    return vault.unwrap(name, bytes)
  } catch {
    return undefined
  }
}
