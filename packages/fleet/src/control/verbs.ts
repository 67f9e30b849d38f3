import { HesError, isoWithOffset, parseAddress } from '@zhuzhan/core'
import { decimal, describeItem, elements } from '@zhuzhan/dlt698'
import type { Data, Oad } from '@zhuzhan/dlt698'
import { OBJECT_NAMES } from '@zhuzhan/field-sessions'
import { z } from 'zod'
import { applianceOf, pileOf } from '../device/device.js'
import type { Device } from '../device/device.js'
import { readAttribute } from '../device/attributes.js'
import { FAULTS } from '../faults/table.js'
import { frozenCell, standardColumns } from '../meter/freeze-row.js'
import { FREEZES, recentStamps } from '../meter/freezes.js'
import type { Freeze } from '../meter/freezes.js'
import { maximumDemand } from '../meter/demand.js'
import type { Fleet } from '../run/fleet.js'
import type { Terminal } from '../terminal/terminal.js'

const address = z.string().transform((text, context) => {
  try {
    return parseAddress(text) as string
  } catch {
    context.addIssue({ code: 'custom', message: 'not an address' })
    return z.NEVER
  }
})
/** ISO time or epoch milliseconds. */
const time = z.union([z.number(), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))])
const oad = z.string().regex(/^[0-9A-Fa-f]{8}$/).transform((text) => text.toUpperCase())

interface Verb<S extends z.ZodType> {
  does: string
  parameters: S
  run(fleet: Fleet, parameters: z.output<S>): unknown
}

function verb<S extends z.ZodType>(does: string, parameters: S, run: (fleet: Fleet, parameters: z.output<S>) => unknown): Verb<S> {
  return { does, parameters, run }
}

/** What the control port understands: one row a verb. */
export const VERBS: Readonly<Record<string, Verb<z.ZodType>>> = {
  'help': verb('the verbs', z.object({}), () => Object.fromEntries(Object.entries(VERBS).map(([name, { does }]) => [name, does])), ),
  'list': verb('terminals, `limit` from `offset` on', z.object({ offset: z.int().min(0).default(0), limit: z.int().min(1).max(10_000).default(1_000) }),
    (fleet, { offset, limit }) => ({ total: fleet.terminals.size, items: [...fleet.terminals.values()].slice(offset, offset + limit).map((t) => summary(fleet, t)) })),
  'terminal': verb('one terminal with its meters', z.object({ address }), (fleet, p) => {
    const terminal = terminalOf(fleet, p.address)
    return { ...summary(fleet, terminal), meters: [...terminal.meters.values()].map((m) => deviceSummary(fleet, m)), counters: terminal.protection.counters() }
  }),
  'faults': verb('the faults there are, with their options', z.object({}), () => FAULTS),
  'fault': verb('switch a fault of a terminal or meter on or off', z.object({ address, fault: z.string(), on: z.boolean().default(true), options: z.record(z.string(), z.number()).optional() }),
    (fleet, p) => {
      deviceOf(fleet, p.address)
      fleet.faults.set(p.address, p.fault, p.on, p.options)
      return fleet.faults.of(p.address)
    }),
  'counts': verb('sums over the fleet, and what waits now', z.object({}), (fleet) => ({
    ...fleet.counts, terminals: fleet.terminals.size, ready: count(fleet, (t) => t.link.ready), reportsWaiting: sum(fleet, (t) => t.reports.waiting),
    faults: fleet.faults.count, ledgerEntries: fleet.ledger.entries,
  })),
  'reports': verb('periodic reports of one terminal or of all on or off', z.object({ address: address.optional(), on: z.boolean() }), (fleet, p) => {
    const chosen = p.address === undefined ? [...fleet.terminals.values()] : [terminalOf(fleet, p.address)]
    for (const terminal of chosen) terminal.setReporting(p.on)
    return { terminals: chosen.length }
  }),
  'report': verb('report now', z.object({ address }), (fleet, p) => {
    const terminal = terminalOf(fleet, p.address)
    terminal.reportNow()
    return { waiting: terminal.reports.waiting }
  }),
  'ledger': verb('write the ledger out', z.object({}), (fleet) => {
    fleet.ledger.flush()
    return { path: fleet.ledger.path ?? null, entries: fleet.ledger.entries, readings: fleet.counts.readingsAcknowledged }
  }),
  'relay': verb('state of the relay of a terminal or meter', z.object({ address }), (fleet, p) => relayState(fleet, deviceOf(fleet, p.address))),
  'button': verb('the customer presses the button: a relay whose closing is due or allowed closes now', z.object({ address }), (fleet, p) => {
    const device = deviceOf(fleet, p.address)
    const last = device.meter.relay.intervals.at(-1)
    if (last?.to !== undefined) device.meter.relay.close(fleet.clock.now())
    return relayState(fleet, device)
  }),
  'truth': verb('what an attribute (or an element of it) of a device was at a time', z.object({ address, oad, time: time.optional() }), (fleet, p) => {
    const device = deviceOf(fleet, p.address)
    const at = p.time ?? fleet.clock.now()
    const outcome = readAttribute(device, p.oad, at)
    if ('dar' in outcome) throw new HesError('NOT_FOUND', `${p.oad} of ${p.address} is DAR ${outcome.dar}`)
    return { address: p.address, time: isoWithOffset(at, device.meter.zone), readings: plainReadings(p.oad, outcome.data) }
  }),
  'freeze': verb('rows of a freeze (minute, hour, day, month, ...) as the meter holds them, the newest first', z.object({
    address, kind: z.enum(FREEZES.map((f) => f.name) as [Freeze['name'], ...Freeze['name'][]]), n: z.int().min(1).max(3_000).default(1), columns: z.array(oad).optional(),
  }), (fleet, p) => {
    const device = deviceOf(fleet, p.address)
    const freeze = FREEZES.find((f) => f.name === p.kind)!
    const columns = p.columns ?? standardColumns(freeze)
    return recentStamps(freeze, device.meter, fleet.clock.now() + device.skew, p.n).map((stamp) => ({
      time: isoWithOffset(stamp, device.meter.zone),
      readings: columns.flatMap((column) => plainReadings(column, frozenCell(device.meter, freeze, column, stamp, device.skew))),
    }))
  }),
  'demand': verb('maximum demand of the month so far', z.object({ address, time: time.optional() }), (fleet, p) => {
    const device = deviceOf(fleet, p.address)
    return maximumDemand(device.meter, p.time ?? fleet.clock.now()).map(({ value, at }) => ({ value: decimal(value, -4), at: at === undefined ? null : isoWithOffset(at, device.meter.zone) }))
  }),
  'field': verb('devices at the boundaries of a meter: sessions, values that count, values that do not; without an address the meters that have some', z.object({ address: address.optional() }), (fleet, p) =>
    p.address === undefined ? { meters: [...fleet.field.meters.keys()] } : { address: p.address, devices: deviceOf(fleet, p.address).field?.peers() ?? [] }),
  'field-command': verb('a meter commands a device of its own: breakerSwitch 0 or 1, applianceLimit, pileLimit in W', z.object({ address, pid: z.string(), object: z.enum(OBJECT_NAMES), value: z.int() }),
    async (fleet, p) => ({ id: await fleet.field.command(p.address, p.pid.toLowerCase(), p.object, p.value) })),
  'field-release': verb('an operator looked at a device that is not believed: its values count again', z.object({ address, pid: z.string() }), (fleet, p) => {
    deviceOf(fleet, p.address).field?.release(p.pid.toLowerCase())
    return {}
  }),
  'pile-night': verb('vehicles that will come to the pile of a meter, its safe power, and how much faster than the clock it charges', z.object({
    address, safeWatts: z.int().min(0), speed: z.number().positive().max(10_000).default(1),
    vehicles: z.array(z.object({ from: time, to: time, kwh: z.number().positive(), maxKw: z.number().positive(), minKw: z.number().min(0) })).max(100),
  }), (fleet, { address: of, ...night }) => {
    pileAt(fleet, of).announce(night, fleet.clock.now())
    return {}
  }),
  'pile': verb('what the pile of a meter is set to, draws, and drew since its night was announced', z.object({ address }), (fleet, p) => {
    const pile = pileAt(fleet, p.address)
    const now = fleet.clock.now()
    return { ...pile.state(now), deliveredKwh: pile.delivered(now), trace: pile.trace(now) }
  }),
  'appliance-be': verb('what the appliance of a meter is: powers, and the comfort rules it keeps by itself; it has no past then', z.object({
    address, kind: z.enum(['air-conditioner', 'water-heater']), ratedWatts: z.int().positive(), leastWatts: z.int().min(0), drawWatts: z.int().min(0),
    longestHoldSeconds: z.int().min(1), dayHoldSeconds: z.int().min(1), recoverySeconds: z.int().min(0),
  }).refine(({ ratedWatts, drawWatts, leastWatts }) => leastWatts <= drawWatts && drawWatts < ratedWatts, 'leastWatts <= drawWatts < ratedWatts'), (fleet, { address: of, ...nature }) => {
    applianceAt(fleet, of).become(nature, fleet.clock.now())
    return {}
  }),
  'appliance': verb('what the appliance of a meter is set to, draws, and says of its holds, and what it drew', z.object({ address }), (fleet, p) => {
    const appliance = applianceAt(fleet, p.address)
    const now = fleet.clock.now()
    return { ...appliance.state(now), trace: appliance.trace(now) }
  }),
  'disconnect': verb('hang up; back after `seconds` (the usual back-off when not given)', z.object({ address, seconds: z.number().min(0).optional() }), (fleet, p) => {
    terminalOf(fleet, p.address).link.hangUp('control port', p.seconds === undefined ? undefined : p.seconds * 1000)
    return {}
  }),
}

function summary(fleet: Fleet, terminal: Terminal): Record<string, unknown> {
  const { link, reports, protection } = terminal
  return {
    ...deviceSummary(fleet, terminal.device), profile: terminal.profile, link: link.state, sessions: protection.sessions, meters: terminal.meters.size,
    reports: { made: reports.made, acknowledged: reports.acknowledged, waiting: reports.waiting },
  }
}

function deviceSummary(fleet: Fleet, device: Device): Record<string, unknown> {
  const { meter } = device
  return {
    address: device.address, premises: meter.premises.name, installedAt: isoWithOffset(meter.installedAt, meter.zone), skewMs: device.skew,
    relayOpen: meter.relay.isOpen(fleet.clock.now()), keepPower: meter.relay.keepPower, faults: fleet.faults.of(device.address),
  }
}

function relayState(fleet: Fleet, { address: of, meter: { relay, zone } }: Device): Record<string, unknown> {
  const now = fleet.clock.now()
  return {
    address: of, open: relay.isOpen(now), tripInForce: relay.tripInForce(now), keepPower: relay.keepPower,
    intervals: relay.intervals.map(({ from, to }) => ({ from: isoWithOffset(from, zone), to: to === undefined ? null : isoWithOffset(to, zone) })),
  }
}

function plainReadings(column: Oad, data: Data): { item: Oad; name: string; value: string; unit: string }[] {
  return elements(column, data).map(({ item, value, unit }) => ({ item, name: describeItem(item)?.name ?? item, value, unit }))
}

function pileAt(fleet: Fleet, wanted: string): NonNullable<ReturnType<typeof pileOf>> {
  const pile = pileOf(deviceOf(fleet, wanted))
  if (pile === undefined) throw new HesError('NOT_FOUND', `${wanted} has no charging pile`)
  return pile
}

function applianceAt(fleet: Fleet, wanted: string): NonNullable<ReturnType<typeof applianceOf>> {
  const appliance = applianceOf(deviceOf(fleet, wanted))
  if (appliance === undefined) throw new HesError('NOT_FOUND', `${wanted} has no appliance`)
  return appliance
}

function terminalOf(fleet: Fleet, wanted: string): Terminal {
  const terminal = fleet.terminals.get(wanted)
  if (terminal === undefined) throw new HesError('NOT_FOUND', `no virtual terminal ${wanted}`)
  return terminal
}

function deviceOf(fleet: Fleet, wanted: string): Device {
  const device = fleet.device(wanted)
  if (device === undefined) throw new HesError('NOT_FOUND', `no virtual device ${wanted}`)
  return device
}

function sum(fleet: Fleet, of: (terminal: Terminal) => number): number {
  let total = 0
  for (const terminal of fleet.terminals.values()) total += of(terminal)
  return total
}

function count(fleet: Fleet, holds: (terminal: Terminal) => boolean): number {
  return sum(fleet, (terminal) => (holds(terminal) ? 1 : 0))
}
