/** Counts of a comparison: what agrees, what differs for a reason that docs/protocol/peers.md gives, what differs without one. */
export interface Tally {
  agree(kind: string): void
  differ(kind: string, reason: string | undefined, detail: string): void
  /** Prints one line of JSON; exit code 1 when something differs without a reason. */
  print(peer: string): void
}

const MOST_SHOWN = 10

export function createTally(): Tally {
  const agreed: Record<string, number> = {}
  const reasons: Record<string, number> = {}
  const unexplained: string[] = []
  let differing = 0
  const count = (table: Record<string, number>, key: string) => { table[key] = (table[key] ?? 0) + 1 }
  return {
    agree: (kind) => count(agreed, kind),
    differ: (kind, reason, detail) => {
      if (reason !== undefined) return count(reasons, reason)
      differing++
      if (unexplained.length < MOST_SHOWN) unexplained.push(`${kind}: ${detail}`)
    },
    print: (peer) => {
      process.stdout.write(`${JSON.stringify({ peer, agreed, reasons, unexplained: differing, shown: unexplained })}\n`)
      process.exitCode = differing > 0 ? 1 : 0
    },
  }
}
