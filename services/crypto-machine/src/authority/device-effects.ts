import { deviceRowMac } from '../keys/devices.js'
import { OPEN_UPDATE_STATES } from '../store/field-store.js'
import type { KeyUpdateRow } from '../store/field-store.js'
import type { DeviceRow } from '../store/store.js'
import { dispersionOfNumber } from '@zhuzhan/osp1'
import type { EffectOptions, EffectTable, Refuse } from './order-effects.js'
import { boundHistory } from '../modules/findings.js'
import { keyUpdateMac, moduleMac } from './row-macs.js'

type DeviceKinds = 'bind-modules' | 'key-update' | 'key-update-abort' | 'suspect'

/** Only the carrier module may be without a chip. §7.14 */
const CARRIER = 2

/** Orders about devices and their keys. */
export function createDeviceEffects({ store, vault, provider, devices, clock, random }: EffectOptions): EffectTable<DeviceKinds> {
  const enrolled = async (addresses: readonly string[], refuse: Refuse): Promise<DeviceRow[]> => {
    const rows = (await store.devices(addresses)).filter((row) => row.status !== 'withdrawn')
    if (rows.length !== addresses.length) throw refuse('not-enrolled')
    for (const row of rows) if (!deviceRowMac(vault, row).equals(row.rowMac)) throw refuse('row-changed-outside')
    return rows.sort((a, b) => (a.address < b.address ? -1 : 1))
  }
  const marked = (row: DeviceRow, suspect: boolean): DeviceRow => {
    const next = { ...row, suspect }
    return { ...next, rowMac: deviceRowMac(vault, next) }
  }
  const list = (addresses: readonly string[]) => ({ devices: addresses.length, first: addresses[0] ?? '' })
  const refresh = async (rows: readonly DeviceRow[]): Promise<void> => {
    for (const row of rows) await devices.refresh(row)
  }
  const hasRoots = (keyState: number, keyVersion: number): Promise<boolean> =>
    provider.deviceKey({ keyState, keyVersion, purpose: 'session' }, Buffer.alloc(8)).then(
      () => true,
      () => false,
    )

  return {
    'bind-modules': async ({ address, modules }, refuse, order) => {
      const [row] = await enrolled([address], refuse)
      if (!row) throw refuse('not-enrolled')
      if (new Set(modules.map((one) => one.serial)).size !== modules.length) throw refuse('one-serial-twice')
      if (modules.some((one) => !one.chip && one.slot !== CARRIER)) throw refuse('chip-needed')
      const elsewhere = await store.modulesBound(
        modules.map(({ serial }) => Buffer.from(serial, 'hex')),
        row.id,
      )
      if (elsewhere.length > 0) throw refuse('serial-bound-elsewhere')
      const after = marked(row, false)
      const before = await store.modules(row.id)
      const rows = modules.map((one) => {
        const bare = {
          slot: one.slot,
          serial: Buffer.from(one.serial, 'hex'),
          model: Buffer.from(one.model, 'hex'),
          chip: one.chip,
          keyState: one.keyState,
          keyVersion: one.keyVersion,
        }
        return { ...bare, rowMac: moduleMac(vault, row.id, bare) }
      })
      const history = boundHistory(before, rows, clock.now(), `order ${order.orderId.toString('hex').toUpperCase()}`)
      return {
        changes: { devices: [after], modules: { deviceId: row.id, rows, history } },
        widens: true,
        subject: address,
        detail: { modules: modules.map((one) => `${one.slot}:${one.serial}`).join(' '), suspect: row.suspect },
        done: () => refresh([after]),
      }
    },
    suspect: async ({ addresses }, refuse) => {
      const rows = (await enrolled(addresses, refuse)).map((row) => marked(row, true))
      return { changes: { devices: rows }, widens: false, subject: 'suspect', detail: list(addresses), done: () => refresh(rows) }
    },
    'key-update': async ({ keyState, keyVersion, addresses }, refuse, order) => {
      if (!(await hasRoots(keyState, keyVersion))) throw refuse('no-such-root-keys')
      const roots = (await store.rootKeyUse()).find((one) => one.keyState === keyState && one.keyVersion === keyVersion)
      if (roots?.status === 'withdrawn') throw refuse('root-keys-withdrawn')
      const rows = await enrolled(addresses, refuse)
      if (rows.some((row) => row.suspect || row.status === 'suspect')) throw refuse('suspect')
      if (rows.some((row) => keyState < row.keyState || (keyState === row.keyState && keyVersion <= row.keyVersion))) throw refuse('not-newer')
      if ((await store.openKeyUpdates(rows.map((row) => row.id))).length > 0) throw refuse('update-open')
      const updates = rows.map((row): KeyUpdateRow => {
        const bare = {
          updateId: random(8),
          deviceId: row.id,
          orderId: order.orderId,
          state: 'ordered' as const,
          newState: keyState,
          newVersion: keyVersion,
          newDispersion: dispersionOfNumber(row.address),
          stage: undefined,
          changedAt: clock.now(),
        }
        return { ...bare, rowMac: keyUpdateMac(vault, bare) }
      })
      return {
        changes: { keyUpdates: updates, activeRoots: [{ keyState, keyVersion }] },
        widens: true,
        subject: `keys ${keyState}/${keyVersion}`,
        detail: list(addresses),
        done: () => devices.reloadUpdates(addresses),
      }
    },
    'key-update-abort': async ({ addresses }, refuse) => {
      const rows = await enrolled(addresses, refuse)
      const open = await store.openKeyUpdates(rows.map((row) => row.id))
      if (open.length !== rows.length) throw refuse('no-update-open')
      const updates = open.map((row) => {
        // What was never sent needs no word to the device.
        const next = { ...row, state: row.state === 'ordered' ? ('aborted' as const) : ('aborting' as const), changedAt: clock.now() }
        return { ...next, rowMac: keyUpdateMac(vault, next) }
      })
      return {
        changes: { keyUpdates: updates },
        widens: false,
        subject: 'key updates',
        detail: { ...list(addresses), states: OPEN_UPDATE_STATES.filter((state) => open.some((row) => row.state === state)).join(' ') },
        done: () => devices.reloadUpdates(addresses),
      }
    },
  }
}
