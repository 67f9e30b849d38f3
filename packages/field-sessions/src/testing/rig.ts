import { randomBytes } from 'node:crypto'
import { manualClock } from '@zhuzhan/core'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import type { PolicySettings } from '@zhuzhan/policy'
import { hexOf } from '../bytes.js'
import type { BlockCipher, CipherProviders } from '../cipher/port.js'
import { softSm4 } from '../cipher/soft-sm4.js'
import { createFieldDevice } from '../device/device.js'
import type { DeviceEvent, FieldDevice, FieldDeviceOptions } from '../device/types.js'
import { diversifyField } from '../keys.js'
import { KINDS, suiteOf } from '../kinds.js'
import type { Kind } from '../kinds.js'
import { createFieldMeter } from '../meter/meter.js'
import { memoryPeerStore } from '../meter/peers.js'
import type { PeerStore } from '../meter/peers.js'
import type { FieldMeter, FieldMeterOptions, MeterEvent } from '../meter/types.js'
import { pidOfKey } from '../pairing.js'

export const LABORATORY: PolicySettings = { production: false, hardware: [], laboratory: ['SM1'] }
export const MID = Buffer.from('0000200000001001', 'hex')
const ROOT = Buffer.alloc(16, 0x5a)
export const START = Date.UTC(2026, 10, 22, 4)

/** One meter, devices of any kind, and a wire between them that keeps every message. */
export interface Rig {
  clock: ReturnType<typeof manualClock>
  meter: FieldMeter
  store: ReturnType<typeof memoryPeerStore>
  events: MeterEvent[]
  /** Everything that was sent, in order. */
  capture: { kind: Kind; up: boolean; bytes: Buffer }[]
  device(kind: Kind, options?: Partial<FieldDeviceOptions>): Promise<RigDevice>
  /** One message to the meter and what comes back, carried to and fro until nobody has anything to say. */
  carry(device: RigDevice, message: Buffer | undefined): Promise<void>
  /** Pair or enrol, then open a session. */
  connect(device: RigDevice): Promise<void>
  /** The same meter after its power came back. */
  restart(): Promise<void>
}

export interface RigDevice extends FieldDevice {
  readonly kind: Kind
  readonly events: DeviceEvent[]
  readonly options: FieldDeviceOptions
}

export interface RigOptions extends Partial<FieldMeterOptions> {
  engine: Sm2Engine
  chip?: BlockCipher
}

export async function startRig({ engine, chip, ...given }: RigOptions): Promise<Rig> {
  const clock = manualClock(START)
  const ciphers: CipherProviders = { sm4: softSm4, ...(chip && { sm1: chip }) }
  const policy = given.policy ?? (chip ? { production: true, hardware: ['SM1'], laboratory: [] } : LABORATORY)
  const identity = given.identity ?? (await engine.generateKeyPair())
  const store = memoryPeerStore()
  const events: MeterEvent[] = []
  const capture: Rig['capture'] = []
  const mid = given.mid ?? MID
  const importDeviceKey = (kind: Kind, pid: Uint8Array) => (kind === 'handheld' && chip ? chip : softSm4).importKey(diversifyField(ROOT, pid))
  const open = (peers: PeerStore): Promise<FieldMeter> =>
    createFieldMeter({
      mid, identity, policy, ciphers, engine, clock, random: randomBytes, store: peers, onEvent: (event) => events.push(event),
      deviceKey: importDeviceKey, read: (object) => (object === 'forwardEnergy' ? 1234 : undefined), ...given,
    })

  const rig: Rig = {
    clock, store, events, capture,
    meter: await open(store),
    async device(kind, options = {}) {
      const { authentication, paired } = suiteOf(kind, policy)
      const own = options.identity ?? (authentication === 'sm2' ? await engine.generateKeyPair() : undefined)
      const pid = options.pid ?? (kind === 'phone' && own ? pidOfKey(own.publicKey) : randomBytes(8))
      const seen: DeviceEvent[] = []
      const all: FieldDeviceOptions = {
        kind, pid, policy, ciphers, engine, clock, random: randomBytes, onEvent: (event) => seen.push(event), act: () => true,
        ...(own && { identity: own }), ...(authentication === 'block' && { deviceKey: await importDeviceKey(kind, pid) }),
        ...(!paired && { belonging: { mid: Buffer.from(mid), meterKey: identity.publicKey } }), ...options,
      }
      return withMore(createFieldDevice(all), { kind, events: seen, options: all })
    },
    async carry(device, message) {
      for (let up = message; up; ) {
        capture.push({ kind: device.kind, up: true, bytes: up })
        const down = await rig.meter.receive(KINDS[device.kind].boundary, up)
        if (!down) return
        capture.push({ kind: device.kind, up: false, bytes: down })
        up = await device.receive(down)
      }
    },
    async connect(device) {
      const { paired } = suiteOf(device.kind, policy)
      if (!paired) await rig.meter.enrol({ kind: device.kind, pid: device.pid, publicKey: device.options.identity?.publicKey ?? Buffer.alloc(0), testReport: 'type test 1' })
      else if (device.state === 'alone') await rig.carry(device, await device.pair(rig.meter.showPairingCode(device.kind)))
      await rig.carry(device, device.hello())
    },
    async restart() {
      rig.meter.powerLoss()
      rig.meter = await open(store)
    },
  }
  return rig
}

/** Spreading the device would freeze its getters into values. */
function withMore(device: FieldDevice, more: Pick<RigDevice, 'kind' | 'events' | 'options'>): RigDevice {
  return Object.defineProperties({ ...more } as RigDevice, Object.getOwnPropertyDescriptors(device))
}

export const pidText = (device: { pid: Uint8Array }): string => hexOf(device.pid)
