import { applianceStateData, epochToDateTimeS, pileStateData } from '@zhuzhan/dlt698'
import type { Data, Oad } from '@zhuzhan/dlt698'
import { freezeOf } from '../meter/freezes.js'
import type { Freeze } from '../meter/freezes.js'
import { standardColumns } from '../meter/freeze-row.js'
import { element, isMeasured, measured, scalerUnit } from '../meter/objects.js'
import { DAR } from './dar.js'
import type { Device } from './device.js'
import { applianceOf, clockOf, pileOf } from './device.js'
import { hasEvent } from './events.js'

/** A value, or the DAR why there is none. */
export type Outcome = { data: Data } | { dar: number }

const octets = (hex: string): Data => ({ type: 'octet-string', hex })
const text = (value: string): Data => ({ type: 'visible-string', text: value })
const bits8 = (first: boolean): Data => ({ type: 'bit-string', bits: 8, hex: first ? '80' : '00' })

/** Parameters and states every virtual device has besides what it measures: OI and attribute to value. Reference §8.3, §8.6. */
const STATES: Readonly<Record<string, (device: Device, nowMs: number) => Data | undefined>> = {
  '400002': (d, now) => ({ type: 'date-time-s', value: epochToDateTimeS(clockOf(d, now), d.meter.zone) }),
  '400003': () => ({ type: 'enum', value: 0 }),
  '400102': (d) => octets(d.address),
  '400202': (d) => octets(d.address),
  '400302': (d) => octets(`88${d.address.slice(2)}`),
  '410302': (d) => text(`ZZ${d.address}`.padEnd(32, '0')),
  '410402': () => text('220V'),
  '410502': (d) => text(d.meter.premises.phases === 1 ? '5A' : '1.5A'),
  '410602': (d) => text(`${d.meter.premises.ratedCurrent}A`),
  '430003': () => structure(text('ZHUZ'), text('0100'), text('261001'), text('0100'), text('261001'), text('00000000')),
  '430007': () => ({ type: 'bool', value: true }),
  '430008': () => ({ type: 'bool', value: true }),
  // No current limit for a trip, no delay.
  '800002': () => structure({ type: 'double-long-unsigned', value: 0 }, { type: 'unsigned', value: 0 }),
  // Bit n, most significant first, is output n; 1 is operated, i.e. open (ruling of reference §13).
  '800003': (d, now) => bits8(d.meter.relay.isOpen(now)),
  '800004': () => bits8(false),
  '800005': (d, now) => bits8(d.meter.relay.tripInForce(now)),
  '800102': (d) => ({ type: 'enum', value: d.meter.relay.keepPower ? 1 : 0 }),
  // Counters of the chip {single address, report, group} (OSP-1 §7.5); a plain device has no chip.
  'F10007': (d) => {
    const counters = d.counters?.()
    return counters && structure(...[counters.asctr, counters.rspctr, counters.agseq].map((value): Data => ({ type: 'double-long-unsigned', value })))
  },
  // One output: state 0 closed 1 open, kept by the device, normally closed contact.
  'F20502': (d, now) => ({
    type: 'array',
    items: [structure(text('RELAY'), { type: 'enum', value: d.meter.relay.isOpen(now) ? 1 : 0 }, { type: 'enum', value: 1 }, { type: 'enum', value: 1 }, octets(''))],
  }),
}

function structure(...items: Data[]): Data {
  return { type: 'structure', items }
}

/** OIs with a state or parameter, for telling "no such object" from "no such attribute". */
const STATE_OIS = new Set(Object.keys(STATES).map((key) => key.slice(0, 4)))

/** GET of one attribute at the true moment `nowMs`. */
export function readAttribute(device: Device, oad: Oad, nowMs: number): Outcome {
  const oi = oad.slice(0, 4)
  const attribute = Number.parseInt(oad.slice(4, 6), 16)
  const index = Number.parseInt(oad.slice(6), 16)
  if (!exists(device, oi)) return { dar: DAR.noSuchObject }
  if (attribute === 1 && index === 0) return { data: octets(oi) }
  const whole = wholeAttribute(device, oad.slice(0, 6), nowMs)
  if (whole === undefined) return { dar: DAR.undefinedObject }
  const data = element(whole, index)
  return data === undefined ? { dar: DAR.outOfBounds } : { data }
}

function wholeAttribute(device: Device, key: string, nowMs: number): Data | undefined {
  const written = device.written?.get(`${key}00`)
  if (written !== undefined) return written
  const state = STATES[key]
  if (state !== undefined) return state(device, nowMs)
  if (key === `${device.pileObject}02`) return pileStateData(pileOf(device)!.state(nowMs))
  if (key === `${device.applianceObject}02`) return applianceStateData(applianceOf(device)!.state(nowMs))
  const freeze = freezeOf(key.slice(0, 4))
  if (freeze !== undefined) return key.endsWith('03') ? relatedObjects(freeze) : undefined
  return measured(device.meter, `${key}00`, nowMs) ?? scalerUnit(`${key}00`)
}

export function exists(device: Device, oi: string): boolean {
  return STATE_OIS.has(oi) || isMeasured(`${oi}0200`) || freezeOf(oi) !== undefined || hasEvent(device, oi) || (device.kind === 'terminal' && oi === '6012') || oi === device.pileObject || oi === device.applianceObject
}

/** Attribute 3 of a freeze object: {period, OAD, depth} each. The period counts in the freeze's own unit. Reference §8.4. */
function relatedObjects(freeze: Freeze): Data {
  return {
    type: 'array',
    items: standardColumns(freeze).slice(2).map((oad) =>
      structure({ type: 'long-unsigned', value: 1 }, { type: 'oad', oad }, { type: 'long-unsigned', value: freeze.depth })),
  }
}

/** Parameters a SET may change, with the type they must have. The clock is not among them: it moves. */
const WRITABLE: Readonly<Record<Oad, Data['type']>> = {
  '40000300': 'enum',
  '40030200': 'octet-string',
  '41030200': 'visible-string',
  '43000700': 'bool',
  '43000800': 'bool',
}

export function writableType(oad: Oad): Data['type'] | undefined {
  return WRITABLE[oad]
}
