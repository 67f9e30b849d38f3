import type { Random } from '../run/random.js'
import type { Scheduler } from '../run/scheduler.js'
import type { Faults } from './faults.js'

/** Writes frames to the line the way a healthy or a faulty modem does. */
export interface LineWriter {
  write(frame: Buffer): void
  /** The connection is gone: what still waits is dropped. */
  reset(): void
}

export interface LineWriterOptions {
  address: string
  faults: Faults
  random: Random
  scheduler: Scheduler
  put(bytes: Uint8Array): void
}

/** Garbage, half frames and single bytes; everything above the line is somebody else's fault. */
export function createLineWriter({ address, faults, random, scheduler, put }: LineWriterOptions): LineWriter {
  let frames = 0
  let trickle: Buffer[] = []
  let trickling = false
  let line = 0

  function write(frame: Buffer): void {
    frames++
    const garbage = faults.get(address, 'garbage')
    if (garbage) emit(noise(random, garbage.bytes))
    const half = faults.get(address, 'half-frame')
    emit(half && frames % Math.max(1, half.every) === 0 ? frame.subarray(0, frame.length >> 1) : frame)
  }

  function emit(bytes: Buffer): void {
    const slow = faults.get(address, 'byte-at-a-time')
    // What comes behind bytes that still trickle waits for them, even when the fault has ended.
    if (!slow && !trickling) return put(bytes)
    trickle.push(bytes)
    if (!trickling) {
      trickling = true
      next(line)
    }
  }

  function next(of: number): void {
    if (of !== line) return
    const [head] = trickle
    if (head === undefined) {
      trickling = false
      return
    }
    const slow = faults.get(address, 'byte-at-a-time')
    const count = slow ? 1 : head.length
    put(head.subarray(0, count))
    if (count === head.length) trickle.shift()
    else trickle[0] = head.subarray(count)
    scheduler.after(slow?.ms ?? 0, () => next(of))
  }

  return {
    write,
    reset: () => {
      line++
      trickle = []
      trickling = false
    },
  }
}

/** Random bytes in which frame starts and plausible lengths are common. */
function noise(random: Random, most: number): Buffer {
  const bytes = random(1 + (random(1)[0]! % Math.max(1, most)))
  for (let i = 0; i < bytes.length; i += 7) bytes[i] = [0x68, 0xfe, 0x16, 0x00][bytes[i]! & 3]!
  return bytes
}
