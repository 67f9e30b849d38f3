import { z } from 'zod'
import { CryptoToken, DeviceAddress, Nothing, SealedRecord, ServiceNumber, hexOf } from './crypto-fields.js'

/**
 * Key updates over the air, OSP-1 §7.8. An order of two administrators opens them (`key-update` in crypto-authority.ts); front ends
 * carry them through, step by step, in the sessions they hold. The machine alone knows which step is due.
 */

/** `ordered`: nothing was sent yet. The first five are open. */
export const KEY_UPDATE_STATES = ['ordered', 'staging', 'staged', 'committing', 'aborting', 'done', 'aborted', 'refused'] as const
export const KeyUpdateState = z.enum(KEY_UPDATE_STATES)
export type KeyUpdateState = z.infer<typeof KeyUpdateState>
export const OPEN_KEY_UPDATE_STATES: readonly KeyUpdateState[] = KEY_UPDATE_STATES.slice(0, 5)

export const KeyUpdateView = z.strictObject({
  address: DeviceAddress,
  /** The order that opened it. */
  order: hexOf(16),
  update: hexOf(8),
  state: KeyUpdateState,
  keyState: z.number().int(),
  keyVersion: z.number().int(),
  /** Milliseconds since 1970 UTC. */
  changedAt: z.number().int(),
  /** It refused both key sets; both are kept and tried on. */
  unreachable: z.boolean(),
  /** Found out by its modules or by order: nothing is updated until it is bound anew. */
  suspect: z.boolean(),
})
export type KeyUpdateView = z.infer<typeof KeyUpdateView>

export const RootKeyStatus = z.enum(['pending', 'active', 'withdrawn', 'destroyed'])
export type RootKeyStatus = z.infer<typeof RootKeyStatus>
const RootKeys = z.strictObject({ keyState: z.number().int(), keyVersion: z.number().int(), status: RootKeyStatus, /** Devices that hold keys of it now. */ devices: z.number().int(), /** By purpose, 8 bytes that tell two keys apart and nothing else; none where the key is in a device, or destroyed. */ fingerprints: z.record(z.string(), hexOf(8)) })

export const KEY_UPDATE_OPERATIONS = {
  /** Rows of one order whatever their state, or without one every open row; by address, `after` is the last one of the page before. */
  keyUpdates: {
    request: z.strictObject({ order: hexOf(16).optional(), after: DeviceAddress.optional(), limit: z.number().int().min(1).max(4_096).optional() }),
    result: z.strictObject({ updates: z.array(KeyUpdateView) }),
  },
  /**
   * The step that is due for the device of this session. A record to send (its answer goes to `open`, which moves the row), or what
   * must happen first: `reconnect`: end the session and CONNECT anew, the machine chooses the keys; `nothing`: no update is open.
   * KEY_UPDATE_REFUSED with context.reason; BUSY while a request is under way.
   */
  keyUpdateStep: {
    request: z.strictObject({ handle: CryptoToken, piid: ServiceNumber }),
    result: z.union([z.strictObject({ step: z.enum(['stage', 'commit', 'abort']), ...SealedRecord.shape }), z.strictObject({ next: z.enum(['reconnect', 'nothing']) })]),
  },
  /** Devices with keys, by address; `after` is the last one of the page before. */
  keyDevices: {
    request: z.strictObject({ after: DeviceAddress.optional(), limit: z.number().int().min(1).max(4_096).optional() }),
    result: z.strictObject({
      devices: z.array(z.strictObject({ address: DeviceAddress, keyState: z.number().int(), keyVersion: z.number().int(), suspect: z.boolean(), /** A key update of it is open. */ updating: z.boolean() })),
    }),
  },
  /** Versions of the root keys, oldest first. */
  rootKeys: { request: Nothing, result: z.strictObject({ versions: z.array(RootKeys) }) },
} as const
