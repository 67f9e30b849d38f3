/** What of one direction of a TCP connection waits for bytes before it. */
const MOST_HELD = 1 << 20

export interface InOrder {
  /** A segment as it was captured: late, early, twice, or overlapping. */
  accept(sequence: number, payload: Buffer, syn: boolean): void
  /** Nothing more comes: what waits is told, with the gaps before it. */
  end(): void
}

export interface InOrderEvents {
  onBytes(bytes: Buffer): void
  /** Bytes are missing here; what came before and what comes next do not belong together. */
  onGap(): void
}

/** The bytes of one direction in the order they were sent, each once. A gap is given up when too much waits behind it. */
export function createInOrder({ onBytes, onGap }: InOrderEvents): InOrder {
  let next: number | undefined
  let held: { sequence: number; payload: Buffer }[] = []
  let heldSize = 0

  /** Sequence numbers go round. */
  const ahead = (sequence: number) => (sequence - next!) | 0

  function tell(sequence: number, payload: Buffer): void {
    const old = -ahead(sequence)
    if (old >= payload.length) return
    const fresh = old > 0 ? payload.subarray(old) : payload
    next = (next! + fresh.length) >>> 0
    onBytes(fresh)
  }

  function drain(): void {
    held.sort((a, b) => ahead(a.sequence) - ahead(b.sequence))
    while (held.length > 0 && ahead(held[0]!.sequence) <= 0) {
      const { sequence, payload } = held.shift()!
      heldSize -= payload.length
      tell(sequence, payload)
    }
  }

  function skipGap(): void {
    held.sort((a, b) => ahead(a.sequence) - ahead(b.sequence))
    next = held[0]!.sequence
    onGap()
    drain()
  }

  function restart(sequence: number): void {
    if (next !== undefined && next !== (sequence + 1) >>> 0) {
      held = []
      heldSize = 0
      onGap()
    }
    next = (sequence + 1) >>> 0
  }

  return {
    accept: (sequence, payload, syn) => {
      if (syn) return restart(sequence)
      if (payload.length === 0) return
      next ??= sequence
      if (ahead(sequence) <= 0) {
        tell(sequence, payload)
        if (held.length > 0) drain()
        return
      }
      held.push({ sequence, payload: Buffer.from(payload) })
      heldSize += payload.length
      if (heldSize > MOST_HELD) skipGap()
    },
    end: () => {
      while (held.length > 0) skipGap()
    },
  }
}
