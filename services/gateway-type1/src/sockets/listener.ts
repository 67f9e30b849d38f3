import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Part } from '@zhuzhan/service-kit'

export interface ListenerOptions {
  host: string
  port: number
  tls?: { certFile: string; keyFile: string }
  /** Connections accepted at most; the kernel's answer beyond it is a refusal. */
  maxConnections: number
  onSocket(socket: Socket): void
  onListening(address: AddressInfo): void
}

/** The 4G port: plain TCP, or TLS when a certificate is configured. Starts last and stops first, because it is the intake. */
export function terminalListener(options: ListenerOptions): Part {
  let server: Server | undefined
  return {
    name: '4g-port',
    start: async () => {
      const { tls } = options
      server = tls
        ? createTlsServer({ cert: await readFile(tls.certFile), key: await readFile(tls.keyFile), minVersion: 'TLSv1.2', handshakeTimeout: 10_000 }, options.onSocket)
        : createServer({ noDelay: true }, options.onSocket)
      const listening = server
      listening.maxConnections = options.maxConnections
      // A failed handshake is a stranger's business, not ours.
      listening.on('tlsClientError', () => undefined)
      await new Promise<void>((resolve, reject) => {
        listening.once('error', reject)
        listening.listen({ host: options.host, port: options.port, backlog: 4_096 }, () => {
          listening.off('error', reject)
          options.onListening(listening.address() as AddressInfo)
          resolve()
        })
      })
    },
    stop: async () => {
      const closing = server
      if (!closing?.listening) return
      // Open sockets are ended by their owner; close() would wait for them.
      closing.close()
    },
  }
}
