import { CONTROL, createJoiner, createSplitter, cutSegments, decodeApdu, decodeFrame, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, LinkAddress, LinkControl, LinkFrame, ReportNotification } from '@zhuzhan/dlt698'
import type { Clock } from '@zhuzhan/core'
import type { Dial, WireEvents } from '../run/dial.js'

/** One frame that reached the station, joined. */
export interface Heard {
  from: string
  control: LinkControl
  data: Buffer
  connection: number
}

/**
 * A station that lives in the memory of a test: it takes connections, answers LINK, confirms plain reports when told
 * to, and remembers everything it heard.
 */
export interface MemoryStation {
  dial: Dial
  heard: Heard[]
  /** Bytes per connection as they arrived. */
  raw: Buffer[]
  rejected: number
  connections: number
  /** Result of LINK-Responses; undefined: none is sent. */
  linkResult: number | undefined
  confirms: boolean
  /** Called for a protected report instead of the plain confirmation. */
  onSecured: ((heard: Heard) => Buffer | undefined) | undefined
  /** Sends an APDU to a terminal on its newest connection. */
  send(to: string, data: Buffer, control?: LinkControl, address?: LinkAddress): void
  sendApdu(to: string, apdu: Apdu, control?: LinkControl): void
  /** Answers (C3) of a terminal so far. */
  answers(from: string): Apdu[]
  /** Plain reports, repetitions included. */
  reports(from: string): ReportNotification[]
  links(from: string): string[]
  /** Closes all connections. */
  hangUp(): void
}

export function memoryStation(clock: Clock): MemoryStation {
  interface Line { id: number; events: WireEvents; from: string | undefined; open: boolean }
  const lines: Line[] = []

  const dial: Dial = (events) => {
    const line: Line = { id: ++station.connections, events, from: undefined, open: true }
    lines.push(line)
    const joiner = createJoiner({ maxBytes: 65_535, clock })
    const splitter = createSplitter({
      onFrame: (bytes) => {
        const frame = decodeFrame(bytes)
        line.from = frame.address.server
        const { ack, whole } = joiner.accept(frame)
        if (ack) line.events.onData(encodeFrame(ack))
        if (whole) hear(line, whole)
      },
      onDiscard: (count) => { station.rejected += count },
    })
    queueMicrotask(() => { if (line.open) events.onOpen() })
    return {
      write: (bytes) => {
        if (!line.open) return
        station.raw.push(Buffer.from(bytes))
        splitter.push(bytes)
      },
      close: () => { line.open = false },
    }
  }

  function hear(line: Line, frame: LinkFrame): void {
    const heard = { from: frame.address.server, control: frame.control, data: Buffer.from(frame.data), connection: line.id }
    station.heard.push(heard)
    const tag = frame.data[0]
    if (tag === 0x01 && station.linkResult !== undefined) {
      const request = decodeApdu(frame.data)
      if (request.apdu !== 'link-request') return
      const { piid, time } = request
      put(line, frame, CONTROL.clientLink, encodeApdu({ apdu: 'link-response', piid, result: station.linkResult, requestTime: time, receiveTime: time, responseTime: time }))
    }
    if (tag === 0x88 && station.confirms) {
      const report = decodeApdu(frame.data)
      if (report.apdu === 'report-notification') put(line, frame, CONTROL.clientReportAnswer, encodeApdu(confirmationOf(report)))
    }
    if (tag === 0x10 && station.confirms) {
      const answer = station.onSecured?.(heard)
      if (answer) put(line, frame, CONTROL.clientReportAnswer, answer)
    }
  }

  function put(line: Line, to: Pick<LinkFrame, 'address'>, control: LinkControl, data: Buffer): void {
    // Answers come after the writer has returned, as they do on a socket.
    queueMicrotask(() => {
      if (line.open) for (const frame of cutSegments({ control, address: to.address, data }, 16_000)) line.events.onData(encodeFrame(frame))
    })
  }

  const station: MemoryStation = {
    dial, heard: [], raw: [], rejected: 0, connections: 0, linkResult: 0, confirms: true, onSecured: undefined,
    send: (to, data, control = CONTROL.clientRequest, address = { type: 'single', logical: 0, server: to, client: 0 }) => {
      const line = lines.findLast((l) => l.open && l.from === to)
      if (line === undefined) throw new Error(`${to} is not connected`)
      put(line, { address }, control, data)
    },
    sendApdu: (to, apdu, control) => station.send(to, encodeApdu(apdu), control),
    answers: (from) => station.heard.filter((h) => h.from === from && h.control.dir === 1 && h.control.prm === 1).map((h) => decodeApdu(h.data)),
    reports: (from) => station.heard.filter((h) => h.from === from && h.data[0] === 0x88).map((h) => decodeApdu(h.data) as ReportNotification),
    links: (from) => station.heard.filter((h) => h.from === from && h.data[0] === 0x01).map((h) => (decodeApdu(h.data) as { kind: string }).kind),
    hangUp: () => {
      for (const line of lines) {
        if (!line.open) continue
        line.open = false
        line.events.onClose('station hung up')
      }
    },
  }
  return station
}

/** REPORT-Response with the notification's number, priority and OADs. */
export function confirmationOf(report: ReportNotification): Apdu {
  const piid = { ...report.piid, acd: false }
  if (report.choice === 'transparent') return { apdu: 'report-response', choice: 'transparent', piid, timeTag: undefined }
  const oads = report.choice === 'normal-list' ? report.results.map(({ oad }) => oad) : report.records.map(({ oad }) => oad)
  return { apdu: 'report-response', choice: report.choice, piid, oads, timeTag: undefined }
}
