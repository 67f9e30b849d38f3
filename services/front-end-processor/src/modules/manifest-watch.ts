import { errorCode, errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoMachine, ModulesVerdict } from '@zhuzhan/contracts'
import type { EventLog } from '@zhuzhan/persistence'
import type { Logger } from '@zhuzhan/service-kit'
import { metric } from '@zhuzhan/telemetry'
import { hasOwnSession } from '../meters/meter-sessions.js'
import type { MeterSessions } from '../meters/meter-sessions.js'
import type { Directory } from '../terminals/directory.js'
import type { Terminal } from '../terminals/terminal.js'
import { askMeter, askTerminal } from './ask-manifest.js'

/**
 * When protected devices are asked for their module manifests: some time after a new session, then about once a day. A device is asked
 * once an hour at most, whatever its connection does; what is due is spread over time and goes behind the live traffic.
 */
export interface ManifestWatch {
  /** A terminal has a session, or a plain one is connected: it and its meters with sessions of their own are due. */
  onBound(terminal: Terminal): void
  /** What the machine said of a device's manifest. */
  judged(device: { address: string; terminal: string }, verdict: ModulesVerdict): void
  /** Asks those that are due and fit into the places. */
  sweep(): void
  readonly waiting: number
}

export interface ManifestWatchOptions {
  machine: CryptoMachine
  meterSessions: MeterSessions
  requestMs: number
  directory: Directory
  events: Pick<EventLog, 'publish'>
  clock: Clock
  log: Logger
  /** About so often while the device stays connected. */
  everyMs: number
  /** Not sooner than this after it was asked last. */
  restMs: number
  spreadMs: number
  places: number
  /** 0 to 1. */
  random?: () => number
}

interface Watched {
  address: string
  terminal: string
  askedAt: number
}

/** Devices that are due within one of these are taken together. */
const STEP_MS = 1_000

export function createManifestWatch(options: ManifestWatchOptions): ManifestWatch {
  const { directory, clock, log, events, everyMs, restMs, spreadMs, places, random = Math.random } = options
  const watched = new Map<string, Watched>()
  /** By step of time; a device stands in one of them only. */
  const due = new Map<number, Set<Watched>>()
  const dueAt = new Map<Watched, number>()
  const ready = new Set<Watched>()
  let busy = 0
  let swept = Math.floor(clock.monotonic() / STEP_MS) - 1

  const plan = (one: Watched, at: number): void => {
    const before = dueAt.get(one)
    const step = Math.max(Math.ceil(at / STEP_MS), swept + 1)
    if (before !== undefined && before <= step) return
    if (before !== undefined) due.get(before)?.delete(one)
    const together = due.get(step) ?? new Set<Watched>()
    due.set(step, together.add(one))
    dueAt.set(one, step)
  }

  const ask = async (one: Watched): Promise<void> => {
    const { address } = one
    const terminal = directory.serving(one.terminal)
    // Gone, or between two sessions: it is due again when there is one.
    if (!terminal || terminal.secure?.ready === false) return
    one.askedAt = clock.monotonic()
    let result = 'failed'
    try {
      await (address === terminal.address ? askTerminal(terminal, options.requestMs) : askMeter(terminal, address, options))
      result = 'answered'
    } catch (error) {
      log.debug({ device: address, code: errorCode(error), err: errorText(error) }, 'no module manifest; asked again later')
    } finally {
      metric('fep_manifests').add(1, { result })
      // A tenth more or less, so that those of one day do not stay together for ever.
      plan(one, clock.monotonic() + (result === 'answered' ? everyMs * (0.9 + 0.2 * random()) : restMs + spreadMs * random()))
    }
  }

  const pump = (): void => {
    for (const one of ready) {
      if (busy >= places) return
      ready.delete(one)
      busy += 1
      void ask(one).finally(() => {
        busy -= 1
        pump()
      })
    }
  }

  const watch: ManifestWatch = {
    onBound: (terminal) => {
      const now = clock.monotonic()
      const own = [...terminal.record.meters.keys()].filter((meter) => hasOwnSession(terminal, meter))
      for (const address of [...(terminal.secure ? [terminal.address] : []), ...own]) {
        const one = watched.get(address) ?? { address, terminal: terminal.address, askedAt: -Infinity }
        // A meter may have been moved behind another terminal.
        one.terminal = terminal.address
        watched.set(address, one)
        if (!ready.has(one)) plan(one, Math.max(now, one.askedAt + restMs) + spreadMs * random())
      }
    },
    judged: ({ address, terminal }, { state, became, why }) => {
      if (!became) return
      log.warn({ device: address, why }, 'the modules of a device are not those bound to it: it is suspect, reads only')
      const meter = address === terminal ? {} : { meter: address }
      events.publish({ kind: 'device.suspect', severity: 'alarm', terminal, ...meter, code: 'DEVICE_SUSPECT', detail: { state, why } })
        .catch((error: unknown) => log.warn({ device: address, err: errorText(error) }, 'event not written'))
    },
    sweep: () => {
      const now = Math.floor(clock.monotonic() / STEP_MS)
      // A clock that jumped over many steps has them all due, in their order.
      for (const step of now - swept > due.size ? [...due.keys()].filter((one) => one <= now).sort((a, b) => a - b) : stepsBetween(swept + 1, now)) {
        for (const one of due.get(step) ?? []) {
          dueAt.delete(one)
          ready.add(one)
        }
        due.delete(step)
      }
      swept = now
      pump()
    },
    get waiting() { return ready.size },
  }
  return watch
}

function stepsBetween(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
}
