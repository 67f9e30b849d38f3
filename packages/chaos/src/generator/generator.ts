import { createFleet } from '@zhuzhan/fleet'
import type { FleetOptions, RegistryEntry } from '@zhuzhan/fleet'
import type { LedgerWriter } from '../ledger/ledger.js'
import { recordOf, valuesOf } from '../ledger/readings.js'

export interface GeneratorOptions extends Pick<FleetOptions, 'dial' | 'keys' | 'state' | 'log'> {
  registry: readonly RegistryEntry[]
  ledger: LedgerWriter
  /** Reports a second over all terminals. */
  rate: number
}

export interface GeneratorCounts {
  /** Reports. */
  sent: number
  acknowledged: number
  /** Sent and not acknowledged: what the terminals still hold. */
  waiting: number
  /** Logged-in terminals. */
  ready: number
  /** Not made, because their terminal held too many. */
  held: number
}

export interface Generator {
  start(): void
  /** No new reports; what waits is sent until it is acknowledged. */
  stopMaking(): void
  counts(): GeneratorCounts
  stop(): Promise<void>
}

const TICK_MS = 50
/** A terminal's memory is finite: with so many unacknowledged reports it makes no more. Below the fleet's own limit. */
const BACKLOG = 200
/** The values' times begin here before the start; each report of a meter is one second on. */
const BEFORE_MS = 3_600_000

/**
 * The load: terminals of packages/fleet whose reports come from here. Every report is in the ledger before it can leave, and each
 * acknowledgement the terminal believed (for secured ones: with the station's MAC) right after.
 */
export async function createGenerator({ registry, ledger, rate, ...rest }: GeneratorOptions): Promise<Generator> {
  const firstTime = Math.floor((Date.now() - BEFORE_MS) / 1_000) * 1_000
  const fleet = await createFleet({
    ...rest, registry,
    ledger: {
      acknowledged: ({ at, terminal, report }) => ledger.acknowledged({ at, terminal, report }),
      flush: () => ledger.flush(), path: undefined, entries: 0,
    },
    // Reports are made here; a real line's times would only blur when something is back.
    settings: { reportSeconds: 0, heartbeatSeconds: 10, reportTimeoutMs: 5_000, reportRepeats: 3, reportRestMs: 5_000, instant: true },
  })
  const meters = registry.flatMap(({ address, meters: behind }) => behind.map((meter) => ({ terminal: fleet.terminals.get(address)!, meter, n: 0 })))
  // One terminal after the other, not all meters of one together.
  meters.sort((a, b) => a.meter.slice(-3).localeCompare(b.meter.slice(-3)))

  let timer: NodeJS.Timeout | undefined
  let turn = 0
  let due = 0
  let held = 0
  let last = 0

  const make = (): void => {
    const now = performance.now()
    due = Math.min(due + (rate * (now - last)) / 1_000, rate)
    last = now
    for (; due >= 1; due -= 1) {
      const one = meters[turn++ % meters.length]!
      const { terminal, meter } = one
      if (terminal.reports.waiting >= BACKLOG) {
        held += 1
        continue
      }
      const n = (one.n += 1)
      const time = firstTime + n * 1_000
      ledger.sent({ at: Date.now(), terminal: terminal.address, report: terminal.reports.made + 1, meter, time, values: valuesOf(meter, n) })
      terminal.reports.add(recordOf(meter, n, time))
    }
    // A terminal seals its report before it sends it, and sealing is asynchronous: the ledger is on its way first.
    ledger.flush()
  }
  const sum = (of: (terminal: (typeof meters)[number]['terminal']) => number): number => [...fleet.terminals.values()].reduce((total, terminal) => total + of(terminal), 0)

  return {
    start: () => {
      fleet.start()
      last = performance.now()
      timer = setInterval(make, TICK_MS)
    },
    stopMaking: () => clearInterval(timer),
    counts: () => ({
      sent: fleet.counts.reportsMade, acknowledged: fleet.counts.reportsAcknowledged, held,
      waiting: sum(({ reports }) => reports.waiting), ready: sum(({ link }) => (link.ready ? 1 : 0)),
    }),
    stop: async () => {
      clearInterval(timer)
      await fleet.stop()
      ledger.close()
    },
  }
}
