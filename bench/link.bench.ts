import { fork } from 'node:child_process'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createLinkBatch, decodeLinkRecords, encodeLinkRecord, encodeTrace, LINK_RECORD, LINK_WINDOW_FRAMES } from '@zhuzhan/contracts'
import { WebSocket, WebSocketServer } from 'ws'
import { compare } from './harness.js'

/**
 * Gateway to front end: two processes, 200-byte frames one way, credit the other way. Ours: link records in WebSocket
 * messages, as the services send them. Foil: plain TCP with a 4-byte length, 16 frames a write, no credit.
 */
const FRAMES = 400_000
const FRAME = Buffer.alloc(200, 0x68)
const self = fileURLToPath(import.meta.url)

if (process.send) await serve(process.argv[2] as Kind)
else await compare('link', 'frames/s', 7, () => receive('ws'), () => receive('tcp'))

type Kind = 'ws' | 'tcp'

/** The front end's side: dials and counts, from the first frame on. */
async function receive(kind: Kind): Promise<number> {
  const gateway = fork(self, [kind], { execArgv: process.execArgv })
  const port = await new Promise<number>((resolve) => gateway.once('message', (message) => resolve(message as number)))
  const seconds = await (kind === 'ws' ? countRecords(port) : countFrames(port))
  gateway.kill()
  return FRAMES / seconds
}

function countRecords(port: number): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  return new Promise((resolve) => {
    let seen = 0
    let startedAt = 0
    socket.on('message', (message: Buffer) => {
      startedAt ||= performance.now()
      let owed = 0
      for (const record of decodeLinkRecords(message)) if (record.type === LINK_RECORD.frame) owed += 1
      seen += owed
      const credit = Buffer.alloc(4)
      credit.writeUInt32BE(owed)
      socket.send(encodeLinkRecord(LINK_RECORD.credit, 0, credit))
      if (seen < FRAMES) return
      resolve((performance.now() - startedAt) / 1000)
      socket.terminate()
    })
  })
}

function countFrames(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    let rest = Buffer.alloc(0)
    let seen = 0
    let startedAt = 0
    socket.on('data', (chunk) => {
      startedAt ||= performance.now()
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let at = 0
      while (rest.length - at >= 4 && rest.length - at - 4 >= rest.readUInt32BE(at)) {
        at += 4 + rest.readUInt32BE(at)
        seen += 1
      }
      rest = rest.subarray(at)
      if (seen < FRAMES) return
      resolve((performance.now() - startedAt) / 1000)
      socket.destroy()
    })
  })
}

/** The gateway's side: has frames as fast as it may send them. */
async function serve(kind: Kind): Promise<void> {
  if (kind === 'ws') {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    server.once('listening', () => process.send?.((server.address() as AddressInfo).port))
    server.on('connection', (socket) => {
      const batch = createLinkBatch((message) => socket.send(message))
      let credit = LINK_WINDOW_FRAMES
      let left = FRAMES
      const pump = (): void => {
        for (; credit > 0 && left > 0; credit -= 1, left -= 1) batch.push(encodeLinkRecord(LINK_RECORD.frame, left & 0xfff, encodeTrace(undefined), FRAME))
      }
      socket.on('message', (message: Buffer) => {
        for (const record of decodeLinkRecords(message)) credit += record.body.readUInt32BE(0)
        pump()
      })
      pump()
    })
    return
  }
  const one = Buffer.concat([Buffer.from([0, 0, 0, FRAME.length]), FRAME])
  const server = createServer((socket) => {
    let left = FRAMES
    const pump = (): void => {
      while (left > 0) {
        const count = Math.min(16, left)
        left -= count
        if (!socket.write(Buffer.concat(Array.from({ length: count }, () => one)))) return void socket.once('drain', pump)
      }
    }
    pump()
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
}
