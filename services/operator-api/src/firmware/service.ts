import { randomUUID } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoMachine, FirmwareRelease, NewTransferBody } from '@zhuzhan/contracts'
import { askMachine } from '@zhuzhan/dispatch'
import { encodeApdu } from '@zhuzhan/dlt698'
import type { Data } from '@zhuzhan/dlt698'
import type { FirmwareFileStore, TransferRecord } from '@zhuzhan/persistence'
import { mustHave } from '../auth/guard.js'
import type { Operator } from '../auth/people.js'
import type { Proof, Tickets } from '../commands/tickets.js'

/** Firmware for operators: files of offered releases, and transfers of one release to one device by ticket. OSP-1 §7.9 */
export interface FirmwareService {
  releases(): Promise<FirmwareRelease[]>
  /** @throws HesError NOT_FOUND, BODY_INVALID for a file that is not this release's, EXISTS_ALREADY */
  upload(release: string, file: Buffer, operator: Operator): Promise<void>
  /** @throws HesError NOT_FOUND, ORDER_REFUSED, LOGIN_REFUSED */
  withdraw(release: string, by: { person: string; password: string }): Promise<void>
  /** @throws HesError NOT_FOUND, STATE_CONFLICT, and what signing throws */
  ask(body: NewTransferBody, operator: Operator): Promise<TransferRecord>
  /** The first signature by who asked for it, the second by the approver its ticket names. @throws HesError NOT_FOUND, SAME_PERSON, RIGHT_MISSING, STATE_CONFLICT, and what signing throws */
  sign(id: string, operator: Operator, proof: Proof): Promise<TransferRecord>
}

export interface FirmwareServiceDeps {
  store: FirmwareFileStore
  machine: CryptoMachine
  tickets: Pick<Tickets, 'prepareFor' | 'sign'>
  clock: Clock
}

/** The same at the front end, firmware/transfers.ts. */
export const BLOCK_BYTES = 512
const PIID = { number: 0, priority: false, acd: false }
/** {255, release}: the machine puts W of the device in its place. docs/security/firmware.md */
const FIRMWARE_CHECK = 255

export function createFirmwareService({ store, machine, tickets, clock }: FirmwareServiceDeps): FirmwareService {
  const releases = async (): Promise<FirmwareRelease[]> => (await askMachine(machine, 'firmwareReleases', {})).releases
  const known = async (release: string): Promise<FirmwareRelease> => {
    const found = (await releases()).find((one) => one.release === release)
    if (!found || found.state === 'prepared') throw new HesError('NOT_FOUND', 'There is no such release.')
    return found
  }
  const found = async (id: string): Promise<TransferRecord> => {
    const transfer = await store.find(id)
    if (!transfer) throw new HesError('NOT_FOUND', 'There is no such transfer.')
    return transfer
  }
  const moved = (record: TransferRecord | undefined): TransferRecord => {
    if (!record) throw new HesError('STATE_CONFLICT', 'The transfer was moved by somebody else.')
    return record
  }

  const sign: FirmwareService['sign'] = async (id, operator, proof) => {
    const transfer = await found(id)
    const object = `firmware-transfer/${id}`
    if (transfer.expiresAt.getTime() <= clock.now()) throw new HesError('COMMAND_EXPIRED', undefined, { object })
    if (transfer.state === 'accepted') {
      mustHave(operator, 'firmware.transfer')
      if (transfer.requestedBy !== operator.username) throw new HesError('RIGHT_MISSING', `Only ${transfer.requestedBy}, who asked for it, signs first.`, { object })
      return moved(await store.move(id, { from: ['accepted'], to: 'awaiting_approval', who: operator.username, sigOperator: await tickets.sign({ object, ticket: transfer.ticket, sigOperator: transfer.sigOperator }, operator, proof) }))
    }
    if (transfer.state !== 'awaiting_approval') throw new HesError('STATE_CONFLICT', `The transfer is ${transfer.state}; there is nothing to sign now.`, { object })
    if (transfer.requestedBy === operator.username) throw new HesError('SAME_PERSON', undefined, { object })
    mustHave(operator, 'command.decide')
    if (transfer.approver !== operator.username) throw new HesError('RIGHT_MISSING', `The ticket names ${transfer.approver} as its approver.`, { object })
    return moved(await store.move(id, { from: ['awaiting_approval'], to: 'queued', who: operator.username, sigApprover: await tickets.sign({ object, ticket: transfer.ticket, sigOperator: transfer.sigOperator }, operator, proof) }))
  }

  return {
    releases,
    async upload(release, file, operator) {
      const { size } = await known(release)
      const { fwm, sigVendor, sigStation } = await askMachine(machine, 'firmwareSignatures', { release })
      const head = Buffer.concat([Buffer.of(fwm.length >> 8, fwm.length & 0xff), fwm, sigVendor, sigStation])
      // What stands behind the head only devices believe, after its hash; a wrong one costs their time alone.
      if (file.length !== head.length + size || !file.subarray(0, head.length).equals(head)) throw new HesError('BODY_INVALID', 'This is not the file of that release: manifest, signatures or length are others.', { object: `firmware/${release}` })
      if (!(await store.addFile(release, file, operator.username))) throw new HesError('EXISTS_ALREADY', 'Its file was uploaded before.')
    },
    async withdraw(release, { person, password }) {
      await known(release)
      const { order } = await askMachine(machine, 'prepareOrder', { first: person, second: null, body: { kind: 'firmware-withdraw', release } })
      const { signature } = await askMachine(machine, 'signWithPassword', { person, password, message: order })
      await askMachine(machine, 'submitOrder', { order, sigFirst: signature })
    },
    async ask({ release, device, reason = null, approver, expiresInSeconds, password }, operator) {
      const { state, version } = await known(release)
      if (state !== 'offered') throw new HesError('STATE_CONFLICT', 'This release was withdrawn.', { object: `firmware/${release}` })
      const bytes = (await store.files()).get(release)
      if (bytes === undefined) throw new HesError('STATE_CONFLICT', 'Its file was not uploaded yet.', { object: `firmware/${release}` })
      const apdu = encodeApdu({ apdu: 'action-request', choice: 'normal', piid: PIID, omd: 'F0010700', parameter: startOf(bytes, release, String(version)) })
      const prepared = await tickets.prepareFor({ device, apdu, operator, approver, validSeconds: expiresInSeconds })
      const transfer = await store.add({
        id: randomUUID(), requestedBy: operator.username, reason, release, device, ...prepared, blocks: Math.ceil(bytes / BLOCK_BYTES), expiresAt: new Date(clock.now() + expiresInSeconds * 1_000),
      })
      return password === undefined ? transfer : sign(transfer.id, operator, { password })
    },
    sign,
  }
}

/** {file information, block size, check} of F001 method 7. */
function startOf(bytes: number, release: string, version: string): Data {
  const text = (value: string): Data => ({ type: 'visible-string', text: value })
  return {
    type: 'structure',
    items: [
      { type: 'structure', items: [text(release), text(''), { type: 'double-long-unsigned', value: bytes }, { type: 'bit-string', bits: 3, hex: 'E0' }, text(version), { type: 'enum', value: 0 }] },
      { type: 'long-unsigned', value: BLOCK_BYTES },
      { type: 'structure', items: [{ type: 'enum', value: FIRMWARE_CHECK }, { type: 'octet-string', hex: release }] },
    ],
  }
}
