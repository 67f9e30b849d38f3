import { fork } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createLinkBatch, decodeLinkRecords, encodeLinkRecord, encodeTrace, LINK_RECORD } from '@zhuzhan/contracts'
import { WebSocket, WebSocketServer } from 'ws'
import { compare } from './harness.js'

/**
 * Gateway to front end: two processes, 200-byte frames one way, credit the other way. Ours: link records in WebSocket
 * messages, as the services send them. Foil: plain TCP with a 4-byte length, 16 frames a write, no credit.
 */
const FRAMES = 400_000
const WINDOW = 2_048
const FRAME = Buffer.alloc(200, 0x68)
const self = fileURLToPath(import.meta.url)

if (process.send) await send(process.argv[2] as 'ws' | 'tcp', Number(process.argv[3]))
else {
  await compare('link', 'frames/s', 5, () => receive('ws'), () => receive('tcp'))
}

/** The receiving side: a front end that counts. */
async function receive(kind: 'ws' | 'tcp'): Promise<number> {
  const { port, begun, done, close } = kind === 'ws' ? await websocketSink() : await tcpSink()
  const child = fork(self, [kind, String(port)], { execArgv: process.execArgv })
  // From the first frame on: the start of the other process is not the link's cost.
  const startedAt = await begun
  await done
  const seconds = (performance.now() - startedAt) / 1000
  child.kill()
  close()
  return FRAMES / seconds
}

async function websocketSink() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await new Promise((resolve) => server.once('listening', resolve))
  let first!: (at: number) => void
  const begun = new Promise<number>((resolve) => { first = resolve })
  const done = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      first(performance.now())
      let seen = 0
      let owed = 0
      socket.on('message', (message: Buffer) => {
        for (const record of decodeLinkRecords(message)) if (record.type === LINK_RECORD.frame) owed += 1
        seen += owed
        const credit = Buffer.alloc(4)
        credit.writeUInt32BE(owed)
        owed = 0
        socket.send(encodeLinkRecord(LINK_RECORD.credit, 0, credit))
        if (seen >= FRAMES) resolve()
      })
    })
  })
  return { port: (server.address() as AddressInfo).port, begun, done, close: () => server.close() }
}

async function tcpSink() {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  let first!: (at: number) => void
  const begun = new Promise<number>((resolve) => { first = resolve })
  const done = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      first(performance.now())
      let rest = Buffer.alloc(0)
      let seen = 0
      socket.on('data', (chunk) => {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
        let at = 0
        while (rest.length - at >= 4 && rest.length - at - 4 >= rest.readUInt32BE(at)) {
          at += 4 + rest.readUInt32BE(at)
          seen += 1
        }
        rest = rest.subarray(at)
        if (seen >= FRAMES) resolve()
      })
    })
  })
  return { port: (server.address() as AddressInfo).port, begun, done, close: () => server.close() }
}

/** The sending side: a gateway that has frames as fast as it may send them. */
async function send(kind: 'ws' | 'tcp', port: number): Promise<void> {
  if (kind === 'ws') {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
    await new Promise((resolve) => socket.once('open', resolve))
    const batch = createLinkBatch((message) => socket.send(message))
    let credit = WINDOW
    let left = FRAMES
    const pump = (): void => {
      while (credit > 0 && left > 0) {
        credit -= 1
        left -= 1
        batch.push(encodeLinkRecord(LINK_RECORD.frame, left & 0xfff, encodeTrace(undefined), FRAME))
      }
    }
    socket.on('message', (message: Buffer) => {
      for (const record of decodeLinkRecords(message)) credit += record.body.readUInt32BE(0)
      pump()
    })
    pump()
    return
  }
  const { connect } = await import('node:net')
  const socket: Socket = connect(port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const one = Buffer.concat([Buffer.from([0, 0, 0, FRAME.length]), FRAME])
  for (let left = FRAMES; left > 0; left -= 16) {
    const write = Buffer.concat(Array.from({ length: Math.min(16, left) }, () => one))
    if (!socket.write(write)) await new Promise((resolve) => socket.once('drain', resolve))
  }
}
