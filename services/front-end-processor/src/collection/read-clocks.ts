import { HesError, errorCode } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { dateTimeSToEpoch } from '@zhuzhan/dlt698'
import type { Apdu, Oad } from '@zhuzhan/dlt698'
import type { ClockReading, MeterClockStore, MeterRecord } from '@zhuzhan/persistence'
import { readResults } from '../downlink/answer.js'
import { readRequest } from '../downlink/encode.js'
import type { Terminal } from '../terminals/terminal.js'
import type { Collector } from './collect.js'

/** Date and time, attribute 2: date_time_s. A collection plan of this object reads clocks. Reference §8.1. */
export const METER_CLOCK: Oad = '40000200'

const HOUR_MS = 3_600_000
/** The collection lane's places at a terminal. */
const ASKING = 2
/** A clock shows whole seconds: at a moment within the second it shows, half a second from its middle at most. */
const HALF_SECOND_MS = 500

export interface ClockReaderOptions {
  store: MeterClockStore
  clock: Clock
  requestMs: number
  proxySeconds: number
}

/**
 * Reads the clocks of the meters behind one terminal, each by itself and from the meter, never from records of the terminal. What it showed
 * held at some moment between question and answer: the deviation is that from the middle of them, the uncertainty half of the round trip.
 * A question in vain is stored with its reason. Throws as a collector does; what came before stays.
 */
export function createClockReader({ store, clock, requestMs, proxySeconds }: ClockReaderOptions): Collector {
  const read = async (terminal: Terminal, { id, address }: MeterRecord): Promise<ClockReading> => {
    const route = { terminal: terminal.address, meter: address }
    let [sentAt, begin] = [0, 0]
    const answer = await terminal.requests.ask({
      lane: 'collection',
      timeoutMs: requestMs + (address === terminal.address ? 0 : proxySeconds * 1_000),
      build: (piid): Apdu => {
        [sentAt, begin] = [clock.now(), clock.monotonic()]
        return readRequest(route, [METER_CLOCK], piid, proxySeconds)
      },
    })
    const trip = clock.monotonic() - begin
    const middle = sentAt + trip / 2
    const result = readResults(answer)?.[0]
    if (!result) throw new HesError('APDU_INVALID', `the answer was ${answer.apdu}`)
    if ('dar' in result) throw new HesError('DEVICE_REFUSED', `DAR ${result.dar}`, { dar: result.dar })
    const shown = result.data.type === 'date-time-s' ? dateTimeSToEpoch(result.data.value, terminal.record.utcOffsetMinutes) : undefined
    if (shown === undefined) return { meterId: id, at: new Date(middle), reason: 'no time: a part of it is not specified, or there is no such date' }
    return {
      meterId: id, at: new Date(middle),
      deviationSeconds: Math.round(shown + HALF_SECOND_MS - middle) / 1_000, uncertaintySeconds: Math.ceil(trip / 2 + HALF_SECOND_MS) / 1_000,
    }
  }

  return async (terminal, plan, onAsking) => {
    const meters = new Map([...terminal.record.meters.values()].filter((meter) => meter.kind === 'meter' && meter.securityProfile === 'plain').map((meter) => [meter.id, meter]))
    const goodMs = plan.horizonHours * HOUR_MS
    const due = await store.due([...meters.keys()], clock.now(), goodMs, Math.min(goodMs, plan.everySeconds * 1_000))
    const result = { asked: due.length, brought: 0 }
    const readings: ClockReading[] = []
    let answered = false
    const worker = async (): Promise<void> => {
      try {
        for (let id = due.shift(); id !== undefined; id = due.shift()) {
          try {
            const one = await read(terminal, meters.get(id) as MeterRecord)
            readings.push(one)
            answered = true
            if ('deviationSeconds' in one) result.brought += 1
          } catch (error) {
            const code = errorCode(error)
            if (['TERMINAL_OFFLINE', 'UNAVAILABLE', 'SESSION_UNKNOWN', 'BUSY'].includes(code)) throw error
            const dar = error instanceof HesError ? error.context['dar'] : undefined
            readings.push({ meterId: id, at: new Date(clock.now()), reason: typeof dar === 'number' ? `DAR ${dar}` : code })
            if (code !== 'TERMINAL_TIMEOUT') answered = true
            // The terminal itself is silent: the others are asked in the next pass, before these.
            else if (!answered) throw error
          }
        }
      } catch (error) {
        due.length = 0
        throw error
      }
    }
    onAsking?.()
    const ends = await Promise.allSettled(Array.from({ length: ASKING }, worker))
    await store.store(readings)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return result
  }
}
