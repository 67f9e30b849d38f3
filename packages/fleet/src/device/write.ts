import { dateTimeSToEpoch } from '@zhuzhan/dlt698'
import type { Data, Oad } from '@zhuzhan/dlt698'
import { exists, readAttribute, writableType } from './attributes.js'
import { DAR } from './dar.js'
import { happen } from './device.js'
import type { Device } from './device.js'
import { METER_CLOCK_SET, TERMINAL_CLOCK_SET } from './events.js'

const CLOCK: Oad = '40000200'

/** SET of one attribute at the true moment `nowMs`; the DAR. */
export function writeAttribute(device: Device, oad: Oad, data: Data, nowMs: number): number {
  if (oad === CLOCK) return setClock(device, data, nowMs)
  if (!exists(device, oad.slice(0, 4))) return DAR.noSuchObject
  const type = writableType(oad)
  if (type === undefined) return 'data' in readAttribute(device, oad, nowMs) ? DAR.denied : DAR.undefinedObject
  if (type !== data.type) return DAR.typeMismatch
  device.written ??= new Map()
  device.written.set(oad, data)
  return DAR.success
}

/** The device's clock runs on from the time it was given. */
export function setClock(device: Device, data: Data, nowMs: number): number {
  if (data.type !== 'date-time-s') return DAR.typeMismatch
  const wanted = dateTimeSToEpoch(data.value, device.meter.zone)
  if (wanted === undefined) return DAR.outOfBounds
  device.skew = wanted - nowMs
  happen(device, device.kind === 'terminal' ? TERMINAL_CLOCK_SET : METER_CLOCK_SET, nowMs)
  return DAR.success
}
