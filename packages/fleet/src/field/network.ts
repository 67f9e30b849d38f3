import { KINDS, createFieldDevice, diversifyField, encodePairingCode, pidOfKey, softSm4, suiteOf } from '@zhuzhan/field-sessions'
import type { FieldMeter, Kind, ObjectName, PairingCode } from '@zhuzhan/field-sessions'
import { HesError, errorText } from '@zhuzhan/core'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { dispersionOfNumber } from '@zhuzhan/osp1'
import { policySettings } from '@zhuzhan/policy'
import type { Device } from '../device/device.js'
import { seedOf } from '../meter/hash.js'
import type { FleetContext } from '../terminal/context.js'
import { startAgent } from './agent.js'
import { createBoundary } from './boundary.js'
import type { BoundaryEnd } from './boundary.js'
import { openFieldMeter } from './meter-side.js'
import { createThing } from './things.js'

/** The devices come one after the other, so that a fleet's own start is not slowed down. */
const BETWEEN_MS = 250
const FIRST_MS = 2_000
const ORDER: readonly Kind[] = ['charging-pile', 'breaker', 'phone', 'sensor', 'appliance']
/** How much too much a lying device tells of. */
const LIE = 100

/** Virtual devices at the boundaries of the fleet's meters, secured by FSP-1. */
export interface FieldNetwork {
  /** Where there are devices: address of the meter, its side. */
  readonly meters: ReadonlyMap<string, FieldMeter>
  start(): void
  /** A command of a meter to a device of its own. @throws HesError NOT_FOUND, SESSION_UNKNOWN, RIGHT_MISSING, BODY_INVALID */
  command(address: string, pid: string, object: ObjectName, value: number): Promise<number>
}

export function createFieldNetwork(context: FleetContext, devices: readonly Device[], engine: () => Promise<Sm2Engine>): FieldNetwork {
  const { settings, random, scheduler, counts, faults, log } = context
  const policy = policySettings({ production: false, hardware: [], laboratory: settings.labSubstitution })
  const kinds = settings.labSubstitution.includes('SM1') ? [...ORDER, 'handheld' as const] : ORDER
  // Who issues virtual devices: one root for this run, and each device and its meter hold the device's own key.
  const root = random(16)
  const meters = new Map<string, FieldMeter>()
  const opening = new Map<string, Promise<{ field: FieldMeter; meterKey: Buffer }>>()
  const ends = new Map<string, BoundaryEnd>()

  async function openMeter(device: Device): Promise<{ field: FieldMeter; meterKey: Buffer }> {
    const using = await engine()
    const identity = await using.generateKeyPair()
    const field = await openFieldMeter(device, context, using, identity, policy, root)
    device.field = field
    meters.set(device.address, field)
    return { field, meterKey: identity.publicKey }
  }
  /** One side of a meter, though several devices ask for it at once. */
  const meterSide = (device: Device): Promise<{ field: FieldMeter; meterKey: Buffer }> => {
    const there = opening.get(device.address) ?? openMeter(device)
    opening.set(device.address, there)
    return there
  }

  async function attach(device: Device, kind: Kind, number: number): Promise<void> {
    const using = await engine()
    const { field, meterKey } = await meterSide(device)
    const { authentication, paired } = suiteOf(kind, policy)
    const mid = dispersionOfNumber(device.address)
    const identity = authentication === 'sm2' ? await using.generateKeyPair() : undefined
    const pid = kind === 'phone' && identity ? pidOfKey(identity.publicKey) : random(8)
    const name = pid.toString('hex')
    const replays = (bytes: Buffer): readonly Buffer[] => (faults.get(device.address, 'field-replay') ? [bytes, Buffer.from(bytes)] : [bytes])
    const boundary = createBoundary((bytes, from) => (from === 'device' ? replays(bytes) : [bytes]))

    boundary.meter.onBytes((bytes) => {
      field.receive(KINDS[kind].boundary, bytes).then((answer) => { if (answer) toDevice(boundary.meter, answer) })
        .catch((error: unknown) => log.warn({ meter: device.address, err: errorText(error) }, 'a boundary failed'))
    })
    ends.set(name, boundary.meter)
    if (!paired && identity) await field.enrol({ kind, pid, publicKey: identity.publicKey, testReport: 'virtual device' })
    const thing = createThing(kind, device, seedOf(`${device.address}/${number}`))
    startAgent({
      kind, thing, end: boundary.device, context, display: field,
      factor: () => (faults.get(device.address, 'field-lies') ? LIE : 1),
      device: createFieldDevice({
        kind, pid, policy, engine: using, clock: context.clock, random, ciphers: { sm4: softSm4 }, act: thing.act,
        ...(identity ? { identity } : { deviceKey: await softSm4.importKey(diversifyField(root, pid)) }), ...(!paired && { belonging: { mid, meterKey } }),
      }),
      ...(authentication === 'block' && kind !== 'handheld' && { label: labelOf(kind, pid, mid, field) }),
    })
  }

  /** The code stuck on a breaker or sensor; the installer reads it to the meter. */
  function labelOf(kind: Kind, pid: Buffer, mid: Buffer, field: FieldMeter): { text: string; mid: Buffer; carry(): void } {
    const code: PairingCode = { kind, shownBy: 'device', id: pid, secret: random(16), fingerprint: Buffer.alloc(16) }
    return { text: encodePairingCode(code), mid, carry: () => field.takePairingCode(code) }
  }

  function toDevice(end: BoundaryEnd, bytes: Buffer): void {
    counts.fieldMessages++
    end.send(bytes)
  }

  return {
    meters,
    start() {
      if (devices.length === 0) return
      for (let i = 0; i < settings.fieldDevices; i++) {
        const [device, kind] = [devices[Math.floor(i / kinds.length) % devices.length], kinds[i % kinds.length]]
        if (!device || !kind) continue
        scheduler.after(FIRST_MS + i * BETWEEN_MS, () => {
          attach(device, kind, i).catch((error: unknown) => log.warn({ meter: device.address, peer: kind, err: errorText(error) }, 'no device at the meter'))
        })
      }
    },
    async command(address, pid, object, value) {
      const [field, end] = [meters.get(address), ends.get(pid)]
      if (!field || !end) throw new HesError('NOT_FOUND', `no virtual device ${pid} at meter ${address}`)
      const { id, message } = await field.command(pid, object, value)
      toDevice(end, message)
      return id
    },
  }
}
