import { createSimulatedAppliance } from '@zhuzhan/demand-control'
import type { SimulatedAppliance } from '@zhuzhan/demand-control'
import type { FieldMeter } from '@zhuzhan/field-sessions'
import { Meter } from '../meter/meter.js'
import { Relay } from '../meter/relay.js'
import type { RelayState } from '../meter/relay.js'
import type { Data, Oad } from '@zhuzhan/dlt698'
import { createVirtualPile } from '../pile/pile.js'
import type { VirtualPile } from '../pile/pile.js'

/** Anything with an address and objects: a terminal, or a meter behind one. */
export interface Device {
  readonly address: string
  readonly kind: 'terminal' | 'meter'
  readonly meter: Meter
  /** How far its clock is ahead of the truth, ms. A fault, or what a SET of the clock made of it. */
  skew: number
  /** What was written by SET; made when first needed, because most devices are never written to. */
  written?: Map<Oad, Data>
  /** Events that cannot be computed from address and relay: by OI, newest last. */
  happened?: Map<string, Happening[]>
  /** Of its security chip; none without one. */
  counters?: () => { asctr: number; rspctr: number; agseq: number } | undefined
  /** Its side of the Bluetooth and HPLC boundaries, when devices are attached there. */
  field?: FieldMeter
  /** OI of its charging pile object; none for a device without. */
  pileObject?: string
  /** Made when first needed. */
  pile?: VirtualPile
  /** OI of its appliance object; none for a device without. */
  applianceObject?: string
  /** Made when first needed. */
  appliance?: SimulatedAppliance
}

export interface Happening {
  at: number
  /** How many of its kind came before: event record number, 20220200. */
  number: number
}

export interface DeviceOptions {
  kind?: 'terminal' | 'meter'
  zone?: number
  relay?: RelayState
  onRelayChanged?: (address: string, relay: Relay) => void
  pileObject?: string
  applianceObject?: string
}

export function createDevice(address: string, { kind = 'meter', zone = 480, relay, onRelayChanged, pileObject, applianceObject }: DeviceOptions = {}): Device {
  const state: Relay = new Relay(relay, onRelayChanged && (() => onRelayChanged(address, state)))
  return { address, kind, meter: new Meter(address, { zone, relay: state, terminal: kind === 'terminal' }), skew: 0, ...(pileObject !== undefined && { pileObject }), ...(applianceObject !== undefined && { applianceObject }) }
}

/** The charging pile of a device that has one. */
export function pileOf(device: Device): VirtualPile | undefined {
  return device.pileObject === undefined ? undefined : (device.pile ??= createVirtualPile())
}

/** The appliance of a device that has one. */
export function applianceOf(device: Device): SimulatedAppliance | undefined {
  return device.applianceObject === undefined ? undefined : (device.appliance ??= createSimulatedAppliance(device.meter.zone))
}

/** The device's own time of a true moment. */
export function clockOf(device: Device, trueMs: number): number {
  return trueMs + device.skew
}

/** A device remembers the newest ten of each kind of event, as the objects' usual maximum. */
const KEPT_EVENTS = 10

export function happen(device: Device, oi: string, trueMs: number): void {
  const all = (device.happened ??= new Map<string, Happening[]>())
  const list = all.get(oi) ?? []
  list.push({ at: trueMs, number: (list.at(-1)?.number ?? 0) + 1 })
  if (list.length > KEPT_EVENTS) list.shift()
  all.set(oi, list)
}
