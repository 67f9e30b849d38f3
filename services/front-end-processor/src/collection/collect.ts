import { HesError, errorCode, oadNumber } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { ResultRecord } from '@zhuzhan/dlt698'
import type { CollectionPlan, CollectionStore, ItemRanges } from '@zhuzhan/persistence'
import { metric } from '@zhuzhan/telemetry'
import type { Publisher } from '../uplink/publish.js'
import { recordReadings } from '../uplink/readings.js'
import type { Terminal } from '../terminals/terminal.js'
import { createAsker } from './ask-task.js'
import { createMissingSlots } from './missing-slots.js'
import { expectedSlots, nextTry } from './slots.js'
import { meterTasks, plannedTasks } from './task.js'
import type { Task } from './task.js'

/** Energy is in every plan; its total marks a slot as present. */
const MARKER = oadNumber('00100201')
/**
 * What a daily or monthly freeze brings beside the total. A curve has the total of midnight too, so that alone does not tell that the freeze was read.
 * @returns undefined where the plan asks for the total alone, and for curves
 */
function besideOf({ items, intervalMinutes }: CollectionPlan): ItemRanges | undefined {
  if (intervalMinutes !== null) return undefined
  const ranges = items.map(oadNumber).filter((item) => item !== MARKER).map((item): ItemRanges[number] => {
    // Index 0 asks for every element.
    if ((item & 0xff) !== 0) return [item, item]
    return [item + 1 === MARKER ? MARKER + 1 : item + 1, item + 0xff]
  })
  return ranges.length === 0 ? undefined : ranges
}

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
 * Reads what one terminal owes of one plan: every meter behind it, oldest slots first. Where the plan says so the terminal's own
 * records are read first, many meters in a request, and only what is not among them is asked of the meters through it. What is not
 * answered is asked again after the others, sooner than a meter may take to answer; an answer that comes late still counts.
 * `onAsking`: the station has done its part, what follows waits for the terminal.
 * @throws HesError TERMINAL_TIMEOUT, TERMINAL_OFFLINE, UNAVAILABLE; what came before stays
 */
export type Collector = (terminal: Terminal, plan: CollectionPlan, onAsking?: () => void) => Promise<{ asked: number; brought: number }>

/** Times that came, by meter's address. */
type Came = ReadonlyMap<string, ReadonlySet<number>>
const NOTHING: Came = new Map()

export function createCollector({ store, publisher, clock, requestMs, proxySeconds }: CollectorOptions): Collector {
  const missingSlots = createMissingSlots(store)
  const ask = createAsker({ clock, requestMs, proxySeconds })
  /** Plans of which a terminal's records held nothing: not asked again on this connection. */
  const withoutRecords = new WeakMap<Terminal, Set<string>>()
  /** Freezes that came with their total alone, by meter and time: not asked again on this connection. */
  const totalAlone = new WeakMap<Terminal, Set<string>>()

  return async (terminal, plan, onAsking) => {
    const meters = [...terminal.record.meters.values()].filter((meter) => meter.kind === 'meter' && meter.securityProfile === 'plain')
    const slots = expectedSlots(plan, clock.now(), terminal.record.utcOffsetMinutes)
    const beside = besideOf(plan)
    const addresses = new Map(meters.map(({ id, address }) => [id, address]))
    const bare = totalAlone.get(terminal) ?? new Set<string>()
    totalAlone.set(terminal, bare)
    const missing = (await missingSlots(plan.id, MARKER, meters.map((meter) => meter.id), slots, beside)).filter(({ meterId, slot }) => !bare.has(`${addresses.get(meterId)} ${slot}`))
    const result = { asked: missing.length, brought: 0 }
    /** Vain tries so far, by meter's address and slot. */
    const owed = new Map<string, Map<number, number>>()
    for (const { meterId, slot, attempts } of missing) {
      const address = addresses.get(meterId) ?? ''
      const ofMeter = owed.get(address) ?? new Map<number, number>()
      owed.set(address, ofMeter.set(slot, attempts))
    }
    const triesOf = (address: string, slot: number): number => owed.get(address)?.get(slot) ?? 0
    const fromRecords = plan.taskRecords !== null && !withoutRecords.get(terminal)?.has(plan.id)
    const queue = plannedTasks(plan, meters.flatMap((meter) => { const slots = owed.get(meter.address); return slots ? [{ meter, slots }] : [] }), fromRecords)
    const [failed, filled]: [Parameters<CollectionStore['failed']>[1][number][], { meterId: number; slot: number }[]] = [[], []]
    let answers = 0
    let answered!: () => void
    const firstAnswer = new Promise<void>((resolve) => { answered = resolve })

    /** What came is published, and only then counted. */
    const take = async ({ way, meters: [first] }: Task, record: ResultRecord): Promise<Came> => {
      if ('dar' in record) throw new HesError('DEVICE_REFUSED', `DAR ${record.dar}`, { dar: record.dar })
      // Rows of the terminal's records name their meter; one that names none is the terminal's own.
      const meter = way === 'meter' && first ? first.address : terminal.address
      const { readings } = recordReadings(record, { terminal: terminal.record, meter, receivedAt: clock.now(), source: 'poll' })
      await publisher.publish(readings.map((one) => (triesOf(one.meter, one.time) > 0 ? { ...one, quality: 'recollected' as const } : one)))
      const came = new Map<string, Set<number>>()
      const whole = new Set(readings.filter(({ item }) => beside?.some(([first, last]) => item >= first && item <= last)).map((one) => `${one.meter} ${one.time}`))
      for (const one of readings) {
        if (one.item !== MARKER) continue
        if (beside && !whole.has(`${one.meter} ${one.time}`)) bare.add(`${one.meter} ${one.time}`)
        const times = came.get(one.meter)
        if (times) times.add(one.time)
        else came.set(one.meter, new Set([one.time]))
      }
      return came
    }
    const settle = ({ way, meters: asked, range }: Task, came: Came, reason: string): void => {
      const now = clock.now()
      let brought = 0
      for (const meter of asked) {
        const times = came.get(meter.address)
        const left = range.slots.filter((slot) => !times?.has(slot))
        brought += range.slots.length - left.length
        for (const slot of range.slots) if (times?.has(slot) && triesOf(meter.address, slot) > 0) filled.push({ meterId: meter.id, slot })
        if (way === 'records') queue.push(...meterTasks(plan, meter, left))
        else for (const slot of left) failed.push({ meterId: meter.id, slot, reason, nextTryAt: nextTry(triesOf(meter.address, slot), now, terminal.record.utcOffsetMinutes) })
      }
      result.brought += brought
      metric('fep_collection_tasks').add(1, { result: brought > 0 ? 'brought' : 'empty' })
      if (way === 'records' && brought === 0 && reason !== 'TERMINAL_TIMEOUT') withoutRecords.set(terminal, (withoutRecords.get(terminal) ?? new Set()).add(plan.id))
    }

    const run = async (one: Task): Promise<void> => {
      const before = answers
      try {
        const record = await ask(terminal, plan, one)
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
        settle(one, NOTHING, typeof dar === 'number' ? `DAR ${dar}` : code)
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
