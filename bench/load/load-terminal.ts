import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { systemClock } from '@zhuzhan/core'
import { CONTROL, createSplitter, decodeFrame, encodeApdu, encodeFrame, epochToDateTime } from '@zhuzhan/dlt698'
import type { ConnectHeader, LinkAddress } from '@zhuzhan/dlt698'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { createOsp1Device, memoryStore, parseSecurityResponse, readKeyFile } from '@zhuzhan/osp1'
import type { KeyFile, Osp1Device } from '@zhuzhan/osp1'
import { createReadAnswers } from './read-answers.js'
import { reportFrames } from './report-frames.js'
import type { ReportFrames } from './report-frames.js'

/** A terminal of a load test: logs in, answers CONNECT and reads as its chip would, and sends reports made beforehand. */
export interface LoadTerminal {
  /** Resolves with the secured session. */
  readonly ready: Promise<void>
  /** Reports that may still be sent. */
  readonly left: number
  readonly outstanding: number
  /** Sends the next report. */
  send(): void
  heartbeat(): void
  end(): void
}

export interface LoadTerminalOptions {
  address: string
  meter: string
  keys: KeyFile
  gateway: { host: string; port: number }
  /** Own address to dial from: one has room for some 28,000 connections. */
  localAddress?: string
  engine: Sm2Engine
  /** Reports to make beforehand, and the time of the first one's values, epoch ms. */
  reports: number
  from: number
  stepMs: number
  /** Every so many confirmations one MAC is checked; the others are matched by their number. */
  checkEvery: number
  heartbeatSeconds: number
  onConfirmed(terminal: LoadTerminal, waitedMs: number): void
  /** A login or heartbeat was answered. */
  onLinkAnswered(waitedMs: number): void
  onFault(what: string): void
}

const HEADER: ConnectHeader = {
  version: 0x16, protocolConformance: 'FFFFFC0100000000', functionConformance: 'FFFEC400000000000000000000000000',
  sendSize: 1024, receiveSize: 1024, window: 1, apduSize: 2000, timeoutSeconds: 7200,
}
const ZONE_MINUTES = 480
/** 68, L, L, C, flag, SA of six bytes, CA, HCS, HCS. */
const DATA_AT = 14
const PIID_NUMBERS = 64
/** What a read brings, for all terminals: the splitter keeps nothing of it. */
const READ = Buffer.allocUnsafeSlow(64 * 1024)

export async function loadTerminal(options: LoadTerminalOptions): Promise<LoadTerminal> {
  const { address: server, keys, gateway, engine, onConfirmed, onFault } = options
  const address: LinkAddress = { type: 'single', logical: 0, server, client: 0x10 }
  const frames: ReportFrames = reportFrames(keys, address, options.meter, options.from, options.stepMs)
  const made = Array.from({ length: options.reports }, (_, n) => frames.frame(n))
  let next = 0
  let confirmed = 0
  /** By number of the notification: which report, and when it left; -1 none. */
  const waiting = new Int32Array(PIID_NUMBERS).fill(-1)
  const sentAt = new Float64Array(PIID_NUMBERS)
  let settle!: { resolve(): void; reject(error: Error): void }
  const ready = new Promise<void>((resolve, reject) => { settle = { resolve, reject } })
  ready.catch(() => undefined)
  let ended = false
  const answer = createReadAnswers()

  const device: Osp1Device = await createOsp1Device({
    keys: readKeyFile(keys), engine, store: memoryStore(), clock: systemClock, random: randomBytes, header: HEADER, factory: '30'.repeat(32), sessionSeconds: 7_200, offsetMinutes: ZONE_MINUTES,
    act: async (apdu) => answer(apdu),
    onEvent: (event) => { if (event.kind === 'established') settle.resolve() },
  })
  const socket: Socket = connect({
    host: gateway.host, port: gateway.port, noDelay: true, onread: { buffer: READ, callback: (size) => { splitter.push(READ.subarray(0, size)); return true } },
    ...(options.localAddress !== undefined && { localAddress: options.localAddress }),
  })
  const uncork = (): void => socket.uncork()
  let linkSentAt = 0
  const sendLink = (kind: 'login' | 'heartbeat'): void => {
    linkSentAt = performance.now()
    const data = encodeApdu({ apdu: 'link-request', piid: { number: 1, priority: false, acd: false }, kind, heartbeatSeconds: options.heartbeatSeconds, time: epochToDateTime(Date.now(), ZONE_MINUTES) })
    socket.write(encodeFrame({ control: CONTROL.serverLink, address: { ...address, client: 0 }, data }))
  }

  const onAnswer = (raw: Buffer): void => {
    const response = parseSecurityResponse(raw.subarray(DATA_AT, raw.length - 3))
    if (response?.form !== 'plain' || response.mac === undefined || response.content[0] !== 0x08) return onFault('an answer that confirms nothing')
    const number = response.content[2] as number
    const n = waiting[number & 63] as number
    if (n < 0) return onFault('a confirmation of nothing sent')
    if (confirmed % options.checkEvery === 0 && !frames.confirms(n, response.content, response.mac)) return onFault('a confirmation with a wrong MAC')
    confirmed += 1
    waiting[number & 63] = -1
    onConfirmed(terminal, performance.now() - (sentAt[number & 63] as number))
  }
  const onRequest = async (raw: Buffer): Promise<void> => {
    const frame = decodeFrame(raw)
    const back = await device.receive({ address: frame.address, apdu: frame.data })
    if (back !== undefined && !ended) socket.write(encodeFrame({ control: CONTROL.serverResponse, address, data: back }))
  }
  const splitter = createSplitter({
    onFrame: (raw) => {
      const tag = raw[DATA_AT]
      if (tag === 0x90) onAnswer(raw)
      else if (tag === 0x81) options.onLinkAnswered(performance.now() - linkSentAt)
      else void onRequest(Buffer.from(raw)).catch((error: Error) => onFault(error.message))
    },
    onDiscard: () => onFault('bytes that are no frame'),
  })
  socket.on('connect', () => sendLink('login'))
  socket.on('error', (error) => settle.reject(error))
  socket.on('close', () => {
    settle.reject(new Error('closed by the station'))
    if (!ended) onFault('closed by the station')
  })

  const terminal: LoadTerminal = {
    ready,
    get left() { return made.length - next },
    get outstanding() { return next - confirmed },
    send: () => {
      const n = next++
      waiting[n % PIID_NUMBERS] = n
      sentAt[n % PIID_NUMBERS] = performance.now()
      // What one read confirmed is answered by one write, as the foil's client does; a call for each was half of what the generator cost.
      if (socket.writableCorked === 0) {
        socket.cork()
        process.nextTick(uncork)
      }
      socket.write(made[n] as Buffer)
    },
    heartbeat: () => sendLink('heartbeat'),
    end: () => {
      ended = true
      socket.destroy()
    },
  }
  return terminal
}
