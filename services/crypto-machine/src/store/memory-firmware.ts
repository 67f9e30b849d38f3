import type { FirmwareChanges, FirmwareReleaseRow, FirmwareStore, FirmwareVendorRow } from './firmware-store.js'
import type { MemoryDisk } from './memory-store.js'

export interface MemoryFirmware {
  vendors: Map<string, FirmwareVendorRow>
  releases: Map<string, FirmwareReleaseRow>
}

export function memoryFirmwareParts(): MemoryFirmware {
  return { vendors: new Map(), releases: new Map() }
}

const key = (relId: Uint8Array): string => Buffer.from(relId).toString('hex')

export function memoryFirmware(disk: MemoryDisk, commit: (write: () => void) => Promise<void>): FirmwareStore {
  const { vendors, releases } = disk.firmware
  return {
    firmwareVendors: async () => [...vendors.values()].sort((a, b) => (a.vendor < b.vendor ? -1 : 1)),
    firmwareReleases: async () => [...releases.values()].sort((a, b) => Buffer.compare(a.relId, b.relId)),
    firmwareRelease: async (relId) => releases.get(key(relId)),
    prepareFirmware: (row, kept, event) =>
      commit(() => {
        releases.set(key(row.relId), row)
        const prepared = [...releases.values()].filter(({ state }) => state === 'prepared').sort((a, b) => b.changedAt - a.changedAt || Buffer.compare(a.relId, b.relId))
        for (const old of prepared.slice(kept)) releases.delete(key(old.relId))
        disk.events.push(event)
      }),
  }
}

/** Part of an order's commit. */
export function applyFirmware({ firmware }: MemoryDisk, { vendors = [], releases = [] }: FirmwareChanges): void {
  for (const row of vendors) firmware.vendors.set(row.vendor, row)
  for (const row of releases) firmware.releases.set(key(row.relId), row)
}
