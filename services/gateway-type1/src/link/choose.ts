import { createHash } from 'node:crypto'

/**
 * Rendezvous choice: every gateway that sees the same front ends sends an address to the same one, and when one leaves or
 * comes only its share moves.
 */
export function chooseFrontEnd(address: string, frontEnds: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestScore = -1
  for (const id of frontEnds) {
    const score = createHash('md5').update(id).update('\0').update(address).digest().readUInt32BE(0)
    if (score > bestScore || (score === bestScore && best !== undefined && id < best)) {
      best = id
      bestScore = score
    }
  }
  return best
}
