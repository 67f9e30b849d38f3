import { createServer } from 'node:net'
import { HesError } from '@zhuzhan/core'

/** Below the range from which systems take ports for outgoing connections: what is free now stays free for our children. */
const FIRST = 20_000
const LAST = 31_999

/** Can this port be listened on? */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

/**
 * Ports nobody listens on, all different.
 * @param random 0 to below 1
 */
export async function freePorts(count: number, random: () => number = Math.random): Promise<number[]> {
  const found = new Set<number>()
  for (let tries = 0; found.size < count; tries++) {
    if (tries > 1_000) throw new HesError('UNAVAILABLE', 'No free ports were found on 127.0.0.1.')
    const port = FIRST + Math.floor(random() * (LAST - FIRST + 1))
    if (!found.has(port) && (await isPortFree(port))) found.add(port)
  }
  return [...found]
}
