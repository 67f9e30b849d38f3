import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** Two ends of TCP connections on the loopback. Call at the top of the file; everything is ended after its tests. */
export function withSockets(): () => Promise<{ station: Socket; terminal: Socket }> {
  let server: Server | undefined
  const ends: Socket[] = []
  beforeAll(async () => {
    server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => {
    for (const end of ends) end.destroy()
    server?.close()
  })
  return async () => {
    if (!server) throw new Error('sockets are there inside tests only')
    const accepted = once(server, 'connection')
    const terminal = connect((server.address() as AddressInfo).port, '127.0.0.1')
    terminal.on('error', () => undefined)
    const [[station]] = await Promise.all([accepted, once(terminal, 'connect')]) as unknown as [[Socket], unknown]
    ends.push(station, terminal)
    return { station, terminal }
  }
}
