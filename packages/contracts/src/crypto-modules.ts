import { z } from 'zod'
import { CryptoToken, DeviceAddress, SealedRecord, ServiceNumber, hexOf } from './crypto-fields.js'

/**
 * Modules of devices, OSP-1 §7.7. The machine knows which modules belong into a device (order `bind-modules`, or laboratory key issue),
 * asks with a challenge of its own and judges the answer. docs/security/modules.md
 */

/**
 * `proved`: bound here, and its chip is present; `declared`: a bound carrier without a chip; `wrong`: its MAC is not of its chip;
 * `swapped`: another serial or model than is bound in this slot; `unknown`: nothing is bound in this slot; `repeated`: its serial
 * stands in the manifest twice; `missing`: bound, and not in the manifest; `unchecked`: bound, and not asked since.
 */
export const ModuleState = z.enum(['proved', 'declared', 'wrong', 'swapped', 'unknown', 'repeated', 'missing', 'unchecked'])
export type ModuleState = z.infer<typeof ModuleState>

/**
 * Of the whole device. `bound`: the last manifest was right; `unchecked`: none since the modules were bound; `unknown`: no modules are
 * bound; `suspect`: reads only, until an order of two administrators binds its modules anew.
 */
export const DeviceModulesState = z.enum(['bound', 'unchecked', 'unknown', 'suspect'])
export type DeviceModulesState = z.infer<typeof DeviceModulesState>

/** What one manifest came to. */
export const ModulesVerdict = z.strictObject({
  state: z.enum(['bound', 'unknown', 'suspect']),
  /** With this answer, not before. */
  became: z.boolean(),
  /** What was found wrong, slot by slot; empty when nothing was. */
  why: z.string(),
})
export type ModulesVerdict = z.infer<typeof ModulesVerdict>

const At = z.number().int().nullable()
export const ModuleView = z.strictObject({
  slot: z.number().int().min(0).max(255),
  serial: hexOf(8),
  /** 8 ASCII bytes, 00-filled, hex. */
  model: hexOf(8),
  /** Its own claim; null while it was never seen. */
  version: z.number().int().nullable(),
  firmware: hexOf(32).nullable(),
  chip: z.boolean(),
  /** Root key its pairing key was made from; null where it is not bound. The meter's own chip follows the meter's keys. */
  keyState: z.number().int().nullable(),
  keyVersion: z.number().int().nullable(),
  /** It belongs into this device. */
  registered: z.boolean(),
  state: ModuleState,
  /** Milliseconds since 1970 UTC, in manifests. */
  firstSeen: At,
  lastSeen: At,
})
export type ModuleView = z.infer<typeof ModuleView>

/** `bound`, `replaced`, `removed`: by order (or key issue), `detail` names it; `found`: in a manifest, not bound; `version`: another program. */
export const ModuleChange = z.strictObject({
  at: z.number().int(),
  slot: z.number().int(),
  kind: z.enum(['bound', 'replaced', 'removed', 'found', 'version']),
  serial: hexOf(8),
  before: z.string().nullable(),
  detail: z.string(),
})
export type ModuleChange = z.infer<typeof ModuleChange>

const Page = z.number().int().min(1).max(4_096)

export const MODULE_OPERATIONS = {
  /**
   * Ask the device of this session for its module manifest: the challenge is the machine's, its answer goes to `open`, which says the
   * verdict. BUSY while a request of another task is under way or while its keys may be changing (ask later); LIMIT as `seal`.
   */
  manifestSeal: { request: z.strictObject({ handle: CryptoToken, piid: ServiceNumber }), result: SealedRecord },
  /** One device with its modules and what became of them, the newest first. DEVICE_NOT_ENROLLED */
  deviceModules: {
    request: z.strictObject({ address: DeviceAddress, history: Page.optional() }),
    result: z.strictObject({
      address: DeviceAddress,
      state: DeviceModulesState,
      /** When the last manifest came. */
      checkedAt: At,
      modules: z.array(ModuleView),
      history: z.array(ModuleChange),
    }),
  },
  /** States of these devices (those without keys are left out), or a page of the suspect ones; `after` is the last of the page before. */
  moduleStates: {
    request: z.union([
      z.strictObject({ addresses: z.array(DeviceAddress).max(4_096) }),
      z.strictObject({ suspect: z.literal(true), after: DeviceAddress.optional(), limit: Page.optional() }),
    ]),
    result: z.strictObject({ devices: z.array(z.strictObject({ address: DeviceAddress, state: DeviceModulesState, checkedAt: At })) }),
  },
} as const
