import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createSplitter, decodeFrame, encodeFrame } from '@zhuzhan/dlt698'
import type { LinkFrame } from '@zhuzhan/dlt698'
import { tcpDial } from '@zhuzhan/fleet'
import type { Dial } from '@zhuzhan/fleet'

export type Direction = 'up' | 'down'
export type Kind = (frame: LinkFrame) => boolean

/** A frame on its way, with the terminal's address of twelve digits. */
export interface Passing {
  address: string
  direction: Direction
  frame: LinkFrame
  bytes: Buffer
}

/** The adversary of OSP-1 §7: he sits between terminals and station, sees every frame and may drop, change, repeat or add some. */
export interface WireTap {
  /** Terminals that dial so come through here. */
  dial: Dial
  /** The next frame of this kind becomes these frames; an empty list drops it. Resolves with the frame as it was. */
  ambush(address: string, direction: Direction, kind: Kind, becomes: (passing: Passing) => Buffer[]): Promise<Passing>
  /** Adds bytes to what goes to the station (up) or to the terminal of this address (down). */
  inject(address: string, direction: Direction, bytes: Buffer): void
  /** What passed, oldest first. */
  seen(address: string, direction: Direction, kind?: Kind): Passing[]
  latest(address: string, direction: Direction, kind: Kind): Passing
  close(): void
}

/** Frames with this APDU tag; `prm` 1 belongs to an exchange the station began. A segment has no tag at its start. */
const tagged = (tag: number, prm?: 0 | 1): Kind => ({ data, control }) => data[0] === tag && !control.segmented && (prm === undefined || control.prm === prm)
export const KIND = {
  connectRequest: tagged(0x02),
  connectResponse: tagged(0x82),
  /** Station to terminal: a sealed request. */
  request: tagged(0x10, 1),
  /** Terminal to station: its sealed answer. */
  answer: tagged(0x90, 1),
  report: tagged(0x10, 0),
  plainReport: tagged(0x88),
  /** Station to terminal: the authenticated answer to a report. */
  confirmation: tagged(0x90, 0),
} as const

const AMBUSH_MS = 60_000
const REMEMBERED = 20_000

interface Ambush {
  address: string
  direction: Direction
  kind: Kind
  becomes(passing: Passing): Buffer[]
  done(passing: Passing): void
}

export async function startWireTap(gateway: string): Promise<WireTap> {
  const [host = '', port] = gateway.split(':')
  const passed: Passing[] = []
  const ambushes = new Set<Ambush>()
  const lines = new Map<string, Record<Direction, Socket>>()

  const pass = (passing: Passing): Buffer[] => {
    passed.push(passing)
    if (passed.length > REMEMBERED) passed.shift()
    for (const one of ambushes) {
      if (one.address !== passing.address || one.direction !== passing.direction || !one.kind(passing.frame)) continue
      ambushes.delete(one)
      const frames = one.becomes(passing)
      one.done(passing)
      return frames
    }
    return [passing.bytes]
  }

  const server = createServer({ noDelay: true }, (terminal) => {
    const station = connect({ host, port: Number(port), noDelay: true })
    const ends = { up: station, down: terminal }
    const relay = (from: Socket, to: Socket, direction: Direction): void => {
      const splitter = createSplitter({
        onFrame: (bytes) => {
          const frame = decodeFrame(bytes)
          const address = frame.address.server.padStart(12, '0')
          if (direction === 'up') lines.set(address, ends)
          for (const out of pass({ address, direction, frame, bytes })) to.write(out)
        },
      })
      from.on('data', (chunk: Buffer) => splitter.push(chunk))
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
    relay(terminal, station, 'up')
    relay(station, terminal, 'down')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const seen: WireTap['seen'] = (address, direction, kind = () => true) => passed.filter((one) => one.address === address && one.direction === direction && kind(one.frame))
  return {
    dial: tcpDial({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }),
    ambush: (address, direction, kind, becomes) => {
      const caught = new Promise<Passing>((resolve, reject) => {
        const timer = setTimeout(() => {
          ambushes.delete(ambush)
          reject(new Error('no such frame passed'))
        }, AMBUSH_MS)
        const ambush: Ambush = { address, direction, kind, becomes, done: (passing) => {
          clearTimeout(timer)
          resolve(passing)
        } }
        ambushes.add(ambush)
      })
      // Who lays an ambush looks at it later; a test that fails before has its own message.
      caught.catch(() => undefined)
      return caught
    },
    inject: (address, direction, bytes) => {
      const line = lines.get(address)
      if (!line) throw new Error(`${address} has no line through the tap`)
      line[direction].write(bytes)
    },
    seen,
    latest: (address, direction, kind) => {
      const found = seen(address, direction, kind).at(-1)
      if (!found) throw new Error(`no such frame of ${address} passed yet`)
      return found
    },
    close: () => {
      server.close()
      for (const { up, down } of lines.values()) {
        up.destroy()
        down.destroy()
      }
    },
  }
}

/** The frame with other user data and right checksums: an attacker can compute those as well as anybody. */
export function withData(frame: LinkFrame, data: Buffer): Buffer {
  return encodeFrame({ ...frame, data })
}

/** The last bit of the user data is wrong: in a protected APDU that is the MAC. */
export function wrongMac({ frame }: Passing): Buffer {
  const data = Buffer.from(frame.data)
  data[data.length - 1]! ^= 0x01
  return withData(frame, data)
}
