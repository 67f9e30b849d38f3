import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Challenge and response over a shared secret. The secret itself never travels; both sides prove it over both nonces
 * and the caller's name, each under its own label, so that neither proof can be sent back as the other.
 * Between machines put the pipe into TLS (wss://): the proof names the peer, it does not encrypt what follows.
 */
export function pipeProof(side: 'client' | 'server', secret: string, challenge: Uint8Array, nonce: Uint8Array, identity: string): Buffer {
  return createHmac('sha256', secret).update(`zhuzhan-pipe-1 ${side}\0`).update(challenge).update(nonce).update(identity).digest()
}

export function sameProof(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/** How long either side may take for its part of the handshake. */
export const HANDSHAKE_TIMEOUT_MS = 5_000
