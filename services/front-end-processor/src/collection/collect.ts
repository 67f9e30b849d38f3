import { HesError, errorCode, oadNumber } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { epochToDateTimeS, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Data, RecordRequest, ResultRecord } from '@zhuzhan/dlt698'
import type { CollectionPlan, CollectionStore, MeterRecord, MissingSlot } from '@zhuzhan/persistence'
import { metric } from '@zhuzhan/telemetry'
import type { Publisher } from '../uplink/publish.js'
import { recordReadings } from '../uplink/readings.js'
import type { Terminal } from '../terminals/terminal.js'
import { expectedSlots, nextTry, slotRanges } from './slots.js'
import type { SlotRange } from './slots.js'

const DAY_MS = 86_400_000
/** Rows asked for in one request; about 2 KB of answer for a curve with phases. */
const ROWS_PER_REQUEST = 24
const FREEZE_TIME = '20210200'
/** Energy is in every plan; its total marks a slot as present. */
const MARKER = oadNumber('00100201')

export interface CollectorOptions {
  store: Pick<CollectionStore, 'missing' | 'failed' | 'filled'>
  publisher: Publisher
  clock: Clock
  requestMs: number
  proxySeconds: number
}

/** Reads what one terminal owes of one plan: every meter behind it, oldest slots first, each slot at most once a pass. */
export type Collector = (terminal: Terminal, plan: CollectionPlan) => Promise<{ asked: number; brought: number }>

export function createCollector({ store, publisher, clock, requestMs, proxySeconds }: CollectorOptions): Collector {
  const request = async (terminal: Terminal, meter: MeterRecord, plan: CollectionPlan, range: SlotRange): Promise<ResultRecord> => {
    const record = recordRequest(plan, range, terminal.record.utcOffsetMinutes)
    const direct = meter.address === terminal.address
    const answer = await terminal.requests.ask({
      lane: 'collection',
      timeoutMs: requestMs + (direct ? 0 : proxySeconds * 1000),
      build: (piid): Apdu => (direct
        ? { apdu: 'get-request', choice: 'record', piid, record, timeTag: undefined }
        : { apdu: 'proxy-request', choice: 'get-record', piid, timeout: proxySeconds, tsa: tsaOf(meter.address), record, timeTag: undefined }),
    })
    if (answer.apdu === 'proxy-response' && answer.choice === 'get-record') return answer.record
    if (answer.apdu === 'get-response' && answer.choice === 'record') return answer.record
    if (answer.apdu === 'get-response' && answer.choice === 'next') return joinBlocks(terminal, answer, requestMs)
    throw new HesError('DEVICE_REFUSED', `the answer was ${answer.apdu}`)
  }

  return async (terminal, plan) => {
    const meters = [...terminal.record.meters.values()].filter((meter) => meter.kind === 'meter' && meter.securityProfile === 'plain')
    const slots = expectedSlots(plan, clock.now(), terminal.record.utcOffsetMinutes)
    const missing = await store.missing(plan.id, MARKER, meters.map((meter) => meter.id), slots)
    const result = { asked: missing.length, brought: 0 }
    const byMeter = new Map<number, MissingSlot[]>()
    for (const slot of missing) byMeter.set(slot.meterId, [...(byMeter.get(slot.meterId) ?? []), slot])
    const step = plan.intervalMinutes === null ? (plan.freezeOad.startsWith('5006') ? 31 * DAY_MS : DAY_MS) : plan.intervalMinutes * 60_000

    const readMeter = async (meter: MeterRecord): Promise<void> => {
      const owed = new Map((byMeter.get(meter.id) ?? []).map((slot) => [slot.slot, slot.attempts]))
      for (const range of slotRanges([...owed.keys()], step, ROWS_PER_REQUEST)) {
        const came = new Set<number>()
        let reason = 'no row in the meter'
        try {
          const record = await request(terminal, meter, plan, range)
          if ('dar' in record) reason = `DAR ${record.dar}`
          else {
            const late = range.slots.some((slot) => (owed.get(slot) ?? 0) > 0)
            const { readings } = recordReadings(record, {
              terminal: terminal.record, meter: meter.address, receivedAt: clock.now(), source: 'poll', ...(late ? { quality: 'recollected' as const } : {}),
            })
            await publisher.publish(readings)
            for (const reading of readings) if (reading.item === MARKER && reading.meter === meter.address) came.add(reading.time)
          }
        } catch (error) {
          // The terminal or the station is away: no verdict about the meter, the next pass asks again.
          if (['TERMINAL_OFFLINE', 'UNAVAILABLE', 'SESSION_UNKNOWN'].includes(errorCode(error))) throw error
          reason = errorCode(error)
        }
        result.brought += came.size
        const now = clock.now()
        await store.failed(plan.id, range.slots.filter((slot) => !came.has(slot)).map((slot) => ({ meterId: meter.id, slot, reason, nextTryAt: nextTry(owed.get(slot) ?? 0, now) })))
        await store.filled(plan.id, range.slots.filter((slot) => came.has(slot) && (owed.get(slot) ?? 0) > 0).map((slot) => ({ meterId: meter.id, slot })))
        metric('fep_collection_tasks').add(1, { result: came.size > 0 ? 'brought' : 'empty' })
        // A terminal that does not answer is not asked for its other meters in this pass.
        if (reason === 'TERMINAL_TIMEOUT') throw new HesError('TERMINAL_TIMEOUT')
      }
    }

    // Two meters at a time: the collection lane has two places.
    const queue = meters.filter((meter) => byMeter.has(meter.id))
    const worker = async (): Promise<void> => {
      try {
        for (let meter = queue.shift(); meter; meter = queue.shift()) await readMeter(meter)
      } catch (error) {
        queue.length = 0
        throw error
      }
    }
    // Both must be at their end before the pass is: a pass that goes on behind its job would run beside the next one.
    const ends = await Promise.allSettled([worker(), worker()])
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return result
  }
}

/** GET Record of a freeze by time: selector 2 on the freeze time, interval of a curve as TI. Reference §3.2, §9.3. */
function recordRequest(plan: CollectionPlan, range: SlotRange, offsetMinutes: number): RecordRequest {
  const at = (ms: number): Data => ({ type: 'date-time-s', value: epochToDateTimeS(ms, offsetMinutes) })
  return {
    oad: plan.freezeOad,
    rsd: {
      selector: 2, oad: FREEZE_TIME, from: at(range.from), to: at(range.to),
      interval: plan.intervalMinutes === null ? { type: 'null' } : { type: 'ti', value: { unit: 1, value: plan.intervalMinutes } },
    },
    rcsd: [{ oad: FREEZE_TIME }, ...plan.items.map((oad) => ({ oad }))],
  }
}

type NextResponse = Extract<Apdu, { apdu: 'get-response'; choice: 'next' }>
const MAX_BLOCKS = 64

/** The rest of an answer that came in application blocks; each block decodes by itself. Reference §4.4. */
async function joinBlocks(terminal: Terminal, first: NextResponse, timeoutMs: number): Promise<ResultRecord> {
  let joined: ResultRecord | undefined
  let block = first
  for (let count = 0; count < MAX_BLOCKS; count += 1) {
    if (!('records' in block.content)) throw new HesError('APDU_INVALID', 'a block without records')
    for (const record of block.content.records) {
      if (joined && 'rows' in joined && 'rows' in record && joined.oad === record.oad) joined = { ...joined, rows: [...joined.rows, ...record.rows] }
      else joined = record
    }
    if (block.last) {
      if (!joined) throw new HesError('APDU_INVALID', 'an answer of empty blocks')
      return joined
    }
    const received = block.block
    const answer = await terminal.requests.ask({ lane: 'collection', timeoutMs, build: (piid) => ({ apdu: 'get-request', choice: 'next', piid, block: received, timeTag: undefined }) })
    if (answer.apdu !== 'get-response' || answer.choice !== 'next') throw new HesError('APDU_INVALID', 'no next block')
    block = answer
  }
  throw new HesError('LIMIT_EXCEEDED', `more than ${MAX_BLOCKS} blocks`)
}
