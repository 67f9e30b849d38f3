import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { KEY_UPDATE, encodeUpdateHead, keyUpdateRequest, octetsOf } from '@zhuzhan/osp1'
import type { UpdateStep } from '@zhuzhan/osp1'
import type { Refusals } from '../authority/refusals.js'
import { keyUpdateMac } from '../authority/row-macs.js'
import type { Serially } from '../authority/serially.js'
import { groupIdOf } from '../groups/membership.js'
import type { KeyProvider } from '../provider/provider.js'
import type { OpenedRecord, Records } from '../sessions/records.js'
import type { Session, SessionTable } from '../sessions/session-table.js'
import type { KeyUpdateRow } from '../store/field-store.js'
import type { MachineStore } from '../store/store.js'
import { keyUpdates } from '../telemetry.js'
import type { Device, OpenUpdate } from './devices.js'
import { deviceRowMac } from './devices.js'
import { buildStage } from './stage.js'
import { judgeUpdateAnswer } from './update-answer.js'
import type { UpdateVerdict } from './update-answer.js'
import type { Vault } from './vault.js'

export interface KeyUpdates {
  step(owner: string, request: CryptoRequest<'keyUpdateStep'>): Promise<CryptoResult<'keyUpdateStep'>>
  /** An opened answer; one to a step moves the row, every other is left alone. */
  take(opened: OpenedRecord): Promise<void>
}

export interface KeyUpdateOptions {
  store: MachineStore
  provider: KeyProvider
  vault: Vault
  sessions: SessionTable
  records: Records
  refusals: Refusals
  clock: Clock
  oneByOne: Serially
}

/** Task of F100 method 7. §7.4 */
const KEYS = 7
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
/** What a stage is bound to. */
export const stageName = (row: Pick<KeyUpdateRow, 'updateId'>): string => `key-update/${hex(row.updateId)}`

/** Key updates at the machine: every step is committed before its bytes exist, every answer is checked before the next. §7.8 */
export function createKeyUpdates({ store, provider, vault, sessions, records, refusals, clock, oneByOne }: KeyUpdateOptions): KeyUpdates {
  /** Commit the row as it is from now on; false when an order or another answer moved it meanwhile. */
  const move = (device: Device, update: OpenUpdate, from: readonly KeyUpdateRow['state'][], change: Partial<KeyUpdateRow>, why?: string): Promise<boolean> =>
    oneByOne(async () => {
      const current = device.update
      if (!current?.row.updateId.equals(update.row.updateId) || !from.includes(current.row.state)) return false
      const bare = { ...current.row, ...change, changedAt: clock.now() }
      const row = { ...bare, rowMac: keyUpdateMac(vault, bare) }
      const { address, keyState, keyVersion } = device.row
      const done = row.state === 'done'
      const renewed = { ...device.row, keyState: row.newState, keyVersion: row.newVersion, dispersion: row.newDispersion, status: 'active' as const }
      const after = done ? { ...renewed, rowMac: deviceRowMac(vault, renewed) } : undefined
      await store.saveKeyUpdate(row, after, {
        kind: `key-update-${row.state}`,
        subject: address,
        detail: {
          update: hex(row.updateId),
          order: hex(row.orderId),
          keys: `${row.newState}/${row.newVersion}`,
          ...(why !== undefined && { why }),
          ...(done && { withdrawn: `${keyState}/${keyVersion}` }),
        },
      })
      keyUpdates.add(1, { state: row.state })
      current.row = row
      if (after) {
        device.row = after
        device.keys = current.keys
      }
      if (done || row.state === 'aborted' || row.state === 'refused') device.update = undefined
      return true
    })

  const message = (row: KeyUpdateRow, step: UpdateStep): Buffer => {
    if (step === 'stage') return vault.unwrap(stageName(row), row.stage ?? Buffer.alloc(0))
    return encodeUpdateHead({ step, updateId: row.updateId, newState: row.newState, newVersion: row.newVersion, newDispersion: row.newDispersion })
  }

  /** What §7.8 asks for next. Which keys the session proved says more than any row: a crash may have come between the two. */
  const due = (session: Session, { row }: OpenUpdate): UpdateStep | 'reconnect' => {
    if (row.state === 'aborting') return 'abort'
    const stagedHere = session.staged?.equals(row.updateId) ?? false
    if (session.device.row.mode === 'F') return row.state === 'ordered' || row.state === 'staging' ? 'stage' : 'commit'
    if (session.keySet === 'new') return 'commit'
    return stagedHere && row.state !== 'ordered' && row.state !== 'staging' ? 'reconnect' : 'stage'
  }

  const prepare = async (device: Device, update: OpenUpdate, step: UpdateStep): Promise<boolean> => {
    const { state } = update.row
    if (step === 'commit' && state !== 'committing') return move(device, update, ['ordered', 'staging', 'staged'], { state: 'committing' })
    if (step !== 'stage' || state !== 'ordered') return true
    const stage = vault.wrap(stageName(update.row), await buildStage(provider, device.row, update.row, await groupIdOf(store, vault, device.row.id)))
    update.tryNew = true
    return move(device, update, ['ordered'], { state: 'staging', stage })
  }

  const refused = async (session: Session, update: OpenUpdate, step: UpdateStep): Promise<void> => {
    const { device } = session
    const before = session.stageRefused?.equals(update.row.updateId) ?? false
    const over = { state: 'refused', stage: undefined } as const
    if (step === 'stage') {
      session.stageRefused = update.row.updateId
      // In mode F no CONNECT tells old keys from new: it may have them already, and the row be older than that (§7.10). A commit tells.
      const asked = device.row.mode === 'F' ? ({ state: 'committing' } as const) : over
      await move(device, update, ['staging', 'staged', 'committing'], asked, 'DAR 22')
    }
    // It does not know the update, whatever the row says: the stored stage is sent again, if that was not refused as well.
    if (step === 'commit') await move(device, update, ['committing'], before || !update.row.stage ? over : { state: 'staging' }, 'DAR 22')
  }

  const settle = async (session: Session, update: OpenUpdate, verdict: UpdateVerdict): Promise<void> => {
    const { device } = session
    const wrongValue = async (): Promise<void> => {
      keyUpdates.add(1, { state: 'wrong-check-value' })
      await store.addEvent({ kind: 'key-update-wrong-check-value', subject: device.row.address, detail: { update: hex(update.row.updateId) } })
    }
    switch (verdict.kind) {
      case 'staged':
        await move(device, update, ['staging'], { state: 'staged' })
        session.staged = update.row.updateId
        update.tryNew = true
        return
      case 'committed': {
        // Nothing is deleted before this commit; what served the old keys ends with it.
        if (!(await move(device, update, ['ordered', 'staging', 'staged', 'committing', 'aborting'], { state: 'done', stage: undefined }))) return
        sessions.endOthers(device, session)
        session.keySet = 'active'
        return
      }
      case 'aborted':
        if (await move(device, update, ['aborting'], { state: 'aborted', stage: undefined })) if (session.keySet === 'new') sessions.end(session)
        return
      case 'wrong-check-value':
        await wrongValue()
        // It holds something else than was sent: it must not be committed.
        if (verdict.step === 'stage') await move(device, update, ['staging', 'staged'], { state: 'aborting' }, 'wrong-check-value')
        return
      case 'refused':
        return refused(session, update, verdict.step)
      case 'failed':
        await refusals.note({ kind: 'key-update-failed', subject: device.row.address, detail: { step: verdict.step, why: verdict.why } })
    }
  }

  return {
    async step(owner, { handle, piid }) {
      const session = sessions.get(owner, handle)
      const { device } = session
      const { update } = device
      if (!update) return { next: 'nothing' }
      const { address } = device.row
      if ((device.row.suspect || device.row.status === 'suspect') && update.row.state !== 'aborting') {
        await refusals.note({ kind: 'key-update-refused', subject: address, detail: { reason: 'suspect' } })
        throw new HesError('KEY_UPDATE_REFUSED', undefined, { address, reason: 'suspect' })
      }
      records.reserve(session)
      try {
        const step = due(session, update)
        if (step === 'reconnect') return { next: 'reconnect' }
        // Committed before a byte exists.
        if (!(await prepare(device, update, step))) throw new HesError('BUSY')
        const purpose = { kind: 'key-update', step, updateId: update.row.updateId } as const
        return { step, ...records.sealReserved(session, keyUpdateRequest(message(update.row, step), piid), KEYS, purpose) }
      } finally {
        records.release(session)
      }
    },

    async take(opened) {
      const { session, request } = opened
      const purpose = request?.purpose
      if (purpose?.kind !== 'key-update' || 'hint' in opened) return
      const { update } = session.device
      if (!update?.row.updateId.equals(purpose.updateId)) return
      const answer = 'dar' in opened ? { dar: opened.dar } : answerOf(opened.apdu)
      await settle(session, update, judgeUpdateAnswer(purpose.step, update, answer))
    },
  }
}

function answerOf(apdu: Uint8Array): ReturnType<typeof octetsOf> {
  try {
    return octetsOf(apdu, KEY_UPDATE)
  } catch {
    return undefined
  }
}
