import type { Clock } from '@zhuzhan/core'

const NUMBERS = 64
/** A number rests this long after a timeout, so that a late answer meets no new request. */
export const PIID_REST_MS = 60_000

/** The 64 invocation numbers of one connection. */
export interface PiidPool {
  /** A free number, the one unused for longest first; undefined when all are in use or resting. */
  take(): number | undefined
  /** The number was answered. */
  answered(number: number): void
  /** Its answer may still come. */
  timedOut(number: number): void
}

export const createPiidPool = (clock: Clock): PiidPool => new Pool(clock)

class Pool implements PiidPool {
  /** Which number lies at which place of the ring. Made when the first one comes back out of turn: until then they lie as they count. */
  private ring: Uint8Array | undefined
  private first = 0
  private size = NUMBERS
  private resting: { number: number; until: number }[] | undefined

  constructor(private readonly clock: Clock) {}

  take(): number | undefined {
    while (this.resting?.[0] && this.resting[0].until <= this.clock.monotonic()) this.answered((this.resting.shift() as { number: number }).number)
    if (this.size === 0) return undefined
    const number = this.ring?.[this.first] ?? this.first
    this.first = (this.first + 1) % NUMBERS
    this.size -= 1
    return number
  }

  answered(number: number): void {
    const place = (this.first + this.size++) % NUMBERS
    if (place !== number) this.ring ??= Uint8Array.from({ length: NUMBERS }, (_, at) => at)
    if (this.ring) this.ring[place] = number
  }

  timedOut(number: number): void {
    this.resting ??= []
    this.resting.push({ number, until: this.clock.monotonic() + PIID_REST_MS })
  }
}
