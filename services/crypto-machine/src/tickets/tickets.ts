import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { decodeApdu } from '@zhuzhan/dlt698'
import type { Random } from '@zhuzhan/gm-crypto'
import { NOBODY, describeTicket, dispersionOfNumber, encodeTicket, taskOf, ticketContent } from '@zhuzhan/osp1'
import type { FirmwareFill } from '../firmware/fill.js'
import type { Refusals } from '../authority/refusals.js'
import type { Records } from '../sessions/records.js'
import type { SessionTable } from '../sessions/session-table.js'
import type { MachineStore } from '../store/store.js'
import type { JudgedTicket, TicketSubject } from './judge.js'
import type { createJudge } from './judge.js'
import type { Mandates } from './mandates.js'
import { setsClock } from '../groups/clock-set.js'

export interface Tickets {
  prepare(request: CryptoRequest<'prepareTicket'>): Promise<CryptoResult<'prepareTicket'>>
  seal(owner: string, request: CryptoRequest<'sealTicket'>): Promise<CryptoResult<'sealTicket'>>
  sealBlock(owner: string, request: CryptoRequest<'sealBlock'>): Promise<CryptoResult<'sealBlock'>>
  releasePlain(request: CryptoRequest<'releasePlain'>): Promise<CryptoResult<'releasePlain'>>
}

export interface TicketsOptions {
  store: MachineStore
  sessions: SessionTable
  records: Records
  judge: ReturnType<typeof createJudge>
  fill: FirmwareFill
  releaseOffered(relId: Buffer): Promise<boolean>
  mandates: Mandates
  refusals: Refusals
  clock: Clock
  random: Random
  stationId: Buffer
  epoch: Buffer
  production: boolean
}

const QUARTER_HOUR = 15 * 60
const FILES = 6
/** File services: methods of F000 to F002 that go under the ticket that started the transfer. §7.4 */
const BLOCK_METHODS = new Set([1, 8, 9, 10])
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** Tickets at the machine: judged, spent by a commit, and only then sealed. §7.6 */
export function createTickets(options: TicketsOptions): Tickets {
  const { store, sessions, records, judge, fill, releaseOffered, mandates, refusals, clock, random, stationId, epoch, production } = options

  const spend = async ({ ticket, task, mandate }: JudgedTicket, { address, dispersion }: TicketSubject, release?: Buffer): Promise<void> => {
    const row = {
      ticketId: ticket.ticketId,
      dispersion: Buffer.from(dispersion),
      usedAt: clock.now(),
      notAfter: ticket.notAfter * 1000,
      task,
      target: ticket.target,
      mandateId: mandate?.mandateId,
      ...(release && { release }),
    }
    const use = async (): Promise<void> => {
      const event = {
        kind: 'ticket-used',
        subject: address,
        detail: { ticket: hex(ticket.ticketId), task, operator: hex(ticket.operatorId), approver: hex(ticket.approverId) },
      }
      if (!(await store.useTicket(row, event))) throw new HesError('TICKET_REFUSED', undefined, { reason: 'used-before' })
    }
    await (mandate ? mandates.withinRates(mandate, use) : use())
  }

  /** The reason goes into the machine's own rows; the caller hears one word. */
  const refusing = async <T>(address: string, request: { tkt: Uint8Array }, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof HesError) || error.code !== 'TICKET_REFUSED') throw error
      const ticket = hex(request.tkt.subarray(25, 41))
      await refusals.note({ kind: 'ticket-refused', subject: address, detail: { reason: String(error.context['reason'] ?? 'form'), ticket } })
      throw new HesError('TICKET_REFUSED')
    }
  }

  return {
    async prepare({ operator, approver, mandate, area, notBefore = Math.floor(clock.now() / 1000), validSeconds = QUARTER_HOUR, apdu, devices }) {
      const rows = new Map((await store.devices(devices)).map((row) => [row.address, row.dispersion]))
      const ticketId = random(16)
      const tkt = encodeTicket({
        stationId,
        epoch,
        ticketId,
        operatorId: Buffer.from(operator, 'hex'),
        approverId: mandate ? Buffer.from(mandate.slice(0, 16), 'hex') : approver === null ? NOBODY : Buffer.from(approver, 'hex'),
        area: Buffer.from(area, 'hex'),
        notBefore,
        notAfter: notBefore + validSeconds,
        ...ticketContent(apdu),
        devices: devices.map((address) => rows.get(address) ?? dispersionOfNumber(address)).sort((a, b) => Buffer.compare(a, b)),
      })
      return { tkt, ticket: hex(ticketId), words: describeTicket(tkt) }
    },

    async seal(owner, request) {
      const session = sessions.get(owner, request.handle)
      const { address, dispersion } = session.device.row
      records.reserve(session)
      try {
        return await refusing(address, request, async () => {
          const subject = { address, dispersion, session }
          const judged = await judge(request, subject)
          const { apdu, release } = await fill(judged, subject)
          await spend(judged, subject, release)
          const sealed = records.sealReserved(session, apdu, judged.task, setsClock(judged.ticket) ? { kind: 'clock-set' } : undefined)
          // A clock that is set may be another clock now.
          if (judged.ticket.target[0] === 0x40 && judged.ticket.target[1] === 0) session.clockReading = undefined
          return sealed
        })
      } finally {
        records.release(session)
      }
    },

    async sealBlock(owner, { handle, ticket, apdu }) {
      const session = sessions.get(owner, handle)
      const { row } = session.device
      records.reserve(session)
      try {
        const use = await store.ticketUse(Buffer.from(ticket, 'hex'), row.dispersion)
        const block = blockTarget(apdu)
        const open =
          use?.task === FILES &&
          use.notAfter >= clock.now() &&
          block !== undefined &&
          block.equals(use.target.subarray(0, 2)) &&
          !row.suspect &&
          row.status === 'active' &&
          (use.release === undefined || (await releaseOffered(use.release)))
        if (!open) {
          await refusals.note({ kind: 'ticket-refused', subject: row.address, detail: { reason: 'no-open-transfer', ticket } })
          throw new HesError('TICKET_REFUSED')
        }
        return records.sealReserved(session, apdu, FILES)
      } finally {
        records.release(session)
      }
    },

    releasePlain: (request) =>
      refusing(request.address, request, async () => {
        if (production) throw new HesError('PROFILE_REFUSED', 'plain devices are for laboratories only')
        const { address } = request
        if ((await store.devices([address])).some((row) => row.status !== 'withdrawn'))
          throw new HesError('TICKET_REFUSED', undefined, { reason: 'device-has-keys' })
        const subject = { address, dispersion: dispersionOfNumber(address), session: undefined }
        const judged = await judge(request, subject)
        await fill(judged, subject)
        await spend(judged, subject)
        return { apdu: judged.apdu }
      }),
  }
}

/** OI of a block method on its own; undefined for everything else. */
function blockTarget(bytes: Uint8Array): Buffer | undefined {
  if (taskOf(bytes) !== FILES) return undefined
  const apdu = decodeApdu(bytes)
  if (apdu.apdu !== 'action-request' || apdu.choice !== 'normal' || !apdu.omd.endsWith('00')) return undefined
  return BLOCK_METHODS.has(Number.parseInt(apdu.omd.slice(4, 6), 16)) ? Buffer.from(apdu.omd.slice(0, 4), 'hex') : undefined
}
