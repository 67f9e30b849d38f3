import type { HesError, Clock } from '@zhuzhan/core'
import { isCurvePoint } from '@zhuzhan/gm-crypto'
import type { Random } from '@zhuzhan/gm-crypto'
import type { Order, OrderBody, OrderKind } from '@zhuzhan/osp1'
import type { Devices } from '../keys/devices.js'
import type { Vault } from '../keys/vault.js'
import type { KeyProvider } from '../provider/provider.js'
import type { OrderChanges, PersonRow } from '../store/authority-store.js'
import type { MachineStore } from '../store/store.js'
import { createDeviceEffects } from './device-effects.js'
import { createFirmwareEffects } from './firmware-effects.js'
import type { FirmwareEffectOptions } from './firmware-effects.js'
import { createGroupEffects } from './group-effects.js'
import { createRootEffects } from './root-effects.js'
import { EVERY_AREA } from './people.js'
import type { People } from './people.js'
import type { Places } from './places.js'
import { mandateMac, personMac, placeMac, policyMac } from './row-macs.js'

/** What an order would change, and whether it gives anybody or anything more than before. */
export interface Effect {
  changes: OrderChanges
  /** Takes two administrators. */
  widens: boolean
  /** For the audit row. */
  subject: string
  detail?: Record<string, string | number | boolean>
  /** After the commit: what is cached is read again. */
  done(): void | Promise<void>
}
export type Refuse = (reason: string) => HesError
/** @throws whatever `refuse` makes when the order does not fit the tables */
export type OrderEffects = (order: Order, refuse: Refuse) => Promise<Effect>

export interface EffectOptions extends FirmwareKeys {
  store: MachineStore
  vault: Vault
  provider: KeyProvider
  people: People
  places: Places
  devices: Devices
  clock: Clock
  random: Random
}

type FirmwareKeys = Pick<FirmwareEffectOptions, 'engine' | 'releaseKey'>

export type EffectOf<K extends OrderKind> = (body: Extract<OrderBody, { kind: K }>, refuse: Refuse, order: Order) => Promise<Effect>
export type EffectTable<K extends OrderKind = OrderKind> = { [O in K]: EffectOf<O> }

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
/** Fewer could not give each other their rights back. */
const LEAST_ADMINISTRATORS = 2

export function createOrderEffects(options: EffectOptions): OrderEffects {
  const { store, vault, people, places } = options

  /** The table as it would be. */
  const withPerson = async (row: PersonRow, refuse: Refuse): Promise<void> => {
    const others = (await people.all()).filter((one) => !one.id.equals(row.id))
    if (others.some((one) => one.publicKey.equals(row.publicKey))) throw refuse('key-of-another-person')
    const administrators = [...others, row].filter((one) => one.state === 'active' && one.roles.includes('administrator'))
    if (administrators.length < LEAST_ADMINISTRATORS) throw refuse('too-few-administrators')
  }
  const personEffect = (row: Omit<PersonRow, 'rowMac'>, widens: boolean): Effect => ({
    changes: { people: [{ ...row, rowMac: personMac(vault, row) }] },
    widens,
    subject: `person ${row.id.toString('hex').toUpperCase()}`,
    detail: { state: row.state, roles: row.roles.join(' ') },
    done: people.drop,
  })

  const table: EffectTable = {
    person: async (body, refuse) => {
      if (!isCurvePoint(bytes(body.publicKey))) throw refuse('key-not-on-the-curve')
      // Who decides about rights uses none, and a program is nobody's second person.
      if (body.roles.length > 1 && (body.roles.includes('administrator') || body.roles.includes('service'))) throw refuse('roles-exclude-each-other')
      const before = await people.get(bytes(body.person))
      if (before?.state === 'withdrawn') throw refuse('withdrawn-for-good')
      const row = {
        id: bytes(body.person),
        name: body.name,
        publicKey: bytes(body.publicKey),
        roles: body.roles,
        areas: body.areas.map(bytes),
        state: before?.state ?? ('active' as const),
        rowMac: Buffer.alloc(16),
      }
      await withPerson(row, refuse)
      const more =
        !before ||
        before.name !== row.name ||
        !before.publicKey.equals(row.publicKey) ||
        row.roles.some((role) => !before.roles.includes(role)) ||
        row.areas.some((area) => !before.areas.some((one) => one.equals(area) || one.equals(EVERY_AREA)))
      return personEffect(row, more)
    },
    'person-state': async (body, refuse) => {
      const before = await people.get(bytes(body.person))
      if (!before) throw refuse('unknown-person')
      if (before.state === 'withdrawn') throw refuse('withdrawn-for-good')
      const row = { ...before, state: body.state }
      await withPerson(row, refuse)
      return personEffect(row, body.state === 'active')
    },
    place: async (body, refuse) => {
      const area = bytes(body.area)
      if (area.equals(EVERY_AREA)) throw refuse('no-area-of-a-device')
      if (body.terminal !== null && body.addresses.includes(body.terminal)) throw refuse('behind-itself')
      const enrolled = await store.devices(body.addresses)
      // A device with keys stays protected: as `plain` its commands could be had in clear.
      if (body.profile === 'plain' && enrolled.some((row) => row.status !== 'withdrawn')) throw refuse('has-keys')
      const rows = body.addresses.map((address) => ({
        address,
        area,
        profile: body.profile,
        offsetMinutes: body.offsetMinutes,
        terminal: body.terminal ?? undefined,
      }))
      return {
        changes: { places: rows.map((row) => ({ ...row, rowMac: placeMac(vault, row) })) },
        widens: true,
        subject: `area ${body.area}`,
        detail: { devices: rows.length, first: rows[0]?.address ?? '', profile: body.profile },
        done: () => places.drop(body.addresses),
      }
    },
    unplace: async (body) => ({
      changes: { unplaced: body.addresses },
      widens: false,
      subject: 'places',
      detail: { devices: body.addresses.length, first: body.addresses[0] ?? '' },
      done: () => places.drop(body.addresses),
    }),
    'policy-set': async ({ task, service, target, allows }, refuse) => {
      const tasks = { 'operator-alone': [5, 6], 'service-alone': [5], scheduled: [8] }[allows]
      if (!tasks.includes(task)) throw refuse('not-for-this-task')
      const row = { task, service, target: bytes(target), allows }
      return {
        changes: { policies: [{ ...row, rowMac: policyMac(vault, row) }] },
        widens: true,
        subject: `policy ${task} ${service} ${target}`,
        detail: { allows },
        done: people.drop,
      }
    },
    'policy-remove': async ({ task, service, target, allows }, refuse) => {
      const row = (await people.policies()).find(
        (one) => one.task === task && one.service === service && one.target.equals(bytes(target)) && one.allows === allows,
      )
      if (!row) throw refuse('no-such-entry')
      return {
        changes: { removedPolicies: [row] },
        widens: false,
        subject: `policy ${task} ${service} ${target}`,
        detail: { allows },
        done: people.drop,
      }
    },
    'mandate-revoke': async ({ mandate }, refuse) => {
      const before = (await store.mandates()).find((one) => one.mandateId.equals(bytes(mandate)))
      if (!before) throw refuse('no-such-mandate')
      const row = { ...before, revoked: true }
      return {
        changes: { mandates: [{ ...row, rowMac: mandateMac(vault, row) }] },
        widens: false,
        subject: `mandate ${mandate}`,
        done: () => undefined,
      }
    },
    ...createDeviceEffects(options),
    ...createRootEffects(options),
    ...createGroupEffects({ ...options, places }),
    ...createFirmwareEffects(options),
  }
  return (order, refuse) => (table[order.body.kind] as EffectOf<OrderKind>)(order.body, refuse, order)
}
