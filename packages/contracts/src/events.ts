import { z } from 'zod'

/** What people watch in the live feed. */
export const EVENT_KINDS = [
  'terminal.online', 'terminal.offline', 'terminal.secured', 'terminal.refused', 'terminal.event', 'device.suspect', 'reading.stored', 'reading.conflict', 'reading.dead-letter',
  'collection.gap', 'command.state', 'security.refusal', 'registry.changed', 'clock.fault',
  'queue.failed', 'audit.computed', 'storage.tidied', 'storage.dropped', 'storage.fault', 'cost.state', 'cost.fault', 'mandate.ending', 'charging.fault',
] as const
export const EventKind = z.enum(EVENT_KINDS)
export type EventKind = z.infer<typeof EventKind>
export type Severity = 'info' | 'warning' | 'alarm'

export interface StationEvent {
  kind: EventKind
  severity?: Severity
  terminal?: string
  meter?: string
  code?: string
  detail?: Record<string, unknown>
}
