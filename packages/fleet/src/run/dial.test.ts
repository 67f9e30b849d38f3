import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { parseHostPort, tcpDial } from './dial.js'

describe('host and port', () => {
  it.each([['localhost:9500', 'localhost', 9500], ['127.0.0.1:1', '127.0.0.1', 1], ['[::1]:65535', '::1', 65_535]])('%s', (text, host, port) => {
    expect(parseHostPort(text)).toEqual({ host, port })
  })
  it.each(['localhost', ':1', 'a:0', 'a:65536', 'a:b', '::1:5', ''])('refuses %j', (text) => {
    expect(parseHostPort(text)).toBeUndefined()
  })
})

describe('tcp', () => {
  let server: Server
  let sockets: Socket[]
  beforeEach(async () => {
    sockets = []
    server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      socket.on('data', (chunk) => socket.write(chunk))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const port = () => (server.address() as AddressInfo).port

  it('opens, carries bytes, tells when the station closes', async () => {
    const events: string[] = []
    await new Promise<void>((resolve) => {
      const wire = tcpDial({ host: '127.0.0.1', port: port() })({
        onOpen: () => { events.push('open'); wire.write(Buffer.from('ab')) },
        onData: (chunk) => { events.push(chunk.toString()); sockets[0]!.end() },
        onClose: (why) => { events.push(why); resolve() },
      })
    })
    expect(events).toEqual(['open', 'ab', 'closed by the station'])
  })

  it('a refused connection is told once', async () => {
    const free = port()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    const why = await new Promise<string>((resolve) => tcpDial({ host: '127.0.0.1', port: free })({ onOpen: () => {}, onData: () => {}, onClose: resolve }))
    expect(why).toBe('ECONNREFUSED')
  })

  it('what we close ourselves is not told to us, and a polite end still delivers', async () => {
    let told = false
    const got = new Promise<string>((resolve) => server.on('connection', (socket) => socket.on('data', (chunk: Buffer) => resolve(chunk.toString()))))
    const wire = tcpDial({ host: '127.0.0.1', port: port() })({
      onOpen: () => { wire.write(Buffer.from('bye')); wire.close(true) }, onData: () => {}, onClose: () => { told = true },
    })
    expect(await got).toBe('bye')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(told).toBe(false)
  })
})
