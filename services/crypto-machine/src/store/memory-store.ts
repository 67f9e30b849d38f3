import { memoryAuthority, memoryField, memoryFieldStore, memoryTickets } from './memory-authority.js'
import type { MemoryField } from './memory-authority.js'
import { memoryFirmware, memoryFirmwareParts } from './memory-firmware.js'
import type { MemoryFirmware } from './memory-firmware.js'
import { memoryGroupParts, memoryGroups } from './memory-groups.js'
import type { MemoryGroups } from './memory-groups.js'
import { memoryBackup } from './memory-backup.js'
import { memoryModules } from './memory-modules.js'
import { memoryReportParts, memoryReports, windowAnew } from './memory-reports.js'
import type { MemoryReports } from './memory-reports.js'
import { memoryReseal } from './memory-reseal.js'
import { FencedError } from './store.js'
import type { DeviceRow, KeyEvent, MachineIdentity, MachineStore, OwnKeyRow, RootKeyRow } from './store.js'

/** What outlives a machine process: give the same one to two stores and they fight for it like two processes. */
export interface MemoryDisk {
  identity: MachineIdentity | undefined
  fencing: number
  rootKeys: RootKeyRow[]
  ownKeys: OwnKeyRow[]
  devices: DeviceRow[]
  asctr: Map<number, number>
  events: KeyEvent[]
  /** People, tickets, modules, key updates. */
  field: MemoryField
  reports: MemoryReports
  groups: MemoryGroups
  firmware: MemoryFirmware
  /** Commits so far; a test makes the n-th fail. */
  commits: number
  failNext: Error | undefined
}

export function memoryDisk(): MemoryDisk {
  return {
    identity: undefined,
    fencing: 0,
    rootKeys: [],
    ownKeys: [],
    devices: [],
    asctr: new Map(),
    events: [],
    field: memoryField(),
    reports: memoryReportParts(),
    groups: memoryGroupParts(),
    firmware: memoryFirmwareParts(),
    commits: 0,
    failNext: undefined,
  }
}

/** The port in memory, for tests and for `selftest`-like tools. */
export function createMemoryStore(disk: MemoryDisk = memoryDisk()): MachineStore {
  let fencing = -1
  const commit = async (write: () => void): Promise<void> => {
    await Promise.resolve()
    if (disk.failNext) {
      const error = disk.failNext
      disk.failNext = undefined
      throw error
    }
    if (fencing !== disk.fencing) throw new FencedError()
    disk.commits++
    write()
  }
  const disown = (): void => {
    fencing = -1
  }
  const authority = memoryAuthority(disk, commit, disown)
  return {
    ...authority,
    ...memoryTickets(disk, commit),
    ...memoryFieldStore(disk, commit),
    ...memoryGroups(disk, commit),
    ...memoryFirmware(disk, commit),
    ...memoryModules(disk, commit),
    ...memoryBackup(disk, authority.newEpoch),
    ...memoryReseal(disk, disown),
    ...memoryReports(disk, commit),
    identity: async (make) => {
      const made = disk.identity ?? (await make())
      return (disk.identity ??= made)
    },
    takeOver: async () => (fencing = ++disk.fencing),
    owned: async () => fencing === disk.fencing,
    rootKeys: async () => [...disk.rootKeys],
    addRootKeys: (rows, event) =>
      commit(() => {
        disk.rootKeys.push(...rows.map((row) => ({ ...row, status: 'active' })))
        disk.events.push(event)
      }),
    ownKeys: async () => [...disk.ownKeys],
    addOwnKey: (row, event) =>
      commit(() => {
        disk.ownKeys.push(row)
        disk.events.push(event)
      }),
    devices: async (addresses) => disk.devices.filter((row) => addresses.includes(row.address)),
    deviceCount: async () => disk.devices.length,
    async enrol(rows, kind) {
      const stored = rows.map((row, i) => ({ ...row, id: disk.devices.length + i + 1 }))
      await commit(() => {
        if (rows.some((row) => disk.devices.some((one) => one.address === row.address))) throw new Error('the address is taken')
        disk.devices.push(...stored)
        disk.events.push(...rows.map((row) => ({ kind, subject: row.address, detail: { mode: row.mode } })))
      })
      return stored
    },
    async replaceDevice(id, row, event) {
      const stored = { ...row, id }
      await commit(() => {
        disk.devices = disk.devices.map((one) => (one.id === id ? stored : one))
        windowAnew(disk, id, Buffer.alloc(0))
        disk.reports.highs.delete(id)
        disk.events.push(event)
      })
      return stored
    },
    asctrOf: async (deviceIds) => new Map(deviceIds.flatMap((id): [number, number][] => (disk.asctr.has(id) ? [[id, disk.asctr.get(id) ?? 0]] : []))),
    reserveAsctr: (rows) =>
      commit(() => {
        for (const { deviceId, asctr } of rows) disk.asctr.set(deviceId, Math.max(asctr, disk.asctr.get(deviceId) ?? 0))
      }),
    addEvent: (event) =>
      commit(() => {
        disk.events.push(event)
      }),
  }
}
