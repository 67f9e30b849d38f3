import { apply } from './memory-authority.js'
import type { Commit } from './memory-authority.js'
import type { MemoryDisk } from './memory-store.js'
import { HISTORY_KEPT } from './module-store.js'
import type { ModuleHistoryRow, ModuleStore } from './module-store.js'

/** Modules of the memory store. */
export function memoryModules(disk: MemoryDisk, commit: Commit): ModuleStore {
  const { field } = disk
  const isSuspect = (row: { suspect: boolean; status: string }): boolean => row.suspect || row.status === 'suspect'
  const serialOf = (deviceId: number): Buffer | undefined => disk.devices.find(({ id }) => id === deviceId)?.chipSerial
  return {
    modules: async (deviceId) => [...(field.modules.get(deviceId) ?? [])],
    modulesOf: async (addresses) =>
      disk.devices
        .filter(({ address, status }) => addresses.includes(address) && status !== 'withdrawn')
        .sort((a, b) => (a.address < b.address ? -1 : 1))
        .map(({ id, address, status, suspect }) => ({ device: { id, address, status, suspect }, rows: field.modules.get(id) ?? [], seen: field.modulesSeen.get(id) })),
    suspectPage: async (after, limit) =>
      disk.devices
        .filter((row) => isSuspect(row) && row.address > after)
        .map(({ address }) => ({ address }))
        .sort((a, b) => (a.address < b.address ? -1 : 1))
        .slice(0, limit),
    suspectCount: async () => disk.devices.filter(isSuspect).length,
    modulesBound: async (serials, exceptDevice) =>
      [...field.modules].flatMap(([deviceId, rows]) =>
        deviceId === exceptDevice
          ? []
          : rows
              .filter((row) => serials.some((serial) => serial.equals(row.serial)))
              .map(({ serial }) => ({ serial, address: disk.devices.find(({ id }) => id === deviceId)?.address ?? '' })),
      ),
    bindFirst: (sets, event) =>
      commit(() => {
        for (const { deviceId, rows, history } of sets) {
          if (field.modules.has(deviceId)) continue
          field.modules.set(deviceId, rows)
          addHistory(disk, deviceId, history)
        }
        disk.events.push(event)
      }),
    modulesUse: async (keyState, keyVersion) =>
      [...field.modules].some(([deviceId, rows]) =>
        rows.some((row) => row.chip && row.keyState === keyState && row.keyVersion === keyVersion && !row.serial.equals(serialOf(deviceId) ?? Buffer.alloc(0))),
      ),
    modulesSeen: async (deviceId) => field.modulesSeen.get(deviceId),
    recordModules: (deviceId, { at, findings }, { device, history = [], event } = {}) =>
      commit(() => {
        if (device) apply(disk, { devices: [device] })
        field.modulesSeen.set(deviceId, { at, findings: [...findings] })
        addHistory(disk, deviceId, history)
        if (event) disk.events.push(event)
      }),
    moduleHistory: async (deviceId, limit) => [...(field.moduleHistory.get(deviceId) ?? [])].reverse().slice(0, limit),
  }
}

export function addHistory({ field }: MemoryDisk, deviceId: number, rows: readonly ModuleHistoryRow[]): void {
  if (rows.length > 0) field.moduleHistory.set(deviceId, [...(field.moduleHistory.get(deviceId) ?? []), ...rows].slice(-HISTORY_KEPT))
}
