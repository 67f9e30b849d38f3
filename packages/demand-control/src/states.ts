/** Where a command stands (analytics §7, closed loop). */
export const COMMAND_STATES = ['planned', 'approved', 'queued', 'sent', 'acknowledged', 'verified', 'failed', 'expired', 'rolled-back'] as const
export type CommandState = (typeof COMMAND_STATES)[number]

export const COMMAND_EVENTS = ['approve', 'reject', 'queue', 'send', 'acknowledge', 'refuse', 'agree', 'contradict', 'expire', 'roll-back'] as const
export type CommandEvent = (typeof COMMAND_EVENTS)[number]

interface Row {
  from: CommandState
  on: CommandEvent
  to: CommandState
}

/**
 * The whole machine. `sent` on `send` is the repeat with the same id. A command that was verified keeps that state when its time is over;
 * one that failed is left to its expiry, after which the device is at its own safe limit.
 */
export const COMMAND_TRANSITIONS: readonly Row[] = [
  { from: 'planned', on: 'approve', to: 'approved' },
  { from: 'planned', on: 'reject', to: 'failed' },
  { from: 'planned', on: 'expire', to: 'expired' },
  { from: 'approved', on: 'queue', to: 'queued' },
  { from: 'approved', on: 'expire', to: 'expired' },
  { from: 'queued', on: 'send', to: 'sent' },
  { from: 'queued', on: 'expire', to: 'expired' },
  { from: 'sent', on: 'send', to: 'sent' },
  { from: 'sent', on: 'acknowledge', to: 'acknowledged' },
  { from: 'sent', on: 'refuse', to: 'failed' },
  { from: 'sent', on: 'expire', to: 'expired' },
  { from: 'acknowledged', on: 'agree', to: 'verified' },
  { from: 'acknowledged', on: 'contradict', to: 'failed' },
  { from: 'acknowledged', on: 'expire', to: 'expired' },
  ...(['planned', 'approved', 'queued', 'sent', 'acknowledged', 'verified', 'failed'] as const).map((from) => ({ from, on: 'roll-back' as const, to: 'rolled-back' as const })),
]

const BY_KEY = new Map(COMMAND_TRANSITIONS.map((row) => [`${row.from} ${row.on}`, row.to]))

/** Undefined when the table has no such row: the event changes nothing. */
export function nextState(state: CommandState, on: CommandEvent): CommandState | undefined {
  return BY_KEY.get(`${state} ${on}`)
}
