/** How much a value may be trusted; `conflict` marks a later different value for an identity that exists. */
export const QUALITIES = ['measured', 'recollected', 'terminal', 'received-time', 'replay-unchecked', 'estimated', 'edited'] as const
export type Quality = (typeof QUALITIES)[number]

/** The way a reading came in. */
export const SOURCES = ['report', 'poll', 'import'] as const
export type Source = (typeof SOURCES)[number]

/** One value of one element at one instant; identity = meter + item + time. */
export interface Reading {
  /** Meter address, 12 digits. */
  meter: string
  /** OAD of the single element as an unsigned number. */
  item: number
  /** Epoch milliseconds the value holds for. */
  time: number
  /** Exact decimal, already scaled. */
  value: string
  quality: Quality
  source: Source
  /** When a demand maximum occurred, epoch milliseconds. */
  occurredAt?: number
}
