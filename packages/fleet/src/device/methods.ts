import { readSetPoint } from '@zhuzhan/dlt698'
import type { Data, Omd } from '@zhuzhan/dlt698'
import { MINUTE_MS } from '../meter/calendar.js'
import { BUTTON_DELAY_MS } from '../meter/relay.js'
import { exists } from './attributes.js'
import { DAR } from './dar.js'
import { applianceOf, happen, pileOf } from './device.js'
import type { Device } from './device.js'
import type { VirtualPile } from '../pile/pile.js'
import { REMOTE_CONTROL } from './events.js'
import { setClock } from './write.js'

/** The only switched output of a virtual device. */
const RELAY_OUTPUT = 'F2050201'

type Method = (device: Device, parameter: Data, nowMs: number) => number

/** Methods by OMD without its mode, reference §8.3, §8.6. */
const METHODS: Readonly<Record<string, Method>> = {
  '40007F': (device, parameter, now) => setClock(device, parameter, now),
  '430001': () => DAR.success,
  '80007F': () => DAR.success,
  '800080': () => DAR.success,
  '800081': trip,
  '800082': close,
  '800083': close,
  '80017F': (device) => keep(device, true),
  '800180': (device) => keep(device, false),
  '800181': () => DAR.success,
}

/** ACTION at the true moment `nowMs`; the DAR. */
export function callMethod(device: Device, omd: Omd, parameter: Data, nowMs: number): number {
  const method = METHODS[omd.slice(0, 6)]
  if (method !== undefined) return method(device, parameter, nowMs)
  if (omd.slice(0, 6) === `${device.pileObject}7F`) return setPoint(pileOf(device)!, parameter, nowMs)
  if (omd.slice(0, 6) === `${device.applianceObject}7F`) return setPoint(applianceOf(device)!, parameter, nowMs)
  return exists(device, omd.slice(0, 4)) ? DAR.undefinedObject : DAR.noSuchObject
}

/** Does this method move a relay or its permission? Such a request is what a device may die over. */
export function isControl(omd: Omd): boolean {
  return omd.startsWith('8000') || omd.startsWith('8001')
}

/**
 * 8000 method 129: array of {relay, alarm delay u8 minutes, limit duration u16 minutes (0 = until closed), automatic
 * close}. DAR 0 means accepted; the relay opens after the alarm delay. Refused under keep-power (reference §13).
 */
function trip(device: Device, parameter: Data, nowMs: number): number {
  const orders = structures(parameter, ['oad', 'unsigned', 'long-unsigned', 'bool'])
  if (orders === undefined) return DAR.typeMismatch
  if (orders.some(([relay]) => relay.oad !== RELAY_OUTPUT)) return DAR.noSuchObject
  for (const [, delay, limit, automatic] of orders) {
    const opens = nowMs + delay.value * MINUTE_MS
    const closesAfter = limit.value > 0 && automatic.value ? limit.value * MINUTE_MS : undefined
    if (!device.meter.relay.trip(nowMs, opens, closesAfter)) return DAR.denied
  }
  happen(device, REMOTE_CONTROL, nowMs)
  return DAR.success
}

/** 8000 method 130: array of {relay, 0 allow closing | 1 close}. Allowed closing is done by the customer at the button. */
function close(device: Device, parameter: Data, nowMs: number): number {
  const orders = structures(parameter, ['oad', 'enum'])
  if (orders === undefined) return DAR.typeMismatch
  if (orders.some(([relay]) => relay.oad !== RELAY_OUTPUT)) return DAR.noSuchObject
  if (orders.some(([, command]) => command.value > 1)) return DAR.outOfBounds
  for (const [, command] of orders) device.meter.relay.close(nowMs, command.value === 1 ? nowMs : nowMs + BUTTON_DELAY_MS)
  happen(device, REMOTE_CONTROL, nowMs)
  return DAR.success
}

/** A set-point of a pile or an appliance: a repeat of an id is a success and changes nothing. */
function setPoint(load: Pick<VirtualPile, 'take'>, parameter: Data, nowMs: number): number {
  const told = readSetPoint(parameter)
  if (told === undefined) return DAR.typeMismatch
  return load.take(told, nowMs).outcome === 'refused' ? DAR.outOfBounds : DAR.success
}

function keep(device: Device, on: boolean): number {
  device.meter.relay.keep(on)
  return DAR.success
}

/** The member of the Data union that may have this type. */
type DataOf<T> = Data extends infer D ? (D extends { type: infer U } ? (T extends U ? D : never) : never) : never
type OfTypes<T extends readonly Data['type'][]> = { [K in keyof T]: DataOf<T[K]> }

/** An array of structures with exactly these members; `undefined` when the parameter is anything else or empty. */
function structures<const T extends readonly Data['type'][]>(parameter: Data, types: T): OfTypes<T>[] | undefined {
  if (parameter.type !== 'array' || parameter.items.length === 0) return undefined
  const fits = parameter.items.every((item) =>
    item.type === 'structure' && item.items.length === types.length && item.items.every((member, i) => member.type === types[i]))
  return fits ? parameter.items.map((item) => (item as { items: Data[] }).items as unknown as OfTypes<T>) : undefined
}
