import type { CloseReason, TerminalConnection } from '../sockets/terminal-connection.js'

/** A logged-in terminal without a socket. */
export interface FakeConnection extends TerminalConnection {
  readonly written: Buffer[]
  readonly reasons: CloseReason[]
  readonly pauses: () => number
}

export function fakeConnection(id: number, address = String(id).padStart(12, '0')): FakeConnection {
  const state = { paused: false, closed: false, pauses: 0 }
  const written: Buffer[] = []
  const reasons: CloseReason[] = []
  return {
    id, remote: '10.0.0.1', address, offsetMinutes: 480, heartbeatSeconds: 60, openedAt: 0, loggedInAt: 0, lastHeardAt: 0,
    get paused() { return state.paused },
    get closed() { return state.closed },
    written, reasons, pauses: () => state.pauses,
    write: (frame) => written.push(frame),
    violation: () => undefined,
    pause: () => {
      if (!state.paused) state.pauses += 1
      state.paused = true
    },
    resume: () => { state.paused = false },
    close: (reason) => {
      state.closed = true
      reasons.push(reason)
    },
  }
}
