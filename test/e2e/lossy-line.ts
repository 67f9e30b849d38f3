import type { Dial, Wire } from '@zhuzhan/fleet'

/** What a test does to frames between the fleet and the gateway. */
export interface LossyLine {
  dial: Dial
  /** The next chunk of the connection on which `inner` runs now is lost on this way. */
  drop(terminal: string, way: 'to-device' | 'to-station'): void
  /** Cuts the connection of this terminal. */
  cut(terminal: string): void
  readonly dropped: Record<'to-device' | 'to-station' | 'cut', number>
}

interface Line {
  wire: Wire
  onClose(why: string): void
  losing: { 'to-device': number; 'to-station': number }
}

/** Server address of a frame on the wire: 68 LL LL C AF SA(6, low byte first). */
function terminalOf(chunk: Uint8Array): string {
  return Buffer.from(chunk.subarray(5, 11)).reverse().toString('hex')
}

/** Real sockets on which whole chunks vanish: a chunk is a frame, or the part of one, and either way no answer comes. */
export function lossyLine(real: Dial): LossyLine {
  const lines = new Map<string, Line>()
  const dropped = { 'to-device': 0, 'to-station': 0, cut: 0 }
  const lose = (line: Line, way: 'to-device' | 'to-station'): boolean => {
    if (line.losing[way] === 0) return false
    line.losing[way] -= 1
    dropped[way] += 1
    return true
  }
  return {
    dropped,
    dial: (events) => {
      const line: Line = { wire: undefined as unknown as Wire, onClose: (why) => events.onClose(why), losing: { 'to-device': 0, 'to-station': 0 } }
      line.wire = real({ ...events, onData: (chunk) => { if (!lose(line, 'to-device')) events.onData(chunk) } })
      return {
        write: (bytes) => {
          // Its first frame is the login: from then on it is known whose connection this is.
          if (bytes.length > 11) lines.set(terminalOf(bytes), line)
          if (!lose(line, 'to-station')) line.wire.write(bytes)
        },
        close: (politely) => line.wire.close(politely),
      }
    },
    drop: (terminal, way) => {
      const line = lines.get(terminal)
      if (line) line.losing[way] += 1
    },
    cut: (terminal) => {
      const line = lines.get(terminal)
      if (!line) return
      dropped.cut += 1
      line.wire.close()
      line.onClose('cut by the test')
    },
  }
}
