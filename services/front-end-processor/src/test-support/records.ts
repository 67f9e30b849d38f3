import type { CommandAction } from '@zhuzhan/contracts'
import type { CommandRecord, MeterRecord, TerminalRecord } from '@zhuzhan/persistence'

export const TERMINAL = '000000000001'
export const METER = '000000000011'

/** A registered terminal with these meters behind it. */
export function terminalRecord({ address = TERMINAL, meters = [METER], ...more }: Partial<Omit<TerminalRecord, 'meters'>> & { meters?: string[] } = {}): TerminalRecord {
  const meter = (of: string, index: number): [string, MeterRecord] =>
    [of, { id: index + 1, address: of, kind: of === address ? 'terminal' : 'meter', securityProfile: 'plain', mode: null, createdAt: 0 }]
  return { address, securityProfile: 'plain', mode: null, utcOffsetMinutes: 480, meters: new Map([address, ...meters].map(meter)), ...more }
}

export function commandRecord(action: CommandAction, more: Partial<CommandRecord> = {}): CommandRecord {
  return {
    id: '00000000-0000-4000-8000-000000000000', meterAddress: METER, terminalAddress: TERMINAL, action, parameters: {}, state: 'queued', reason: null, requestedBy: 'anna', decidedBy: 'bert',
    createdAt: new Date(0), expiresAt: new Date(0), sentAt: null, settledAt: null, code: null, dar: null, result: null, traceParent: null,
    ticket: null, sigOperator: null, sigApprover: null, approver: null, batch: null, batchTicket: null, ...more,
  }
}
