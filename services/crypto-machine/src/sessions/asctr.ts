import { HesError } from '@zhuzhan/core'
import type { Device } from '../keys/devices.js'
import type { MachineStore } from '../store/store.js'

/** Counters reserved by one commit; what a crash leaves unused is a gap, which is fine. §7.10 */
const BLOCK = 8
const LAST = 0xffff_ffff

export interface AsctrAllocator {
  /** One new counter for each device, committed before it is returned. Order is kept; a device may appear twice. */
  next(devices: readonly Device[]): Promise<number[]>
  /** An authentic counter answer says that the meter stands at `stored`: go on above it. Committed on return. */
  stepAbove(device: Device, stored: number): Promise<void>
}

export function createAsctrAllocator(store: MachineStore): AsctrAllocator {
  return {
    async next(devices) {
      const wanted = new Map<Device, number>()
      for (const device of devices) wanted.set(device, (wanted.get(device) ?? 0) + 1)
      const short = [...wanted].filter(([device, count]) => device.asctr.used + count > device.asctr.reserved)
      if (short.length > 0) {
        const rows = short.map(([device, count]) => ({ device, upTo: Math.min(LAST, device.asctr.used + Math.max(count, BLOCK)) }))
        await store.reserveAsctr(rows.map(({ device, upTo }) => ({ deviceId: device.row.id, asctr: upTo })))
        for (const { device, upTo } of rows) device.asctr.reserved = Math.max(device.asctr.reserved, upTo)
      }
      return devices.map((device) => {
        // Another call may have taken from the block while the commit was under way: then this one fails, retryably.
        if (device.asctr.used >= device.asctr.reserved)
          throw new HesError('BUSY', 'another negotiation of this device is under way', { address: device.row.address })
        return ++device.asctr.used
      })
    },
    async stepAbove(device, stored) {
      if (stored >= LAST)
        throw new HesError('COUNTER', 'the counter of this device is at its end', { address: device.row.address, reason: 'exhausted' })
      const upTo = Math.min(LAST, stored + BLOCK)
      await store.reserveAsctr([{ deviceId: device.row.id, asctr: upTo }])
      device.asctr = { used: Math.max(device.asctr.used, stored), reserved: Math.max(device.asctr.reserved, upTo) }
    },
  }
}
