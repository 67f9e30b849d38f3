import { sm3 } from '@zhuzhan/gm-crypto'
import type { Random } from '@zhuzhan/gm-crypto'
import type { IssuedKeys } from '@zhuzhan/contracts'
import { moduleMac } from '../authority/row-macs.js'
import type { Vault } from '../keys/vault.js'
import type { KeyProvider } from '../provider/provider.js'
import type { ModuleRow, ModuleSet } from '../store/module-store.js'
import type { DeviceRow } from '../store/store.js'

/** The modules that laboratory key issue registers with a device, so that a virtual meter can show them. Models are names of our own. */

const MODELS = { 0: 'ZZ-MGT-1', 1: 'ZZ-MET-1', 2: 'ZZ-PLC-1', 3: 'ZZ-EXP-1' } as const
type Slot = keyof typeof MODELS
/** 1.0.0, as every module of the laboratory claims it. */
const PROGRAM_VERSION = 0x0001_0000
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** Management (the meter's own chip), metering, a carrier without a chip, and at every fourth device an expansion module. */
export function laboratoryModules(vault: Vault, random: Random, device: DeviceRow, at: number): ModuleSet {
  const slots: Slot[] = Number(device.address.at(-1)) % 4 === 0 ? [0, 1, 2, 3] : [0, 1, 2]
  const rows = slots.map((slot): ModuleRow => {
    const bare = {
      slot,
      serial: slot === 0 ? device.chipSerial : random(8),
      model: Buffer.from(MODELS[slot], 'latin1'),
      chip: slot !== 2,
      keyState: device.keyState,
      keyVersion: device.keyVersion,
    }
    return { ...bare, rowMac: moduleMac(vault, device.id, bare) }
  })
  const history = rows.map(({ slot, serial }) => ({ at, slot, kind: 'bound' as const, serial, before: undefined, detail: 'key issue' }))
  return { deviceId: device.id, rows, history }
}

/** As the key file has them. */
export async function issuedModules(provider: KeyProvider, device: DeviceRow, rows: readonly ModuleRow[]): Promise<NonNullable<IssuedKeys['modules']>> {
  return Promise.all(
    rows.map(async ({ slot, serial, model, chip, keyState, keyVersion }) => ({
      slot,
      serial: hex(serial),
      model: hex(model),
      version: PROGRAM_VERSION,
      firmware: hex(sm3(Buffer.concat([model, Buffer.of(0, 1, 0, 0)]))),
      key: !chip ? null : serial.equals(device.chipSerial) ? ('own' as const) : hex(await provider.deviceKey({ keyState, keyVersion, purpose: 'pairing' }, serial)),
    })),
  )
}
