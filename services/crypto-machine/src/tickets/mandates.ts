import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { SM2_DEFAULT_ID, equalBytes } from '@zhuzhan/gm-crypto'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import { decodeMandate, describeMandate, encodeMandate, mandateApproverInput, mandateOperatorInput, onlyAllowsClosing } from '@zhuzhan/osp1'
import type { Mandate, Ticket } from '@zhuzhan/osp1'
import { mandateMac } from '../authority/row-macs.js'
import { entitled } from '../authority/people.js'
import type { People } from '../authority/people.js'
import type { Refusals } from '../authority/refusals.js'
import { serially } from '../authority/serially.js'
import type { Vault } from '../keys/vault.js'
import type { PersonRow } from '../store/authority-store.js'
import type { MachineStore } from '../store/store.js'
import type { MandateRow } from '../store/ticket-store.js'
import type { ClockGuard } from './clock-guard.js'
import { refusal } from './judge.js'

export interface Mandates {
  prepare(request: CryptoRequest<'prepareMandate'>): CryptoResult<'prepareMandate'>
  submit(request: CryptoRequest<'submitMandate'>): Promise<CryptoResult<'submitMandate'>>
  list(): Promise<CryptoResult<'mandates'>>
  /** The mandate this ticket of one signature stands under. @throws HesError TICKET_REFUSED */
  covers(ticket: Ticket, operator: PersonRow): Promise<MandateRow>
  /** Run `use` while no other use under this mandate is counted, if its rates allow one more. @throws HesError TICKET_REFUSED */
  withinRates<T>(row: MandateRow, use: () => Promise<T>): Promise<T>
}

export interface MandateOptions {
  store: MachineStore
  vault: Vault
  engine: Sm2Engine
  people: People
  refusals: Refusals
  guard: ClockGuard
  clock: Clock
  random: Random
  stationId: Buffer
  epoch: Buffer
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** Standing mandates: giving power back, and nothing else, without two people at night. §7.6 */
export function createMandates({ store, vault, engine, people, refusals, guard, clock, random, stationId, epoch }: MandateOptions): Mandates {
  const locks = new Map<string, ReturnType<typeof serially>>()

  /** Both signatures by two people who are still entitled: a mandate lives as long as both of its signers are. */
  const signersStand = async (row: Omit<MandateRow, 'rowMac' | 'revoked'>, mandate: Mandate): Promise<boolean> => {
    const [operator, approver] = await Promise.all([people.get(row.operatorId), people.get(row.approverId)])
    if (!operator || !approver || operator.id.equals(approver.id) || operator.publicKey.equals(approver.publicKey)) return false
    if (!entitled(operator, 'operator', mandate.area) || !entitled(approver, 'approver', mandate.area)) return false
    return (
      (await engine.verify(operator.publicKey, SM2_DEFAULT_ID, mandateOperatorInput(row.bytes), row.sigOperator)) &&
      (await engine.verify(approver.publicKey, SM2_DEFAULT_ID, mandateApproverInput(row.bytes, row.sigOperator), row.sigApprover))
    )
  }
  const ours = (mandate: Mandate): boolean => mandate.stationId.equals(stationId) && mandate.epoch.equals(epoch)
  const genuine = (row: MandateRow): boolean => equalBytes(row.rowMac, mandateMac(vault, row))

  const submit = async (request: CryptoRequest<'submitMandate'>): Promise<string> => {
    const mandate = decodeMandate(request.tkm)
    const row = {
      mandateId: mandate.mandateId,
      bytes: Buffer.from(request.tkm),
      operatorId: Buffer.from(request.operator, 'hex'),
      approverId: Buffer.from(request.approver, 'hex'),
      sigOperator: Buffer.from(request.sigOperator),
      sigApprover: Buffer.from(request.sigApprover),
      revoked: false,
    }
    if (!(await signersStand(row, mandate))) throw refusal('mandate-signatures')
    const wrong = await guard.wrong()
    if (wrong) throw refusal(wrong)
    if (!ours(mandate) || mandate.notAfter < Math.floor(clock.now() / 1000)) throw refusal('mandate-station-epoch-or-time')
    if (!entitled(await people.get(mandate.serviceId), 'service', mandate.area)) throw refusal('mandate-service')
    const id = hex(mandate.mandateId)
    const event = { kind: 'mandate-given', subject: `mandate ${id}`, detail: { service: hex(mandate.serviceId), operator: request.operator, approver: request.approver } }
    if (!(await store.addMandate({ ...row, rowMac: mandateMac(vault, row) }, event))) throw refusal('mandate-known')
    return id
  }

  return {
    prepare({ service, area, notBefore = Math.floor(clock.now() / 1000), validSeconds, perHour, perDay }) {
      const mandateId = random(16)
      const tkm = encodeMandate({
        stationId,
        epoch,
        mandateId,
        serviceId: Buffer.from(service, 'hex'),
        area: Buffer.from(area, 'hex'),
        notBefore,
        notAfter: notBefore + validSeconds,
        perHour,
        perDay,
      })
      return { tkm, mandate: hex(mandateId), words: describeMandate(tkm) }
    },
    async submit(request) {
      try {
        return { mandate: await submit(request) }
      } catch (error) {
        if (!(error instanceof HesError) || error.code !== 'TICKET_REFUSED') throw error
        await refusals.note({ kind: 'mandate-refused', subject: 'mandate', detail: { reason: String(error.context['reason'] ?? 'form') } })
        throw new HesError('TICKET_REFUSED')
      }
    },
    async list() {
      const now = clock.now()
      const rows = (await store.mandates()).filter(genuine)
      return {
        mandates: await Promise.all(
          rows.map(async (row) => {
            const mandate = decodeMandate(row.bytes)
            const uses = await store.mandateUses(row.mandateId, now - DAY_MS)
            return {
              mandate: hex(row.mandateId),
              service: hex(mandate.serviceId),
              area: hex(mandate.area),
              notBefore: mandate.notBefore,
              notAfter: mandate.notAfter,
              perHour: mandate.perHour,
              perDay: mandate.perDay,
              usedLastHour: uses.filter((at) => at > now - HOUR_MS).length,
              usedLastDay: uses.length,
              // Of another epoch: dead like a revoked one.
              revoked: row.revoked || !ours(mandate),
            }
          }),
        ),
      }
    },
    async covers(ticket, operator) {
      const row = (await store.mandates()).find((one) => one.mandateId.subarray(0, 8).equals(ticket.approverId))
      if (!row || !genuine(row) || row.revoked) throw refusal('no-such-mandate')
      const mandate = decodeMandate(row.bytes)
      const seconds = Math.floor(clock.now() / 1000)
      if (!ours(mandate) || seconds < mandate.notBefore || seconds > mandate.notAfter) throw refusal('mandate-epoch-or-time')
      if (!mandate.area.equals(ticket.area)) throw refusal('mandate-area')
      if (!mandate.serviceId.equals(operator.id) || !entitled(operator, 'service', ticket.area)) throw refusal('mandate-service')
      if (!(await signersStand(row, mandate))) throw refusal('mandate-signatures')
      if (!onlyAllowsClosing(ticket)) throw refusal('mandate-allows-closing-only')
      return row
    },
    withinRates(row, use) {
      const id = hex(row.mandateId)
      const lock = locks.get(id) ?? serially()
      locks.set(id, lock)
      // One after another: two uses at once would both see room for one.
      return lock(async () => {
        const { perHour, perDay } = decodeMandate(row.bytes)
        const now = clock.now()
        const uses = await store.mandateUses(row.mandateId, now - DAY_MS)
        if (uses.length >= perDay || uses.filter((at) => at > now - HOUR_MS).length >= perHour) throw refusal('mandate-rate')
        return use()
      })
    },
  }
}
