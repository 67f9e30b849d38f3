/** One end of a boundary: bytes go in, bytes come out, nothing else passes. */
export interface BoundaryEnd {
  send(bytes: Uint8Array): void
  onBytes(handler: (bytes: Buffer) => void): void
}

/**
 * A boundary inside this process, a radio link or a piece of power line: whoever sends hands over a copy, and the other
 * end gets it later. `touched` sees everything and says what arrives: nothing, something else, or more.
 */
export function createBoundary(touched: (bytes: Buffer, from: 'meter' | 'device') => readonly Buffer[] = (bytes) => [bytes]): { meter: BoundaryEnd; device: BoundaryEnd } {
  const handlers: Partial<Record<'meter' | 'device', (bytes: Buffer) => void>> = {}
  const end = (own: 'meter' | 'device', other: 'meter' | 'device'): BoundaryEnd => ({
    send: (bytes) => {
      for (const message of touched(Buffer.from(bytes), own)) setImmediate(() => handlers[other]?.(message))
    },
    onBytes: (handler) => { handlers[own] = handler },
  })
  return { meter: end('meter', 'device'), device: end('device', 'meter') }
}
