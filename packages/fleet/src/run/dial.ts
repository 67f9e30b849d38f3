import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** A connection to a gateway: bytes out, bytes in. */
export interface Wire {
  write(bytes: Uint8Array): void
  /** Gone at once, or after what was written has left. `onClose` is not called for what we close ourselves. */
  close(politely?: boolean): void
}

export interface WireEvents {
  onOpen(): void
  onData(chunk: Buffer): void
  onClose(why: string): void
}

/** Opens a connection; tests put a station in memory behind it. */
export type Dial = (events: WireEvents) => Wire

export interface Gateway {
  host: string
  port: number
  /** TLS with the system's certificates, or with this authority (PEM). */
  tls?: { ca?: string }
}

const CONNECT_TIMEOUT_MS = 15_000

/** Real sockets. */
export function tcpDial({ host, port, tls }: Gateway): Dial {
  return (events) => {
    let done = false
    const socket: Socket = tls
      ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...(tls.ca !== undefined && { ca: tls.ca }) }, opened)
      : connectTcp({ host, port, noDelay: true }, opened)
    function opened(): void {
      socket.setTimeout(0)
      socket.setNoDelay(true)
      if (!done) events.onOpen()
    }
    function closed(why: string): void {
      if (done) return
      done = true
      socket.destroy()
      events.onClose(why)
    }
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => closed('connect timed out'))
    socket.on('data', (chunk) => { if (!done) events.onData(chunk) })
    socket.on('end', () => closed('closed by the station'))
    socket.on('close', () => closed('closed'))
    socket.on('error', (error: NodeJS.ErrnoException) => closed(error.code ?? error.message))
    return {
      write: (bytes) => { if (!done) socket.write(bytes) },
      close: (politely = false) => {
        done = true
        if (politely) socket.end(() => socket.destroy())
        else socket.destroy()
      },
    }
  }
}

/** `host:port`; an IPv6 host in brackets. */
export function parseHostPort(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  return match && port > 0 && port < 65_536 ? { host: (match[1] ?? match[2])!, port } : undefined
}
