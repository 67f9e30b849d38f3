/**
 * The relay of one meter (or one switched output of a terminal) as a list of times. Nothing here waits: a trip with a
 * delay, an automatic close and a customer's button are entries in the future, so the state at any time can be
 * asked again, and a register knows when no energy flowed. DL/T 698.45 reference §8.6, §13.
 */
export interface OpenInterval {
  from: number
  /** Not there: open until somebody closes it. */
  to?: number
}

/** What is kept on disk. */
export interface RelayState {
  open: OpenInterval[]
  /** 8001: the supply must be kept; a trip is refused. */
  keepPower: boolean
}

/** The customer presses the button this long after closing was allowed. */
export const BUTTON_DELAY_MS = 10_000

/** Older openings are forgotten in pairs only through the register, so there is a bound; a virtual relay never gets near it. */
const MAX_INTERVALS = 10_000

export class Relay {
  /** Grows with every change, so that what was computed from the intervals can be kept. */
  version = 0

  constructor(private readonly state: RelayState = { open: [], keepPower: false }, private readonly changed: () => void = () => {}) {}

  get keepPower(): boolean {
    return this.state.keepPower
  }

  keep(on: boolean): void {
    this.state.keepPower = on
    this.touch()
  }

  /** Openings in order of time; the last may lie in the future or be without an end. */
  get intervals(): readonly OpenInterval[] {
    return this.state.open
  }

  isOpen(timeMs: number): boolean {
    return this.state.open.some((i) => i.from <= timeMs && (i.to === undefined || timeMs < i.to))
  }

  /** Opened or about to open: a trip is in force. */
  tripInForce(timeMs: number): boolean {
    const last = this.state.open.at(-1)
    return last !== undefined && (last.to === undefined || timeMs < last.to)
  }

  /**
   * Open at `atMs`; `closeAfterMs` closes it by itself. A relay that is open stays open, with the new end.
   * @returns false under keep-power: nothing was changed.
   */
  trip(nowMs: number, atMs = nowMs, closeAfterMs?: number): boolean {
    if (this.state.keepPower) return false
    const last = this.state.open.at(-1)
    const to = closeAfterMs === undefined ? undefined : atMs + closeAfterMs
    if (last && (last.to === undefined || last.to > nowMs)) {
      const from = Math.min(last.from, atMs)
      this.state.open[this.state.open.length - 1] = interval(from, to)
    } else {
      if (this.state.open.length >= MAX_INTERVALS) throw new RangeError('this virtual relay was opened too often')
      this.state.open.push(interval(atMs, to))
    }
    this.touch()
    return true
  }

  /** Close at `atMs` (later than now when the customer has to press a button). An opening that has not begun is dropped. */
  close(nowMs: number, atMs = nowMs): void {
    const last = this.state.open.at(-1)
    if (last === undefined || (last.to !== undefined && last.to <= nowMs)) return
    if (last.from >= atMs) this.state.open.pop()
    else last.to = atMs
    this.touch()
  }

  private touch(): void {
    this.version++
    this.changed()
  }

  snapshot(): RelayState {
    return { open: this.state.open.map((i) => ({ ...i })), keepPower: this.state.keepPower }
  }
}

function interval(from: number, to: number | undefined): OpenInterval {
  return to === undefined ? { from } : { from, to }
}
