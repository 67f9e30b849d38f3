import { HesError, errorCode, oadNumber } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, ResultRecord } from '@zhuzhan/dlt698'
import type { CollectionPlan, CollectionStore, MeterRecord } from '@zhuzhan/persistence'
import { metric } from '@zhuzhan/telemetry'
import type { Publisher } from '../uplink/publish.js'
import { recordReadings } from '../uplink/readings.js'
import type { Terminal } from '../terminals/terminal.js'
import { attemptTimeouts, createAnswerTime } from './answer-time.js'
import type { AnswerTime } from './answer-time.js'
import { createMissingSlots } from './missing-slots.js'
import { joinBlocks, recordRequest } from './record-request.js'
import { expectedSlots, nextTry, slotRanges } from './slots.js'
import type { SlotRange } from './slots.js'

const DAY_MS = 86_400_000
/** Rows asked for in one request; about 2 KB of answer for a curve with phases. */
const ROWS_PER_REQUEST = 24
/** Energy is in every plan; its total marks a slot as present. */
const MARKER = oadNumber('00100201')
/** The collection lane has two places at the terminal; two more wait for their readings to become durable. */
const ASKING = 2
const PUBLISHING = 2

export interface CollectorOptions {
  store: Pick<CollectionStore, 'missing' | 'failed' | 'filled'>
  publisher: Publisher
  clock: Clock
  requestMs: number
  proxySeconds: number
}

/**
 * Reads what one terminal owes of one plan: every meter behind it, oldest slots first. What is not answered is asked again after
 * the others, sooner than a meter may take to answer; an answer that comes late still counts. `onAsking`: the station has done
 * its part, what follows waits for the terminal.
 * @throws HesError TERMINAL_TIMEOUT, TERMINAL_OFFLINE, UNAVAILABLE; what came before stays
 */
export type Collector = (terminal: Terminal, plan: CollectionPlan, onAsking?: () => void) => Promise<{ asked: number; brought: number }>

/** A meter and the rows of one request. */
interface Task {
  meter: MeterRecord
  range: SlotRange
  timeouts: number[]
  asked: number
  /** The answer to an earlier request of this task. */
  came: Apdu | undefined
  late: Promise<Apdu>
  onLate(answer: Apdu): void
}

export function createCollector({ store, publisher, clock, requestMs, proxySeconds }: CollectorOptions): Collector {
  const missingSlots = createMissingSlots(store)
  const times = new WeakMap<Terminal, AnswerTime>()
  const ofAll = createAnswerTime()
  const timeOf = (terminal: Terminal): AnswerTime => {
    let time = times.get(terminal)
    if (!time) times.set(terminal, (time = createAnswerTime()))
    return time
  }

  /** @throws HesError TERMINAL_TIMEOUT when this request got no answer, nor an earlier one of the task */
  const ask = async (terminal: Terminal, plan: CollectionPlan, task: Task): Promise<Apdu> => {
    if (task.came) return task.came
    const { meter } = task
    const record = recordRequest(plan, task.range, terminal.record.utcOffsetMinutes)
    const direct = meter.address === terminal.address
    const attempt = task.asked === 0 ? 'first' : 'repeat'
    if (task.asked === 0) task.timeouts = attemptTimeouts(timeOf(terminal).wait, ofAll.wait, requestMs + (direct ? 0 : proxySeconds * 1000))
    let sentAt = 0
    const heard = (result: 'answered' | 'late'): void => {
      for (const time of [timeOf(terminal), ofAll]) time.observe(clock.monotonic() - sentAt)
      metric('fep_collection_attempts').add(1, { attempt, result })
    }
    const asking = terminal.requests.ask({
      lane: 'collection',
      timeoutMs: task.timeouts[task.asked++] ?? requestMs,
      build: (piid): Apdu => {
        sentAt = clock.monotonic()
        return direct
          ? { apdu: 'get-request', choice: 'record', piid, record, timeTag: undefined }
          : { apdu: 'proxy-request', choice: 'get-record', piid, timeout: proxySeconds, tsa: tsaOf(meter.address), record, timeTag: undefined }
      },
      late: (answer) => {
        heard('late')
        task.onLate(answer)
      },
    }).then((answer) => {
      heard('answered')
      return answer
    }, (error: unknown) => {
      if (errorCode(error) === 'TERMINAL_TIMEOUT') metric('fep_collection_attempts').add(1, { attempt, result: 'unanswered' })
      throw error
    })
    asking.catch(() => undefined)
    return Promise.race([asking, task.late])
  }

  const recordOf = async (terminal: Terminal, answer: Apdu): Promise<ResultRecord> => {
    if (answer.apdu === 'proxy-response' && answer.choice === 'get-record') return answer.record
    if (answer.apdu === 'get-response' && answer.choice === 'record') return answer.record
    if (answer.apdu === 'get-response' && answer.choice === 'next') return joinBlocks(terminal, answer, requestMs)
    throw new HesError('DEVICE_REFUSED', `the answer was ${answer.apdu}`)
  }

  return async (terminal, plan, onAsking) => {
    const meters = [...terminal.record.meters.values()].filter((meter) => meter.kind === 'meter' && meter.securityProfile === 'plain')
    const slots = expectedSlots(plan, clock.now(), terminal.record.utcOffsetMinutes)
    const missing = await missingSlots(plan.id, MARKER, meters.map((meter) => meter.id), slots)
    const result = { asked: missing.length, brought: 0 }
    /** Vain tries so far, by meter and slot. */
    const owed = new Map<number, Map<number, number>>()
    for (const { meterId, slot, attempts } of missing) {
      const ofMeter = owed.get(meterId) ?? new Map<number, number>()
      owed.set(meterId, ofMeter.set(slot, attempts))
    }
    const step = plan.intervalMinutes === null ? (plan.freezeOad.startsWith('5006') ? 31 * DAY_MS : DAY_MS) : plan.intervalMinutes * 60_000
    const queue = meters.flatMap((meter) => slotRanges([...owed.get(meter.id)?.keys() ?? []], step, ROWS_PER_REQUEST).map((range) => task(meter, range)))
    const [failed, filled]: [Parameters<CollectionStore['failed']>[1][number][], { meterId: number; slot: number }[]] = [[], []]
    let answers = 0
    let answered!: () => void
    const firstAnswer = new Promise<void>((resolve) => { answered = resolve })

    /** What came of a task is published, and only then counted. */
    const take = async ({ meter, range }: Task, record: ResultRecord): Promise<Set<number>> => {
      if ('dar' in record) throw new HesError('DEVICE_REFUSED', `DAR ${record.dar}`, { dar: record.dar })
      const late = range.slots.some((slot) => (owed.get(meter.id)?.get(slot) ?? 0) > 0)
      const { readings } = recordReadings(record, { terminal: terminal.record, meter: meter.address, receivedAt: clock.now(), source: 'poll', ...(late ? { quality: 'recollected' as const } : {}) })
      await publisher.publish(readings)
      return new Set(readings.filter((one) => one.item === MARKER && one.meter === meter.address).map((one) => one.time))
    }
    const settle = ({ meter, range }: Task, came: ReadonlySet<number>, reason: string): void => {
      result.brought += came.size
      metric('fep_collection_tasks').add(1, { result: came.size > 0 ? 'brought' : 'empty' })
      const now = clock.now()
      for (const slot of range.slots) {
        const tries = owed.get(meter.id)?.get(slot) ?? 0
        if (!came.has(slot)) failed.push({ meterId: meter.id, slot, reason, nextTryAt: nextTry(tries, now, terminal.record.utcOffsetMinutes) })
        else if (tries > 0) filled.push({ meterId: meter.id, slot })
      }
    }

    const run = async (one: Task): Promise<void> => {
      const before = answers
      try {
        const record = await recordOf(terminal, await ask(terminal, plan, one))
        answers += 1
        answered()
        settle(one, await take(one, record), 'no row in the meter')
      } catch (error) {
        const code = errorCode(error)
        // The terminal or the station is away: no verdict about the meter, the next pass asks again.
        if (['TERMINAL_OFFLINE', 'UNAVAILABLE', 'SESSION_UNKNOWN'].includes(code)) throw error
        if (code === 'TERMINAL_TIMEOUT' && one.asked < one.timeouts.length) {
          // A terminal that has said nothing yet is asked the same again, not for its other meters.
          if (answers > 0) queue.push(one)
          else queue.unshift(one)
          return
        }
        const dar = error instanceof HesError ? error.context['dar'] : undefined
        settle(one, new Set(), typeof dar === 'number' ? `DAR ${dar}` : code)
        if (code === 'TERMINAL_TIMEOUT' && answers === before) throw error
      }
    }
    const worker = async (): Promise<void> => {
      try {
        for (let one = queue.shift(); one; one = queue.shift()) await run(one)
      } catch (error) {
        queue.length = 0
        throw error
      } finally {
        answered()
      }
    }
    onAsking?.()
    // All must be at their end before the pass is: a pass that goes on behind its job would run beside the next one.
    const ends = await Promise.allSettled([
      ...Array.from({ length: ASKING }, worker),
      ...Array.from({ length: PUBLISHING }, () => firstAnswer.then(worker)),
    ])
    await Promise.all([failed.length > 0 && store.failed(plan.id, failed), filled.length > 0 && store.filled(plan.id, filled)])
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return result
  }
}

function task(meter: MeterRecord, range: SlotRange): Task {
  let onLate!: (answer: Apdu) => void
  const late = new Promise<Apdu>((resolve) => { onLate = resolve })
  const one: Task = {
    meter, range, timeouts: [], asked: 0, came: undefined, late,
    onLate: (answer) => {
      one.came = answer
      onLate(answer)
    },
  }
  return one
}
