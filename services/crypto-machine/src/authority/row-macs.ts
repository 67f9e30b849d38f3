import type { Vault } from '../keys/vault.js'
import type { MarkRow, PersonRow, PlaceRow, PolicyRow } from '../store/authority-store.js'
import type { KeyUpdateRow } from '../store/field-store.js'
import type { FirmwareReleaseRow, FirmwareVendorRow } from '../store/firmware-store.js'
import type { GroupMemberRow } from '../store/group-store.js'
import type { ModuleRow } from '../store/module-store.js'
import type { MandateRow } from '../store/ticket-store.js'

/** MACs over rows: whoever can write the database cannot make or change one. */

type Bare<T extends { rowMac: Buffer }> = Omit<T, 'rowMac'>
const text = (value: string): Buffer => Buffer.from(value, 'utf8')
const number = (value: number): Buffer => {
  const out = Buffer.alloc(8)
  out.writeBigInt64BE(BigInt(value))
  return out
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export function personMac(vault: Vault, row: Bare<PersonRow>): Buffer {
  return vault.rowMac(`person/${hex(row.id)}`, [text(row.name), row.publicKey, text([...row.roles].sort().join()), text(row.state), ...row.areas])
}

export function placeMac(vault: Vault, row: Bare<PlaceRow>): Buffer {
  return vault.rowMac(`place/${row.address}`, [row.area, text(row.profile), number(row.offsetMinutes), text(row.terminal ?? '')])
}

export function policyMac(vault: Vault, row: Bare<PolicyRow>): Buffer {
  return vault.rowMac('policy', [Buffer.of(row.task, row.service), row.target, text(row.allows)])
}

export function markMac(vault: Vault, row: Bare<MarkRow>): Buffer {
  return vault.rowMac(`mark/${row.name}`, [row.value])
}

export function mandateMac(vault: Vault, row: Bare<MandateRow>): Buffer {
  return vault.rowMac(`mandate/${hex(row.mandateId)}`, [
    row.bytes,
    row.operatorId,
    row.approverId,
    row.sigOperator,
    row.sigApprover,
    Buffer.of(row.revoked ? 1 : 0),
  ])
}

export function moduleMac(vault: Vault, deviceId: number, row: Bare<ModuleRow>): Buffer {
  return vault.rowMac(`module/${deviceId}/${row.slot}`, [row.serial, row.model, Buffer.of(row.chip ? 1 : 0, row.keyState, row.keyVersion)])
}

export function firmwareVendorMac(vault: Vault, row: Bare<FirmwareVendorRow>): Buffer {
  return vault.rowMac(`firmware-vendor/${row.vendor}`, [row.publicKey, text(row.state)])
}

export function firmwareReleaseMac(vault: Vault, row: Bare<FirmwareReleaseRow>): Buffer {
  return vault.rowMac(`firmware-release/${hex(row.relId)}`, [row.fwm, row.wrapped, text(row.state), row.sigVendor ?? Buffer.alloc(0), row.sigStation ?? Buffer.alloc(0)])
}

export function groupMemberMac(vault: Vault, row: Pick<GroupMemberRow, 'deviceId' | 'groupId'>): Buffer {
  return vault.rowMac(`group-member/${row.deviceId}`, [row.groupId])
}

export function keyUpdateMac(vault: Vault, row: Bare<KeyUpdateRow>): Buffer {
  return vault.rowMac(`key-update/${hex(row.updateId)}`, [
    number(row.deviceId),
    row.orderId,
    text(row.state),
    Buffer.of(row.newState, row.newVersion),
    row.newDispersion,
    row.stage ?? Buffer.alloc(0),
  ])
}
