import { HesError, errorCode, errorText, inOneTurn } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu, Data } from '@zhuzhan/dlt698'
import type { FirmwareFileStore, TransferMove, TransferRecord } from '@zhuzhan/persistence'
import type { Logger } from '@zhuzhan/service-kit'
import { metric } from '@zhuzhan/telemetry'
import type { Directory } from '../terminals/directory.js'
import type { Terminal } from '../terminals/terminal.js'

/**
 * Firmware to devices, block by block (F001). The ticket is spent by the start, once; blocks go under it as long as it is valid, so a
 * transfer that broke goes on with what F0010400 says is missing. OSP-1 §7.9; docs/security/firmware.md
 */
export interface Transfers {
  onBound(terminal: Terminal): Promise<void>
  sweep(): Promise<void>
}

export interface TransferOptions {
  store: FirmwareFileStore
  directory: Pick<Directory, 'serving' | 'served'>
  clock: Clock
  log: Logger
  frontendId: string
  requestMs: number
}

/** The size in the start that people signed: operator-api firmware/service.ts. */
export const BLOCK_BYTES = 512
const [START, BLOCK, BITMAP] = ['F0010700', 'F0010800', 'F0010400'] as const
/** Blocks between two looks at the row. */
const PROGRESS_EVERY = 32
type Piid = { number: number; priority: boolean; acd: boolean }

export function createTransfers({ store, directory, clock, log, frontendId, requestMs }: TransferOptions): Transfers {
  const who = `front-end/${frontendId}`
  const inHand = new Set<string>()

  const ask = (terminal: Terminal, omd: string, parameter: Data, seal: (piid: number, apdu: Apdu) => ReturnType<Terminal['sealTicket']>): Promise<Apdu> => {
    let made: Apdu
    return terminal.requests.ask({
      lane: 'collection',
      alone: true,
      timeoutMs: requestMs,
      build: (piid: Piid) => (made = { apdu: 'action-request', choice: 'normal', piid, omd, parameter, timeTag: undefined }),
      seal: (piid) => seal(piid, made),
    })
  }
  const darOf = (answer: Apdu): number => (answer.apdu === 'action-response' && answer.choice === 'normal' ? answer.dar : 255)
  const settle = async (id: string, move: Omit<TransferMove, 'who'> & { who?: string }): Promise<void> => {
    if (await store.move(id, { who, ...move })) metric('fep_firmware_transfers').add(1, { state: move.to })
  }

  /** Numbers of the blocks the device still wants; undefined when it knows of no transfer. */
  const missing = async (terminal: Terminal, count: number): Promise<number[] | undefined> => {
    const answer = await terminal.requests.ask({ lane: 'collection', timeoutMs: requestMs, build: (piid) => ({ apdu: 'get-request', choice: 'normal', piid, oad: BITMAP, timeTag: undefined }) })
    const data = answer.apdu === 'get-response' && answer.choice === 'normal' && 'data' in answer.result ? answer.result.data : undefined
    if (data?.type !== 'bit-string' || data.bits !== count) return undefined
    const bytes = Buffer.from(data.hex, 'hex')
    return Array.from({ length: count }, (_, i) => i).filter((i) => ((bytes[i >> 3] ?? 0) & (0x80 >> (i & 7))) === 0)
  }

  const start = async (terminal: Terminal, transfer: TransferRecord): Promise<boolean> => {
    const { id, ticket, sigOperator, sigApprover } = transfer
    if (!sigOperator || !sigApprover) return false
    // Committed before the ticket is spent: whoever comes after a crash goes on with blocks, or finds that nothing began.
    if (!(await store.move(id, { from: ['queued'], to: 'started', who }))) return false
    const dar = await ask(terminal, START, { type: 'null' }, (piid) => terminal.sealTicket({ tkt: ticket, sigOperator, sigApprover }, piid)).then(darOf, async (error: unknown) => {
      // Nothing was used up: the machine looks whether it can seal before it spends.
      if (['BUSY', 'SESSION_UNKNOWN'].includes(errorCode(error))) await store.move(id, { from: ['started'], to: 'queued', who })
      throw error
    })
    if (dar === 0) return true
    await settle(id, { from: ['started'], to: 'refused', who: `device/${transfer.device}`, code: 'DEVICE_REFUSED', dar })
    return false
  }

  const run = async (terminal: Terminal, transfer: TransferRecord): Promise<void> => {
    const { id, device, blocks } = transfer
    const file = await store.file(transfer.release)
    const { secure } = terminal
    if (!file || !secure) return settle(id, { from: ['queued', 'started'], to: 'refused', code: 'STATE_CONFLICT', why: file ? 'the device is not protected' : 'its file is gone' })
    if (transfer.state === 'queued' && !(await start(terminal, transfer))) return
    const wanted = transfer.state === 'queued' ? Array.from({ length: blocks }, (_, i) => i) : await missing(terminal, blocks)
    // The device ended it: with the last block, whose answer we did not hear, or because it lost its power.
    if (!wanted) return settle(id, { from: ['started'], to: 'unknown', code: 'COMMAND_UNKNOWN', why: 'the device knows of no transfer any more: read its version' })
    // It has all of them and has not said what came of it: it may still be looking at them, or have refused them. The next sweep asks again.
    if (wanted.length === 0) return
    const ticketId = transfer.ticket.subarray(25, 41).toString('hex').toUpperCase()
    for (const [i, number] of wanted.entries()) {
      const bytes = file.subarray(number * BLOCK_BYTES, (number + 1) * BLOCK_BYTES)
      const parameter: Data = { type: 'structure', items: [{ type: 'long-unsigned', value: number }, { type: 'octet-string', hex: bytes.toString('hex').toUpperCase() }] }
      const dar = darOf(await ask(terminal, BLOCK, parameter, (_piid, apdu) => secure.sealBlock(ticketId, encodeApdu(apdu))))
      if (dar !== 0) return settle(id, { from: ['started'], to: 'refused', who: `device/${device}`, code: 'DEVICE_REFUSED', dar })
      if (i % PROGRESS_EVERY === PROGRESS_EVERY - 1) await store.progress(id, blocks - wanted.length + i + 1)
    }
    await store.progress(id, blocks)
    await settle(id, { from: ['started'], to: 'done', who: `device/${device}`, dar: 0 })
  }

  const carry = async (terminal: Terminal, transfer: TransferRecord): Promise<void> => {
    if (inHand.has(transfer.device)) return
    inHand.add(transfer.device)
    try {
      await run(terminal, transfer)
    } catch (error) {
      const code = errorCode(error)
      const dar = error instanceof HesError ? error.context['dar'] : undefined
      if (code === 'TICKET_REFUSED') await settle(transfer.id, { from: ['queued', 'started'], to: 'refused', who: 'crypto-machine', code, why: 'the crypto machine seals nothing for it: its events say why' })
      else if (code === 'DEVICE_REFUSED') await settle(transfer.id, { from: ['started'], to: 'refused', who: `device/${transfer.device}`, code, ...(typeof dar === 'number' && { dar }) })
      // Cut off: the next session goes on.
      else log.info({ transfer: transfer.id, device: transfer.device, code, err: errorText(error) }, 'firmware transfer interrupted')
    } finally {
      inHand.delete(transfer.device)
    }
  }

  const ofTerminals = async (terminals: readonly Terminal[]): Promise<void> => {
    const ready = terminals.filter((one) => one.secure?.ready).map(({ address }) => address)
    if (ready.length > 0) begin(await store.open(ready))
  }

  const begin = (transfers: readonly TransferRecord[]): void => {
    for (const transfer of transfers) {
      const terminal = directory.serving(transfer.device)
      if (terminal?.secure?.ready && transfer.expiresAt.getTime() > clock.now()) void carry(terminal, transfer).catch((error: Error) => log.error({ transfer: transfer.id, err: error }, 'firmware transfer failed'))
    }
  }

  // After a storm of logins, all of one turn together.
  const onBound = inOneTurn(ofTerminals)

  return {
    onBound,
    sweep: async () => {
      for (const { id, state } of await store.overdue(new Date(clock.now()))) {
        // The last block may have been heard although its answer was not: then the image runs.
        if (state === 'started') await settle(id, { from: ['started'], to: 'unknown', code: 'COMMAND_UNKNOWN', why: 'its time was over while blocks were under way: read the version of the device' })
        else await settle(id, { from: [state], to: 'expired', code: 'COMMAND_EXPIRED' })
      }
      begin(await store.openOf(directory.served))
    },
  }
}
