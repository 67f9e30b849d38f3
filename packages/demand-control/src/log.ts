export interface LogEntry {
  at: number
  /** What the entry is about: a batch, a command (its id), or the loop. */
  about: string
  event: string
  text: string
}

export interface EventLog {
  add(at: number, about: string, event: string, text: string): void
  readonly entries: readonly LogEntry[]
}

export function createEventLog(): EventLog {
  const entries: LogEntry[] = []
  return { entries, add: (at, about, event, text) => { entries.push({ at, about, event, text }) } }
}

/** `hh:mm:ss` of the loop's own wall clock, from minutes after midnight at its start. */
export function wallClock(at: number, startAt: number, startMinutes: number): string {
  const seconds = Math.round((at - startAt) / 1_000) + startMinutes * 60
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(seconds / 3_600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

export const kwText = (kw: number): string => `${Math.round(kw * 1_000) / 1_000} kW`
