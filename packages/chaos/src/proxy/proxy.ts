import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** What a line between two parts does. */
export type LineState =
  | { kind: 'pass' }
  /** Every byte comes this much later, in both directions. */
  | { kind: 'delay'; ms: number }
  /** Connections stand, nothing comes through; new ones open and hear nothing. Afterwards everything arrives late, as TCP repeats it. */
  | { kind: 'blackhole' }
  /** Connections were reset when this began; new ones are reset at once. */
  | { kind: 'cut' }

/** A TCP line on 127.0.0.1 that can be made bad. */
export interface Proxy {
  readonly name: string
  readonly port: number
  set(state: LineState): void
  readonly state: LineState
  readonly connections: number
  close(): Promise<void>
}

export interface ProxyOptions {
  name: string
  /** To listen on; 0 lets the system choose. */
  port?: number
  target: { host: string; port: number }
}

interface Pair {
  /** One more look at what may flow. */
  changed(): void
  reset(): void
}

/** More than this on its way stops the reading: a slow line must slow its sender too. */
const MAX_UNDER_WAY = 1 << 20

export async function startProxy({ name, port = 0, target }: ProxyOptions): Promise<Proxy> {
  let state: LineState = { kind: 'pass' }
  const pairs = new Set<Pair>()

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    if (state.kind === 'cut') {
      near.on('error', () => undefined)
      near.resetAndDestroy()
      return
    }
    const far = connect({ ...target, noDelay: true, allowHalfOpen: true })
    const up = oneWay(near, far, () => state)
    const down = oneWay(far, near, () => state)
    const pair: Pair = {
      changed: () => {
        up.changed()
        down.changed()
      },
      reset: () => {
        pairs.delete(pair)
        up.end()
        down.end()
        for (const socket of [near, far]) if (!socket.destroyed) socket.resetAndDestroy()
      },
    }
    pairs.add(pair)
    // A refused or broken side shows on the other as what it is: a reset.
    for (const socket of [near, far]) {
      socket.on('error', () => pair.reset())
      socket.on('close', () => { if (near.destroyed && far.destroyed) pair.reset() })
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, resolve)
  })
  const address = server.address()
  return {
    name,
    port: typeof address === 'object' && address !== null ? address.port : port,
    get state() { return state },
    get connections() { return pairs.size },
    set: (next) => {
      state = next
      if (next.kind === 'cut') for (const pair of [...pairs]) pair.reset()
      else for (const pair of pairs) pair.changed()
    },
    close: () => new Promise((resolve) => {
      for (const pair of [...pairs]) pair.reset()
      server.close(() => resolve())
    }),
  }
}

/** Bytes of one direction in their order; each is due a while after it came, and none leaves while the line is a black hole. */
function oneWay(from: Socket, to: Socket, state: () => LineState): { changed(): void; end(): void } {
  const waiting: { due: number; bytes: Buffer | undefined }[] = []
  let underWay = 0
  let timer: NodeJS.Timeout | undefined
  let full = false

  const flush = (): void => {
    clearTimeout(timer)
    if (to.destroyed || state().kind === 'blackhole') return
    const now = performance.now()
    while (waiting.length > 0 && waiting[0]!.due <= now && !full) {
      const { bytes } = waiting.shift()!
      if (bytes === undefined) {
        to.end()
        continue
      }
      underWay -= bytes.length
      if (!to.write(bytes)) full = true
    }
    if (underWay < MAX_UNDER_WAY && from.isPaused()) from.resume()
    if (waiting.length > 0 && !full) timer = setTimeout(flush, Math.max(1, waiting[0]!.due - now))
  }
  const push = (bytes: Buffer | undefined): void => {
    const line = state()
    waiting.push({ due: performance.now() + (line.kind === 'delay' ? line.ms : 0), bytes })
    underWay += bytes?.length ?? 0
    if (underWay >= MAX_UNDER_WAY) from.pause()
    flush()
  }
  from.on('data', push)
  from.on('end', () => push(undefined))
  to.on('drain', () => {
    full = false
    flush()
  })
  return { changed: flush, end: () => clearTimeout(timer) }
}
