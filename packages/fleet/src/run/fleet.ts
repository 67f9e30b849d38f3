import { HesError, systemClock } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { chooseEngine } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import type { DeviceKeys } from '@zhuzhan/osp1'
import { createDevice } from '../device/device.js'
import type { Device } from '../device/device.js'
import type { FirmwareKeys } from '../device/firmware.js'
import { createFieldNetwork } from '../field/network.js'
import type { FieldNetwork } from '../field/network.js'
import { createFaults } from '../faults/faults.js'
import type { Faults } from '../faults/faults.js'
import type { RelayState } from '../meter/relay.js'
import { USUAL_SETTINGS, zeroCounts } from '../terminal/context.js'
import type { Counts, FleetContext, FleetLog, Settings } from '../terminal/context.js'
import { osp1Protection, plainProtection } from '../terminal/protection.js'
import type { Protection, ProtectionOptions } from '../terminal/protection.js'
import { createTerminal } from '../terminal/terminal.js'
import type { Terminal } from '../terminal/terminal.js'
import type { Dial } from './dial.js'
import { createLedger } from './ledger.js'
import type { Ledger } from './ledger.js'
import { systemRandom } from './random.js'
import type { Random } from './random.js'
import type { RegistryEntry } from './registry.js'
import { createScheduler } from './scheduler.js'
import type { Scheduler } from './scheduler.js'
import { memoryState } from './state-journal.js'
import type { StateStore } from './state-journal.js'

/** A running set of virtual terminals. */
export interface Fleet {
  readonly terminals: ReadonlyMap<string, Terminal>
  /** A terminal or a meter behind one. */
  device(address: string): Device | undefined
  readonly faults: Faults
  readonly counts: Counts
  readonly ledger: Ledger
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly settings: Settings
  /** Devices at the boundaries of the meters. */
  readonly field: FieldNetwork
  /** Dials for all, `perSecond` at most; 0: all at once. */
  start(perSecond?: number): void
  stop(): Promise<void>
}

export interface FleetOptions {
  registry: readonly RegistryEntry[]
  dial: Dial
  /** For terminals with profile sm-s and sm-f. */
  keys?: ReadonlyMap<string, DeviceKeys>
  /** Of the protected terminals; chosen by self-test when absent. */
  engine?: Sm2Engine
  settings?: Partial<Settings>
  /** With these they take firmware. */
  firmware?: FirmwareKeys
  state?: StateStore
  ledger?: Ledger
  log?: FleetLog
  clock?: Clock
  random?: Random
  /** A test with a manual clock calls scheduler.runDue itself. */
  selfRunning?: boolean
}

const SILENT_LOG: FleetLog = { debug: () => {}, info: () => {}, warn: () => {} }

/** @throws HesError CONFIG_INVALID when a protected terminal has no keys or keys of the other mode */
export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const { registry, dial, keys = new Map<string, DeviceKeys>(), state = memoryState(), ledger = createLedger(), log = SILENT_LOG } = options
  const { clock = systemClock, random = systemRandom, selfRunning = true } = options
  const settings: Settings = { ...USUAL_SETTINGS, ...options.settings }
  const scheduler = createScheduler({ clock, onError: (error) => log.warn({ err: error instanceof Error ? error.stack : String(error) }, 'a step of the fleet failed') })
  const faults = createFaults((address, name) => faultChanged(address, name))
  const counts = zeroCounts()
  const context: FleetContext = { clock, scheduler, random, dial, faults, state, ledger, counts, settings, log }
  const terminals = new Map<string, Terminal>()
  const devices = new Map<string, { device: Device; terminal: string }>()

  function add(address: string, kind: 'terminal' | 'meter', terminal: string): Device {
    if (devices.has(address)) throw new HesError('EXISTS_ALREADY', `two virtual devices with address ${address}`)
    const relay = state.get(`relay/${address}`) as RelayState | undefined
    const device = createDevice(address, {
      kind, zone: settings.zone, ...(kind === 'meter' && { pileObject: settings.pileObject, applianceObject: settings.applianceObject }), ...(relay && { relay: structuredClone(relay) }),
      onRelayChanged: (_, changed) => {
        state.put(`relay/${address}`, changed.snapshot()).catch((error: unknown) => log.warn({ device: address, err: String(error) }, 'relay state not stored'))
        terminals.get(terminal)?.relayMoved(device)
      },
    })
    devices.set(address, { device, terminal })
    return device
  }

  /** Faults that change something at once; the others are asked about when it is their turn. */
  function faultChanged(address: string, name: string): void {
    const found = devices.get(address)
    if (found === undefined) return
    if (name === 'clock-off') found.device.skew = faults.get(address, 'clock-off')?.ms ?? 0
    if (name === 'reconnect-storm' && faults.get(address, 'reconnect-storm')) terminals.get(address)?.link.hangUp('reconnect storm', 0)
  }

  let chosen: Promise<Sm2Engine> | undefined
  const engine = (): Promise<Sm2Engine> => (chosen ??= options.engine ? Promise.resolve(options.engine) : chooseEngine().then((choice) => choice.engine))
  /** A meter with keys in the list has sessions of its own, whatever its terminal is. */
  const protectMeter = (meter: Device, o: ProtectionOptions): Promise<Protection> | undefined => {
    const own = keys.get(meter.address)
    return own && engine().then((using) => osp1Protection(o, own, using, options.firmware))
  }
  for (const { address, profile, meters } of registry) {
    const device = add(address, 'terminal', address)
    const behind = meters.map((meter) => add(meter, 'meter', address))
    if (profile === 'plain') {
      terminals.set(address, await createTerminal({ profile, device, meters: behind, context, protectMeter, protect: async (o) => plainProtection(o) }))
      continue
    }
    const mine = keys.get(address)
    const mode = profile === 'sm-s' ? 'S' : 'F'
    if (mine?.mode !== mode) throw new HesError('CONFIG_INVALID', `no laboratory keys of mode ${mode} for terminal ${address}; issue them with 'zhuzhan keys issue'`)
    const using = await engine()
    terminals.set(address, await createTerminal({ profile, device, meters: behind, context, protectMeter, protect: (o) => osp1Protection(o, mine, using, options.firmware) }))
  }

  const field = createFieldNetwork(context, [...terminals.values()].flatMap(({ meters }) => [...meters.values()]), engine)
  return {
    terminals, faults, counts, ledger, scheduler, clock, settings, field,
    device: (address) => devices.get(address)?.device,
    start: (perSecond = 0) => {
      if (selfRunning) scheduler.start()
      let i = 0
      for (const terminal of terminals.values()) {
        scheduler.after(perSecond > 0 ? (i++ * 1000) / perSecond : 0, () => terminal.start())
      }
      field.start()
      if (!selfRunning) scheduler.runDue()
    },
    stop: async () => {
      for (const terminal of terminals.values()) terminal.stop()
      scheduler.stop()
      ledger.flush()
      await state.close()
    },
  }
}
