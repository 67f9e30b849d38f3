import type { KeyEvent } from './store.js'

export interface TicketUseRow {
  ticketId: Buffer
  dispersion: Buffer
  /** Milliseconds since 1970. */
  usedAt: number
  notAfter: number
  task: number
  target: Buffer
  mandateId: Buffer | undefined
  /** The firmware release whose transfer it started. */
  release?: Buffer | undefined
}

export interface MandateRow {
  mandateId: Buffer
  bytes: Buffer
  operatorId: Buffer
  approverId: Buffer
  sigOperator: Buffer
  sigApprover: Buffer
  revoked: boolean
  rowMac: Buffer
}

export interface TicketStore {
  /** Spend (ticketId, D). @returns false, and nothing changed, when it was spent before */
  useTicket(row: TicketUseRow, event: KeyEvent): Promise<boolean>
  ticketUse(ticketId: Uint8Array, dispersion: Uint8Array): Promise<TicketUseRow | undefined>
  /** Times of use under a mandate since `since`, ms. */
  mandateUses(mandateId: Uint8Array, since: number): Promise<number[]>
  /** Forget uses of tickets that ended before; under a mandate only those used before, too. */
  forgetUses(before: number): Promise<void>
  mandates(): Promise<MandateRow[]>
  /** @returns false when there is a mandate whose id begins with the same 8 bytes */
  addMandate(row: MandateRow, event: KeyEvent): Promise<boolean>
}
