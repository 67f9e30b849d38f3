import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { decodeLinkRecords, decodeTraced, encodeLinkRecord, encodeTrace, LINK_RECORD, linkProof } from '@zhuzhan/contracts'
import type { LinkHello, LinkOpen, LinkRecord } from '@zhuzhan/contracts'
import { until } from '../test-support/until.js'
import { gatewayClient } from './gateway-client.js'
import type { GatewayHandlers, GatewayLink } from './gateway-client.js'

const SECRET = 'the secret of this test'
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))

let server: WebSocketServer
let client: ReturnType<typeof gatewayClient>
/** Sockets that dialled, newest last; what they said after the handshake. */
let sockets: WebSocket[]
let said: LinkRecord[]
let seen: string[]
let links: GatewayLink[]
let onFrame: GatewayHandlers['onFrame']

/** A gateway's side of the handshake, as the contract says; `secret` may be wrong. */
const serve = (secret = SECRET): void => {
  server.on('connection', (socket) => {
    const nonce = 'a'.repeat(32)
    socket.once('message', (message: Buffer) => {
      const [record] = [...decodeLinkRecords(message)]
      const hello = JSON.parse(record!.body.toString()) as LinkHello
      if (hello.proof !== linkProof(SECRET, 'front-end', nonce, hello.nonce, 'gw-1', 'fep-1')) return socket.terminate()
      socket.send(encodeLinkRecord(LINK_RECORD.accepted, 0, json({ proof: linkProof(secret, 'gateway', nonce, hello.nonce, 'gw-1', 'fep-1') })))
      socket.on('message', (later: Buffer) => said.push(...decodeLinkRecords(later)))
      sockets.push(socket)
      return undefined
    })
    socket.send(encodeLinkRecord(LINK_RECORD.welcome, 0, json({ gatewayId: 'gw-1', instance: 'i', nonce })))
  })
}

beforeEach(async () => {
  ;[sockets, said, seen, links] = [[], [], [], []]
  onFrame = async () => undefined
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  client = gatewayClient({
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, frontendId: 'fep-1', secret: SECRET, log: pino({ level: 'silent' }),
    handlers: {
      onOpen: (link, connection, open) => { links.push(link); seen.push(`open ${connection} ${open.address}`) },
      onFrame: (link, connection, body) => onFrame(link, connection, body),
      onClose: (_link, connection, reason) => seen.push(`close ${connection} ${reason}`),
      onDown: () => seen.push('down'),
    },
  })
})
afterEach(async () => {
  await client.stop()
  for (const socket of server.clients) socket.terminate()
  await until(() => !client.connected)
  server.close()
})

const open: LinkOpen = { address: '000000000001', remote: '10.0.0.1', heartbeatSeconds: 60, loggedInAt: 0 }
const frame = (connection: number, bytes = Buffer.from('6816', 'hex')): Buffer => encodeLinkRecord(LINK_RECORD.frame, connection, encodeTrace(undefined), bytes)
const credited = (): number => said.filter((record) => record.type === LINK_RECORD.credit).reduce((sum, record) => sum + record.body.readUInt32BE(0), 0)

test('hears of connections and frames in order, and answers on the same link', async () => {
  serve()
  await client.start()
  await until(() => client.connected && sockets.length === 1)
  onFrame = async (link, connection, body) => {
    seen.push(`frame ${connection}`)
    link.send(connection, decodeTraced(body).frame)
    link.bind(connection, 'plain')
    link.close(connection, 'replaced')
  }
  sockets[0]!.send(Buffer.concat([encodeLinkRecord(LINK_RECORD.open, 7, json(open)), frame(7), encodeLinkRecord(LINK_RECORD.close, 7, Buffer.from('peer'))]))
  await until(() => said.length >= 4)
  expect(seen).toEqual(['open 7 000000000001', 'frame 7', 'close 7 peer'])
  expect(said.slice(0, 3).map((record) => [record.type, record.connection])).toEqual([[LINK_RECORD.frame, 7], [LINK_RECORD.bind, 7], [LINK_RECORD.close, 7]])
})

test('credit goes back when a frame is done with, not when it came: that is what slows the sockets', async () => {
  serve()
  await client.start()
  await until(() => sockets.length === 1)
  const done: (() => void)[] = []
  onFrame = () => new Promise((resolve) => done.push(resolve))
  sockets[0]!.send(Buffer.concat(Array.from({ length: 100 }, () => frame(1))))
  await until(() => done.length === 100)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(credited()).toBe(0)
  for (const finish of done.splice(0, 40)) finish()
  await until(() => credited() === 40)
  for (const finish of done) finish()
  await until(() => credited() === 100)
  expect(said.length).toBeLessThan(20)
})

// Mutation seen failing: without the catch around the call the link is terminated by a handler that throws at once.
test.each([
  ['rejects', async () => { throw new Error('a fault of ours') }],
  ['throws at once', () => { throw new Error('a fault of ours') }],
])('a frame whose handling %s gives its credit back too, and ends nothing', async (_how, handler) => {
  serve()
  await client.start()
  onFrame = handler
  await until(() => sockets.length === 1)
  sockets[0]!.send(frame(1))
  await until(() => credited() === 1)
  expect(client.connected).toBe(true)
})

test('an impostor who does not know the secret becomes no gateway', async () => {
  serve('another secret of this test')
  await client.start()
  await until(() => sockets.length === 1)
  sockets[0]!.send(encodeLinkRecord(LINK_RECORD.open, 7, json(open)))
  await until(() => sockets[0]!.readyState === sockets[0]!.CLOSED)
  expect([client.connected, seen]).toEqual([false, []])
})

test('a link that broke is told once and dialled again; the old one says nothing more', async () => {
  serve()
  await client.start()
  await until(() => sockets.length === 1)
  sockets[0]!.send(encodeLinkRecord(LINK_RECORD.open, 7, json(open)))
  await until(() => links.length === 1)
  sockets[0]!.send(Buffer.from('FFFFFFFF00', 'hex'))
  await until(() => seen.includes('down'))
  await until(() => sockets.length === 2 && client.connected)
  links[0]!.send(7, Buffer.from('6816', 'hex'))
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect([seen, said]).toEqual([['open 7 000000000001', 'down'], []])
})

test('stopped, it does not dial again', async () => {
  serve()
  await client.start()
  await until(() => sockets.length === 1)
  await client.stop()
  await until(() => sockets[0]!.readyState === sockets[0]!.CLOSED)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(sockets).toHaveLength(1)
})
