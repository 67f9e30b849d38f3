import type { Socket } from 'node:net'
import type { Clock, ErrorCode } from '@zhuzhan/core'
import { createSplitter, decodeFrame } from '@zhuzhan/dlt698'
import type { LinkFrame } from '@zhuzhan/dlt698'
import { metric } from '@zhuzhan/telemetry'
import type { Limits } from '../config.js'

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

type Writable<T> = { -readonly [K in keyof T]: T[K] }

export function createTerminalConnection({ id, socket, remote, limits, clock, handlers }: ConnectionOptions): TerminalConnection {
  let violations = 0
  let strangerBytes = 0
  let noise = 0

  // Plain fields: a literal with getters is a dictionary to the engine, and there are tens of thousands of these.
  const connection: Writable<TerminalConnection> = {
    id,
    remote,
    address: undefined,
    offsetMinutes: 480,
    heartbeatSeconds: 0,
    openedAt: clock.monotonic(),
    loggedInAt: 0,
    lastHeardAt: clock.monotonic(),
    paused: false,
    closed: false,
    write: (frame) => {
      if (connection.closed) return
      metric('gateway_frames_out').add(1)
      metric('gateway_bytes_out').add(frame.length)
      // A terminal that does not read must not make the station keep its answers.
      if (!socket.write(frame) && socket.writableLength > limits.maxUnsentBytes) connection.close('slow-reader')
    },
    violation: () => {
      violations += 1
      if (violations > limits.maxViolations) connection.close('refused')
    },
    pause: () => {
      if (connection.paused || connection.closed) return
      connection.paused = true
      metric('gateway_backpressure_pauses').add(1, { where: 'terminal' })
      socket.pause()
    },
    resume: () => {
      if (!connection.paused || connection.closed) return
      connection.paused = false
      // What the terminal sent meanwhile still lies in the kernel: the silence was ours and must not end it before that is read.
      connection.lastHeardAt = clock.monotonic()
      socket.resume()
    },
    close: (reason) => {
      if (connection.closed) return
      connection.closed = true
      // Let a last answer (a refused login's) leave, but wait for nobody.
      socket.end()
      setTimeout(() => socket.destroy(), reason === 'refused' || reason === 'logout' ? 500 : 0).unref()
      handlers.onClosed(connection, reason)
    },
  }

  const splitter = createSplitter({
    maxLength: limits.maxFrame,
    onFrame: (raw) => {
      noise = 0
      metric('gateway_frames_in').add(1)
      connection.lastHeardAt = clock.monotonic()
      let frame: LinkFrame
      try {
        frame = decodeFrame(raw)
      } catch {
        return refuse('FRAME_INVALID', 'frame')
      }
      if (!connection.closed) handlers.onFrame(connection, frame, raw)
    },
    onDiscard: (count) => {
      noise += count
      metric('gateway_discarded_bytes').add(count)
      if (noise > limits.maxNoiseBytes || (connection.address === undefined && noise >= limits.loginBytes)) {
        refuse('FRAME_INVALID', 'noise')
        connection.close('limit')
      }
    },
  })

  function refuse(code: ErrorCode, what: string): void {
    if (connection.closed) return
    handlers.onRefused(connection, code, what)
    connection.violation()
  }

  socket.on('data', (chunk: Buffer) => {
    if (connection.closed) return
    metric('gateway_bytes_in').add(chunk.length)
    if (connection.address === undefined) {
      strangerBytes += chunk.length
      if (strangerBytes > limits.loginBytes) {
        refuse('LIMIT_EXCEEDED', 'bytes before login')
        connection.close('limit')
        return
      }
    }
    splitter.push(chunk)
  })
  socket.on('error', () => connection.close('error'))
  socket.on('close', () => connection.close('peer'))
  socket.on('end', () => connection.close('peer'))
  socket.setNoDelay(true)
  return connection
}
