import type { Socket } from 'node:net'
import type { Clock, ErrorCode } from '@zhuzhan/core'
import { createSplitter, decodeFrame } from '@zhuzhan/dlt698'
import type { LinkFrame, SplitterOptions } from '@zhuzhan/dlt698'
import { metric } from '@zhuzhan/telemetry'
import type { Limits } from '../config.js'
import { writeThisTurn } from './one-write-a-turn.js'

/** Why a connection ended; a label of a metric, so a closed set. */
export type CloseReason = 'peer' | 'error' | 'login-timeout' | 'silent' | 'limit' | 'shed' | 'refused' | 'logout' | 'replaced' | 'slow-reader' | 'front-end' | 'stopping'

/** One terminal's socket: bytes in, whole valid frames out, everything bounded. */
export interface TerminalConnection {
  readonly id: number
  readonly remote: string
  /** Set by the login; undefined makes it a stranger. */
  address: string | undefined
  offsetMinutes: number
  heartbeatSeconds: number
  readonly openedAt: number
  loggedInAt: number
  lastHeardAt: number
  /** True while the socket is not read because the station is slow; then silence is ours, not the terminal's. */
  readonly paused: boolean
  /** True once the socket is gone or going. */
  readonly closed: boolean
  write(frame: Buffer): void
  /** Counts a refused frame; the connection ends when there are too many. */
  violation(): void
  pause(): void
  resume(): void
  close(reason: CloseReason): void
}

export interface ConnectionHandlers {
  onFrame(connection: TerminalConnection, frame: LinkFrame, raw: Buffer): void
  onRefused(connection: TerminalConnection, code: ErrorCode, what: string): void
  onClosed(connection: TerminalConnection, reason: CloseReason): void
}

export interface ConnectionOptions {
  id: number
  socket: Socket
  remote: string
  limits: Limits
  clock: Clock
  handlers: ConnectionHandlers
}

export const createTerminalConnection = (options: ConnectionOptions): TerminalConnection => new SocketConnection(options)

/** Methods on a prototype, listeners that find their connection at the socket: there are tens of thousands of these. */
class SocketConnection implements TerminalConnection, SplitterOptions {
  readonly id: number
  readonly remote: string
  address: string | undefined
  offsetMinutes = 480
  heartbeatSeconds = 0
  readonly openedAt: number
  loggedInAt = 0
  lastHeardAt: number
  paused = false
  closed = false
  private violations = 0
  private strangerBytes = 0
  private noise = 0
  private readonly socket: Socket
  private readonly limits: Limits
  private readonly clock: Clock
  private readonly handlers: ConnectionHandlers
  private readonly splitter: ReturnType<typeof createSplitter>

  constructor({ id, socket, remote, limits, clock, handlers }: ConnectionOptions) {
    this.id = id
    this.remote = remote
    this.openedAt = clock.monotonic()
    this.lastHeardAt = this.openedAt
    this.socket = socket
    this.limits = limits
    this.clock = clock
    this.handlers = handlers
    this.splitter = createSplitter(this)
    ;(socket as Owned)[OWNER] = this
    socket.on('data', onData)
    socket.on('error', onError)
    socket.on('close', onGone)
    socket.on('end', onGone)
    socket.setNoDelay(true)
  }

  get maxLength(): number {
    return this.limits.maxFrame
  }

  write(frame: Buffer): void {
    if (this.closed) return
    metric('gateway_frames_out').add(1)
    metric('gateway_bytes_out').add(frame.length)
    // A terminal that does not read must not make the station keep its answers.
    if (!writeThisTurn(this.socket, frame) && this.socket.writableLength > this.limits.maxUnsentBytes) this.close('slow-reader')
  }

  violation(): void {
    this.violations += 1
    if (this.violations > this.limits.maxViolations) this.close('refused')
  }

  pause(): void {
    if (this.paused || this.closed) return
    this.paused = true
    metric('gateway_backpressure_pauses').add(1, { where: 'terminal' })
    this.socket.pause()
  }

  resume(): void {
    if (!this.paused || this.closed) return
    this.paused = false
    // What the terminal sent meanwhile still lies in the kernel: the silence was ours and must not end it before that is read.
    this.lastHeardAt = this.clock.monotonic()
    this.socket.resume()
  }

  close(reason: CloseReason): void {
    if (this.closed) return
    this.closed = true
    // Let a last answer (a refused login's) leave, but wait for nobody.
    this.socket.end()
    setTimeout(() => this.socket.destroy(), reason === 'refused' || reason === 'logout' ? 500 : 0).unref()
    this.handlers.onClosed(this, reason)
  }

  onFrame(raw: Buffer): void {
    this.noise = 0
    metric('gateway_frames_in').add(1)
    this.lastHeardAt = this.clock.monotonic()
    let frame: LinkFrame
    try {
      frame = decodeFrame(raw)
    } catch {
      return this.refuse('FRAME_INVALID', 'frame')
    }
    if (!this.closed) this.handlers.onFrame(this, frame, raw)
  }

  onDiscard(count: number): void {
    this.noise += count
    metric('gateway_discarded_bytes').add(count)
    if (this.noise > this.limits.maxNoiseBytes || (this.address === undefined && this.noise >= this.limits.loginBytes)) {
      this.refuse('FRAME_INVALID', 'noise')
      this.close('limit')
    }
  }

  take(chunk: Buffer): void {
    if (this.closed) return
    metric('gateway_bytes_in').add(chunk.length)
    if (this.address === undefined) {
      this.strangerBytes += chunk.length
      if (this.strangerBytes > this.limits.loginBytes) {
        this.refuse('LIMIT_EXCEEDED', 'bytes before login')
        this.close('limit')
        return
      }
    }
    this.splitter.push(chunk)
  }

  private refuse(code: ErrorCode, what: string): void {
    if (this.closed) return
    this.handlers.onRefused(this, code, what)
    this.violation()
  }
}

const OWNER = Symbol('connection')
type Owned = Socket & { [OWNER]?: SocketConnection }

function onData(this: Owned, chunk: Buffer): void {
  this[OWNER]?.take(chunk)
}
function onError(this: Owned): void {
  this[OWNER]?.close('error')
}
function onGone(this: Owned): void {
  this[OWNER]?.close('peer')
}
