import type { AuthorityStore, MarkRow, OrderChanges, OrderRow, PersonKeyRow, PersonRow, PlaceRow, PolicyRow } from './authority-store.js'
import { OPEN_UPDATE_STATES } from './field-store.js'
import type { FieldStore, KeyUpdateRow } from './field-store.js'
import { applyFirmware } from './memory-firmware.js'
import { applyGroups, forgetCounters } from './memory-groups.js'
import { addHistory } from './memory-modules.js'
import type { MemoryDisk } from './memory-store.js'
import type { ModuleHistoryRow, ModuleRow, ModulesSeen } from './module-store.js'
import type { MandateRow, TicketStore, TicketUseRow } from './ticket-store.js'

/** The part of a memory disk that people, tickets, modules and key updates fill. */
export interface MemoryField {
  people: Map<string, PersonRow>
  places: Map<string, PlaceRow>
  policies: Map<string, PolicyRow>
  marks: Map<string, MarkRow>
  personKeys: Map<string, PersonKeyRow>
  orders: Map<string, OrderRow>
  ticketUses: Map<string, TicketUseRow>
  mandates: Map<string, MandateRow>
  modules: Map<number, readonly ModuleRow[]>
  modulesSeen: Map<number, ModulesSeen>
  moduleHistory: Map<number, readonly ModuleHistoryRow[]>
  keyUpdates: Map<string, KeyUpdateRow>
}

export function memoryField(): MemoryField {
  return {
    people: new Map(),
    places: new Map(),
    policies: new Map(),
    marks: new Map(),
    personKeys: new Map(),
    orders: new Map(),
    ticketUses: new Map(),
    mandates: new Map(),
    modules: new Map(),
    modulesSeen: new Map(),
    moduleHistory: new Map(),
    keyUpdates: new Map(),
  }
}

const key = (...parts: readonly (Uint8Array | string | number)[]): string =>
  parts.map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('hex') : String(part))).join('/')
const policyKey = (row: PolicyRow): string => key(row.task, row.service, row.target, row.allows)
const isOpen = (row: KeyUpdateRow): boolean => (OPEN_UPDATE_STATES as readonly string[]).includes(row.state)

export type Commit = (write: () => void) => Promise<void>

export function memoryAuthority(disk: MemoryDisk, commit: Commit, fencedOff: () => void): AuthorityStore {
  /** A commit that may find that there is nothing to do. */
  const commitIf = async (write: () => boolean): Promise<boolean> => {
    let done = false
    await commit(() => {
      done = write()
    })
    return done
  }
  const { field } = disk
  return {
    people: async () => [...field.people.values()],
    policies: async () => [...field.policies.values()],
    places: async (addresses) => addresses.flatMap((address) => field.places.get(address) ?? []),
    placesAfter: async (after, limit) =>
      [...field.places.values()].filter(({ address }) => address > after).sort((a, b) => (a.address < b.address ? -1 : 1)).slice(0, limit),
    mark: async (name) => field.marks.get(name),
    setMark: (row) => commit(() => void field.marks.set(row.name, row)),
    found: (people, mark, event) =>
      commitIf(() => {
        if (field.people.size > 0) return false
        for (const row of people) field.people.set(key(row.id), row)
        field.marks.set(mark.name, mark)
        disk.events.push(event)
        return true
      }),
    personKey: async (publicKey) => field.personKeys.get(key(publicKey)),
    putPersonKey: (row, event) =>
      commit(() => {
        field.personKeys.set(key(row.publicKey), row)
        disk.events.push(event)
      }),
    commitOrder: (order, changes, event) =>
      commitIf(() => {
        if (field.orders.has(key(order.orderId))) return false
        apply(disk, changes)
        field.orders.set(key(order.orderId), order)
        disk.events.push(event)
        return true
      }),
    events: async (after, limit) =>
      disk.events
        .map((event, i) => ({ ...event, detail: event.detail ?? {}, id: i + 1, at: 0 }))
        .filter(({ id }) => id > after)
        .slice(0, limit),
    note: async (event) => void disk.events.push(event),
    newEpoch: async (epoch, keyCheck, event) => {
      if (disk.identity) disk.identity = { ...disk.identity, epoch, keyCheck }
      disk.fencing++
      fencedOff()
      const { highs } = disk.reports
      for (const { id } of disk.devices) highs.set(id, { ...(highs.get(id) ?? { highest: -1, uncheckedTo: -1 }), known: false })
      forgetCounters(disk)
      disk.events.push(event)
    },
  }
}

/** All or nothing: what may fail is looked at first. */
export function apply(disk: MemoryDisk, changes: OrderChanges): void {
  const { field } = disk
  const people = changes.people ?? []
  for (const row of people)
    for (const other of field.people.values())
      if (!other.id.equals(row.id) && other.publicKey.equals(row.publicKey)) throw new Error('the key is taken')
  for (const row of changes.keyUpdates ?? [])
    for (const other of field.keyUpdates.values())
      if (isOpen(row) && isOpen(other) && other.deviceId === row.deviceId && !other.updateId.equals(row.updateId))
        throw new Error('another key update of the device is open')
  for (const row of people) field.people.set(key(row.id), row)
  for (const row of changes.places ?? []) field.places.set(row.address, row)
  for (const address of changes.unplaced ?? []) field.places.delete(address)
  for (const row of changes.policies ?? []) field.policies.set(policyKey(row), row)
  for (const row of changes.removedPolicies ?? []) field.policies.delete(policyKey(row))
  for (const row of changes.devices ?? []) disk.devices = disk.devices.map((one) => (one.id === row.id ? row : one))
  if (changes.modules) {
    field.modules.set(changes.modules.deviceId, changes.modules.rows)
    addHistory(disk, changes.modules.deviceId, changes.modules.history)
  }
  for (const row of changes.mandates ?? []) field.mandates.set(key(row.mandateId), row)
  for (const row of changes.keyUpdates ?? []) field.keyUpdates.set(key(row.updateId), row)
  if (changes.groups) applyGroups(disk, changes.groups)
  if (changes.firmware) applyFirmware(disk, changes.firmware)
  for (const { keyState, keyVersion } of changes.activeRoots ?? [])
    disk.rootKeys = disk.rootKeys.map((row) => (row.keyState === keyState && row.keyVersion === keyVersion && row.status === 'pending' ? { ...row, status: 'active' } : row))
  const named = (list: OrderChanges['activeRoots'], row: { keyState: number; keyVersion: number }): boolean =>
    (list ?? []).some((one) => one.keyState === row.keyState && one.keyVersion === row.keyVersion)
  disk.rootKeys = disk.rootKeys.map((row) => {
    if (named(changes.destroyedRoots, row)) return { ...row, status: 'destroyed', wrapped: Buffer.alloc(0) }
    return named(changes.withdrawnRoots, row) ? { ...row, status: 'withdrawn' } : row
  })
  disk.rootKeys.push(...(changes.rootKeys ?? []).map((row) => ({ ...row, status: 'pending' })))
}

export function memoryTickets({ field, events }: MemoryDisk, commit: Commit): TicketStore {
  return {
    async useTicket(row, event) {
      const at = key(row.ticketId, row.dispersion)
      let fresh = false
      await commit(() => {
        fresh = !field.ticketUses.has(at)
        if (!fresh) return
        field.ticketUses.set(at, row)
        events.push(event)
      })
      return fresh
    },
    ticketUse: async (ticketId, dispersion) => field.ticketUses.get(key(ticketId, dispersion)),
    mandateUses: async (mandateId, since) =>
      [...field.ticketUses.values()]
        .filter((row) => row.mandateId?.equals(mandateId) && row.usedAt >= since)
        .map((row) => row.usedAt)
        .sort((a, b) => a - b),
    forgetUses: (before) =>
      commit(() => {
        for (const [at, row] of field.ticketUses)
          if (row.notAfter < before && (row.mandateId === undefined || row.usedAt < before)) field.ticketUses.delete(at)
      }),
    mandates: async () => [...field.mandates.values()],
    async addMandate(row, event) {
      let fresh = false
      await commit(() => {
        fresh = ![...field.mandates.values()].some((one) => one.mandateId.subarray(0, 8).equals(row.mandateId.subarray(0, 8)))
        if (!fresh) return
        field.mandates.set(key(row.mandateId), row)
        events.push(event)
      })
      return fresh
    },
  }
}

export function memoryFieldStore(disk: MemoryDisk, commit: Commit): FieldStore {
  const { field } = disk
  return {
    updateDevice: (row, event) =>
      commit(() => {
        apply(disk, { devices: [row] })
        disk.events.push(event)
      }),
    openKeyUpdates: async (deviceIds) =>
      [...field.keyUpdates.values()]
        .filter((row) => isOpen(row) && (deviceIds === undefined || deviceIds.includes(row.deviceId)))
        .sort((a, b) => a.deviceId - b.deviceId),
    keyUpdatePage: async ({ orderId, after, limit }) =>
      [...field.keyUpdates.values()]
        .filter((update) => (orderId ? update.orderId.equals(orderId) : isOpen(update)))
        .flatMap((update) => {
          const row = disk.devices.find((one) => one.id === update.deviceId)
          return row && row.address > after ? [{ address: row.address, status: row.status, suspect: row.suspect, update }] : []
        })
        .sort((a, b) => (a.address < b.address ? -1 : 1))
        .slice(0, limit),
    keyDevicePage: async (after, limit) =>
      disk.devices
        .filter((row) => row.status !== 'withdrawn' && row.address > after)
        .sort((a, b) => (a.address < b.address ? -1 : 1))
        .slice(0, limit)
        .map(({ id, address, keyState, keyVersion, suspect, status }) => ({
          address,
          keyState,
          keyVersion,
          suspect: suspect || status === 'suspect',
          updating: [...field.keyUpdates.values()].some((update) => update.deviceId === id && isOpen(update)),
        })),
    rootKeyUse: async () => {
      const versions = new Map(disk.rootKeys.map((row) => [`${row.keyState}/${row.keyVersion}`, row]))
      return [...versions.values()]
        .map(({ keyState, keyVersion, status }) => ({
          keyState,
          keyVersion,
          status,
          devices: disk.devices.filter((row) => row.status !== 'withdrawn' && row.keyState === keyState && row.keyVersion === keyVersion).length,
        }))
        .sort((a, b) => a.keyState - b.keyState || a.keyVersion - b.keyVersion)
    },
    setRootKeyStatus: (keyState, keyVersion, status, event) =>
      commit(() => {
        disk.rootKeys = disk.rootKeys.map((row) => (row.keyState === keyState && row.keyVersion === keyVersion ? { ...row, status } : row))
        disk.events.push(event)
      }),
    saveKeyUpdate: (row, device, event) =>
      commit(() => {
        apply(disk, { keyUpdates: [row], ...(device && { devices: [device] }) })
        disk.events.push(event)
      }),
    devicesById: async (ids) => disk.devices.filter((row) => ids.includes(row.id)),
  }
}
