/**
 * Advisory locks over the whole station, each with a number of its own: two subjects under one number would wait for each other.
 * (`migrate` takes Prisma's.)
 */
export const LOCK = {
  /** Serialises appends: the chain has one end. */
  audit: 0x5a5a01,
  partitions: 0x5a5a02,
  /** Rewriting and dropping days: one process at a time. */
  closedDays: 0x5a5a03,
  /** Serialises changes that could take the last administrator away, and the creation of the first one. */
  users: 0x5a5a04,
  /** One at a time: a slower, older computation must not overwrite a newer one. */
  figures: 0x5a5a21,
  /** With the meter as second number. */
  edits: 0x5a5a22,
  /** Two imports at once could each miss what the other brings. */
  topology: 0x5a5a31,
  /** One exchange after the other: each is checked against those that stand. */
  exchanges: 0x5a5a41,
  /** One look at a time over all replicas: the limits of an area count what others just proposed. */
  proposals: 0x5a5a51,
} as const
