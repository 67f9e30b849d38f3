import type { Device } from '../device/device.js'
import { fraction } from '../meter/hash.js'
import type { Appointment } from '../run/scheduler.js'
import type { FleetContext } from './context.js'
import { eventReport, periodicReports } from './report-content.js'
import type { Reports } from './reports.js'

/** When a terminal reports by itself: in its period, after a login, and when a relay moved. */
export interface Reporting {
  start(): void
  stop(): void
  /** After a login: the first one brings the newest values and the last power event at once. */
  onReady(): void
  now(): void
  set(on: boolean): void
  /** A relay got new orders; its event is reported when it moves. */
  relayMoved(device: Device): void
}

export interface ReportingOptions {
  device: Device
  meters: readonly Device[]
  context: FleetContext
  reports: Reports
  /** Greatest APDU of a report. */
  limit(): number
}

/** Terminals of one period do not report in the same instant; in seconds-long periods they use most of it. */
const SPREAD = 0.6
const MOST_SPREAD_MS = 20_000
const POWER_EVENT = '3106'
const TRIP_EVENT = '301F'
const CLOSE_EVENT = '3020'

export function createReporting({ device, meters, context, reports, limit }: ReportingOptions): Reporting {
  const { scheduler, clock, settings } = context
  const periodMs = settings.reportSeconds * 1000
  const spreadMs = fraction(device.meter.seed, 9) * Math.min(SPREAD * periodMs, MOST_SPREAD_MS)
  let appointment: Appointment | undefined
  let on = periodMs > 0
  let loggedIn = false
  const announced = new Set<string>()

  function arm(): void {
    appointment?.cancel()
    if (!on) return
    const now = clock.now()
    const due = (Math.floor((now - spreadMs) / periodMs) + 1) * periodMs + spreadMs
    appointment = scheduler.after(due - now, () => {
      // Without a connection reports wait in the terminal, as they do in the field.
      if (loggedIn) report()
      arm()
    })
  }

  function report(): void {
    const content = periodicReports({
      terminal: device, meters, items: settings.reportItems, frozen: settings.reportSeconds >= 60, nowMs: clock.now(), limit: limit(),
    })
    for (const one of content) reports.add(one)
  }

  function announce(moved: Device, oi: string, at: number | undefined): void {
    const key = `${moved.address}${oi}${at}`
    if (at === undefined || at < clock.now() - 60_000 || announced.has(key)) return
    announced.add(key)
    scheduler.after(at - clock.now(), () => {
      announced.delete(key)
      const { intervals } = moved.meter.relay
      // The order may have been taken back before its time.
      if (!intervals.some(({ from, to }) => (oi === TRIP_EVENT ? from : to) === at)) return
      const content = eventReport(moved, oi, clock.now())
      if (content) reports.add(content)
    })
  }

  return {
    start: arm,
    stop: () => appointment?.cancel(),
    onReady: () => {
      if (loggedIn) return
      loggedIn = true
      if (!on) return
      const event = eventReport(device, POWER_EVENT, clock.now())
      if (event) reports.add(event)
      report()
    },
    now: report,
    set: (wanted) => {
      on = wanted && periodMs > 0
      arm()
    },
    relayMoved: (moved) => {
      const last = moved.meter.relay.intervals.at(-1)
      announce(moved, TRIP_EVENT, last?.from)
      announce(moved, CLOSE_EVENT, last?.to)
    },
  }
}
