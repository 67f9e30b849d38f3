import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProxy } from './proxy.js'
import type { Proxy } from './proxy.js'

let echo: Server
let proxy: Proxy
const open = new Set<Socket>()

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  proxy = await startProxy({ name: 'line', target: { host: '127.0.0.1', port: (echo.address() as AddressInfo).port } })
})

afterEach(async () => {
  for (const socket of open) socket.destroy()
  open.clear()
  await proxy.close()
  echo.close()
})

interface Peer {
  socket: Socket
  /** Everything that came back so far. */
  heard(): Buffer
  /** `true` once it is gone, with the error it ended with. */
  ended(): string | undefined
}

async function dial(): Promise<Peer> {
  const socket = connect(proxy.port, '127.0.0.1')
  open.add(socket)
  const parts: Buffer[] = []
  let how: string | undefined
  socket.on('data', (part) => parts.push(part))
  socket.on('error', (error: NodeJS.ErrnoException) => { how = error.code ?? error.message })
  socket.on('close', () => { how ??= 'closed' })
  await once(socket, 'connect')
  return { socket, heard: () => Buffer.concat(parts), ended: () => how }
}

async function until(what: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!what()) {
    if (Date.now() > deadline) throw new Error('it did not come')
    await sleep(5)
  }
}

test('passes every byte in its order, more than any buffer holds', async () => {
  const peer = await dial()
  const sent = Buffer.alloc(8 << 20, 0).map((_, i) => i % 251)
  peer.socket.write(sent)
  await until(() => peer.heard().length === sent.length)
  expect(peer.heard().equals(sent)).toBe(true)
})

test('a delayed line brings the same bytes, later by the delay both ways', async () => {
  const peer = await dial()
  proxy.set({ kind: 'delay', ms: 100 })
  const at = performance.now()
  peer.socket.write('slow')
  await until(() => peer.heard().toString() === 'slow')
  expect(performance.now() - at).toBeGreaterThanOrEqual(195)
  proxy.set({ kind: 'pass' })
  peer.socket.write('fast')
  await until(() => peer.heard().toString() === 'slowfast')
})

test('a black hole swallows nothing: what was sent comes when it ends', async () => {
  const peer = await dial()
  proxy.set({ kind: 'blackhole' })
  peer.socket.write('held')
  const stranger = await dial()
  stranger.socket.write('new')
  await sleep(100)
  expect([peer.heard().length, stranger.heard().length, peer.ended()]).toEqual([0, 0, undefined])
  proxy.set({ kind: 'pass' })
  await until(() => peer.heard().toString() === 'held' && stranger.heard().toString() === 'new')
})

test('a cut resets what is there and what comes, until it ends', async () => {
  const peer = await dial()
  peer.socket.write('x')
  await until(() => peer.heard().length === 1)
  proxy.set({ kind: 'cut' })
  await until(() => peer.ended() !== undefined)
  expect(peer.ended()).toBe('ECONNRESET')
  expect(proxy.connections).toBe(0)
  const refused = await dial().catch((error: NodeJS.ErrnoException) => error.code)
  if (typeof refused === 'object') await until(() => refused.ended() !== undefined)
  proxy.set({ kind: 'pass' })
  const again = await dial()
  again.socket.write('back')
  await until(() => again.heard().toString() === 'back')
})

test('who is not there is a reset connection, not a silent one', async () => {
  echo.close()
  const peer = await dial()
  await until(() => peer.ended() !== undefined)
})

test('an orderly end reaches the other side', async () => {
  const peer = await dial()
  peer.socket.end('last words')
  await until(() => peer.ended() === 'closed')
  expect(peer.heard().toString()).toBe('last words')
})
