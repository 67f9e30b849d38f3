import type { Clock } from '@zhuzhan/core'
import { describeItem } from '@zhuzhan/dlt698'
import type { Oad, ResultNormal } from '@zhuzhan/dlt698'
import type { CommandRecord } from '@zhuzhan/persistence'
import { HesError, oadText } from '@zhuzhan/core'
import type { Publisher } from '../uplink/publish.js'
import { listReadings } from '../uplink/readings.js'
import { hasOwnSession } from '../meters/meter-sessions.js'
import type { MeterSessions } from '../meters/meter-sessions.js'
import type { Terminal } from '../terminals/terminal.js'
import { readResults } from './answer.js'
import { DEFAULT_READ, readRequest } from './encode.js'

/** Reads attributes of a meter now. */
export interface Reader {
  /** Raw results in the order asked. @throws HesError TERMINAL_TIMEOUT, TERMINAL_OFFLINE, APDU_INVALID */
  attributes(terminal: Terminal, meter: string, oads: readonly Oad[]): Promise<ResultNormal[]>
  /** One attribute, said by the device itself: what a meter with keys of its own says counts only in a new session of its own (OSP-1 §7.6, §7.11). @throws HesError as `attributes`, AUTH_FAILED */
  readBack(terminal: Terminal, meter: string, oad: Oad): Promise<ResultNormal[]>
  /** An operator's read: the values become readings, durable before the command is confirmed, and its result. */
  read(terminal: Terminal, command: CommandRecord): Promise<unknown>
}

export interface ReaderOptions {
  publisher: Publisher
  clock: Clock
  meterSessions: MeterSessions
  requestMs: number
  proxySeconds: number
}

const PIID = { number: 3, priority: false, acd: false }

export function createReader({ publisher, clock, meterSessions, requestMs, proxySeconds }: ReaderOptions): Reader {
  const attributes = async (terminal: Terminal, meter: string, oads: readonly Oad[]): Promise<ResultNormal[]> => {
    const route = { terminal: terminal.address, meter }
    const answer = await terminal.requests.ask({
      lane: 'command',
      timeoutMs: requestMs + (terminal.address === meter ? 0 : proxySeconds * 1000),
      build: (piid) => readRequest(route, oads, piid, proxySeconds),
    })
    const results = readResults(answer)
    if (!results) throw new HesError('APDU_INVALID', `the answer was ${answer.apdu}`)
    return results
  }

  const ownWords = (terminal: Terminal, meter: string, oads: readonly Oad[]): Promise<ResultNormal[]> => meterSessions.alone(terminal, meter, async () => {
    const session = await meterSessions.open(terminal, meter, 'command')
    try {
      const answer = await session.read(readRequest({ terminal: meter, meter }, oads, PIID, 0))
      const results = readResults(answer)
      if (!results) throw new HesError('APDU_INVALID', `the answer was ${answer.apdu}`)
      return results
    } finally {
      session.end()
    }
  })

  return {
    attributes,
    readBack: async (terminal, meter, oad) => {
      // Whose keys it has is not known while it is in no registry here; then its terminal's word is none.
      if (meter !== terminal.address && !terminal.record.meters.has(meter)) throw new HesError('NOT_FOUND', `${meter} is not registered behind ${terminal.address} any more`)
      return hasOwnSession(terminal, meter) ? ownWords(terminal, meter, [oad]) : attributes(terminal, meter, [oad])
    },
    read: async (terminal, command) => {
      const asked = command.parameters['oads']
      const oads = Array.isArray(asked) && asked.length > 0 ? asked.map(String) : DEFAULT_READ
      const results = await (hasOwnSession(terminal, command.meterAddress) ? ownWords : attributes)(terminal, command.meterAddress, oads)
      const readings = listReadings(results, { terminal: terminal.record, meter: command.meterAddress, receivedAt: clock.now(), source: 'poll' })
      await publisher.publish(readings)
      return {
        readings: readings.map((reading) => {
          const item = oadText(reading.item)
          const known = describeItem(item)
          return { item, name: known?.name ?? item, value: reading.value, unit: known?.unit ?? '', time: new Date(reading.time).toISOString(), quality: reading.quality }
        }),
        attributes: results.map((result) => ('dar' in result ? { oad: result.oad, dar: result.dar } : { oad: result.oad, data: plain(result.data) })),
      }
    },
  }
}

/** JSON-safe: int64 as decimal text. */
function plain(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)))
}
