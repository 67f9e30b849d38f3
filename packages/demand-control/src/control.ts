import { HesError } from '@zhuzhan/core'
import { composeBatch, fitInto, stepper } from './batch.js'
import type { Draft } from './batch.js'
import type { Acknowledgement, PileReading, SetPointCommand, Tracked } from './command.js'
import { createEventLog, kwText } from './log.js'
import type { EventLog } from './log.js'
import type { LoopSettings } from './settings.js'
import { nextState } from './states.js'
import type { CommandEvent, CommandState } from './states.js'
import { judgeBatch } from './verdict.js'
import type { Batch } from './verdict.js'
import { firstOver } from './worst-case.js'

export interface Slot {
  start: number
  end: number
}

/** Where set-points come from. */
export interface PlanNote {
  version: number
  reason: string
  hurried?: ReadonlySet<string>
}

/** The loop of one transformer area between a plan and its result. It sends nothing itself: `due` says what goes out now. */
export interface ChargingControl {
  /**
   * A batch for a slot, from set-points in kW by pile; what is over the room is cut. Approved at once when the rule may.
   * @throws HesError STATE_CONFLICT while the plan is aborted
   */
  propose(setPoints: ReadonlyMap<string, number>, slot: Slot, plan: PlanNote, now: number): string
  /** @throws HesError NOT_FOUND; STATE_CONFLICT when the batch is decided or its worst case is over the limit */
  approve(batch: string, by: string, now: number): void
  reject(batch: string, by: string, why: string, now: number): void
  /** First sendings and repeats, with the same id. @param held says of a command that the way to its pile still has it and sends it by itself */
  due(now: number, held?: (id: string) => boolean): SetPointCommand[]
  acknowledged(id: string, answer: Acknowledgement, now: number): void
  /** @param readings undefined when no pile could be reached */
  readBack(readings: ReadonlyMap<string, PileReading> | undefined, now: number): void
  /** Expiries and the judgement of batches. */
  tick(now: number): void
  /** Gives the plan up and rolls back: newest command first, the earlier set-point, as far as it fits; appliances are let go. */
  abort(by: string, why: string, now: number): void
  resume(by: string, now: number): void
  readonly aborted: boolean
  /** Why a new plan is due, once; undefined when the last one holds. */
  takeReplan(): string | undefined
  /** What a pile is commanded to at a time, whether or not it is confirmed. */
  commandedKw(pile: string, at: number): number
  find(id: string): Tracked | undefined
  /** Commands whose time is not long over. */
  live(): readonly Tracked[]
  save(): ControlState
  readonly counts: Readonly<Record<CommandState, number>>
  readonly batches: readonly Batch[]
  readonly log: EventLog
}

/** All that a loop knows, as JSON: what is given back to `createChargingControl` goes on where this was taken. */
export interface ControlState {
  sequence: number
  batches: number
  replan?: string | undefined
  aborted: boolean
  last?: { at: number; readings: [string, PileReading][] } | undefined
  commands: Tracked[]
  open: (Omit<Batch, 'commands' | 'before'> & { commands: string[]; before?: [string, PileReading][] | undefined })[]
}

const DEAD: readonly CommandState[] = ['failed', 'expired', 'rolled-back']

/** @param saved state of an earlier one, with the same piles */
export function createChargingControl(settings: LoopSettings, saved?: ControlState): ChargingControl {
  const log = createEventLog()
  const { load = 'pile' } = settings
  const byId = new Map<string, Tracked>((saved?.commands ?? []).map((one) => [one.command.id, one]))
  const byPile = new Map<string, Tracked[]>([...settings.safeKw.keys()].map((pile) => [pile, [...byId.values()].filter(({ command }) => command.pile === pile)]))
  let open: Batch[] = (saved?.open ?? []).map(({ commands, before, ...batch }) => ({ ...batch, commands: commands.flatMap((id) => byId.get(id) ?? []), before: before && new Map(before) }))
  const batches: Batch[] = [...open]
  let { sequence, batches: made, replan, aborted } = saved ?? { sequence: 0, batches: 0, replan: undefined, aborted: false }
  let last: { readings: ReadonlyMap<string, PileReading>; at: number } | undefined = saved?.last && { at: saved.last.at, readings: new Map(saved.last.readings) }

  const fresh = (now: number): ReadonlyMap<string, PileReading> | undefined => (last && now - last.at <= 2 * settings.intervalMs ? last.readings : undefined)
  const safeOf = (pile: string): number => settings.safeKw.get(pile) ?? 0
  const move = (one: Tracked, on: CommandEvent, now: number, text: string): boolean => {
    const state = nextState(one.state, on)
    if (state === undefined) return false
    one.state = state
    log.add(now, one.command.id, on, `${one.command.pile}: ${text}`)
    return true
  }
  const create = (draft: Draft, batch: string, { version, reason }: { version: number; reason: string }): Tracked => {
    sequence++
    const command = { id: `${settings.name ?? ''}${batch}-${draft.pile}-${sequence}`, ...draft, sequence, reason, planVersion: version }
    const one: Tracked = { command, batch, state: 'planned', tries: 0, brief: draft.to - draft.from < 2 * settings.intervalMs }
    byId.set(command.id, one)
    byPile.get(draft.pile)?.push(one)
    return one
  }
  const commandedBelow = (pile: string, at: number, below: number): number => {
    const valid = (byPile.get(pile) ?? []).filter(({ command, state, tries, refused }) => command.from <= at && at < command.to && command.sequence < below && state !== 'rolled-back' && refused !== true && (tries > 0 || !DEAD.includes(state)))
    return valid.sort((a, b) => b.command.sequence - a.command.sequence)[0]?.command.kw ?? safeOf(pile)
  }
  const forget = (now: number): void => {
    for (const [pile, list] of byPile) {
      if (list.some(({ command }) => command.to <= now - KEPT_MS)) byPile.set(pile, list.filter(({ command }) => command.to > now - KEPT_MS))
    }
  }
  const kept = (): Tracked[] => [...new Set([...[...byPile.values()].flat(), ...open.flatMap(({ commands }) => commands)])]
  const find = (id: string): Batch => {
    const batch = batches.find((one) => one.id === id)
    if (!batch) throw new HesError('NOT_FOUND', `There is no batch ${id}.`)
    return batch
  }
  const release = (batch: Batch, by: string, now: number): void => {
    for (const one of batch.commands) {
      move(one, 'approve', now, `approved by ${by}`)
      move(one, 'queue', now, 'queued')
    }
    log.add(now, batch.id, 'approved', `batch ${batch.id} approved by ${by}`)
  }

  const control: ChargingControl = {
    log,
    batches,
    get aborted() { return aborted },
    get counts() {
      const counts = { planned: 0, approved: 0, queued: 0, sent: 0, acknowledged: 0, verified: 0, failed: 0, expired: 0, 'rolled-back': 0 }
      for (const { state } of byId.values()) counts[state]++
      return counts
    },
    find: (id) => byId.get(id),
    live: () => kept(),
    save: () => ({
      sequence, batches: made, replan, aborted, last: last && { at: last.at, readings: [...last.readings] }, commands: kept(),
      open: open.map(({ commands, before, ...batch }) => ({ ...batch, commands: commands.map(({ command }) => command.id), before: before && [...before] })),
    }),
    commandedKw: (pile, at) => commandedBelow(pile, at, Infinity),
    propose: (setPoints, { start, end }, plan, now) => {
      if (aborted) throw new HesError('STATE_CONFLICT', 'The plan is aborted; resume first.')
      // Whole slot: the least room between its start and its end counts.
      const fitted = fitInto(setPoints, settings.safeKw, settings.roomKw(start))
      const changes = [...fitted].map(([pile, next]) => ({ pile, before: commandedBelow(pile, start - 1, Infinity), next, safe: safeOf(pile), hurried: plan.hurried?.has(pile) ?? false }))
      const drafts = composeBatch(changes, { start, end, stepMs: settings.stepMs, rampKw: settings.rampShare * settings.areaKw, roomKw: settings.fallEarly === true ? -Infinity : settings.roomKw(start) })
        .map((draft) => ({ ...draft, from: Math.max(draft.from, Math.min(now, start)) }))
      const id = `b${++made}`
      const worst = drafts.length === 0 ? undefined : firstOver(drafts, byPile, settings)
      const commands = drafts.map((draft) => create(draft, id, plan))
      const lastFrom = Math.max(start, ...drafts.map(({ from }) => from))
      const batch: Batch = { id, slot: { start, end }, commands, judgeAt: Math.min(end, lastFrom + 2 * settings.intervalMs), before: fresh(now), worst }
      batches.push(batch)
      open.push(batch)
      const [sumBefore, sumNext] = [changes.reduce((sum, one) => sum + one.before, 0), changes.reduce((sum, one) => sum + one.next, 0)]
      log.add(now, id, 'planned', `batch ${id}, plan ${plan.version} (${plan.reason}): ${commands.length} commands bring ${kwText(sumBefore)} to ${kwText(sumNext)} of ${kwText(settings.roomKw(start))} free`)
      if (settings.approval === 'person') return id
      if (worst) control.reject(id, 'rule', `if commands are lost or late, ${kwText(worst.kw)} could stand against ${kwText(worst.roomKw)} free`, now)
      else release(batch, 'rule: the limit holds even if commands are lost', now)
      return id
    },
    approve: (id, by, now) => {
      const batch = find(id)
      if (batch.commands.some(({ state }) => state !== 'planned')) throw new HesError('STATE_CONFLICT', `Batch ${id} is decided.`)
      if (batch.worst) throw new HesError('STATE_CONFLICT', `Batch ${id} could bring ${kwText(batch.worst.kw)} against ${kwText(batch.worst.roomKw)} free.`)
      release(batch, by, now)
    },
    reject: (id, by, why, now) => {
      for (const one of find(id).commands) move(one, 'reject', now, `not approved: ${why}`)
      replan = `batch ${id} was not approved by ${by}: ${why}`
      log.add(now, id, 'rejected', replan)
    },
    due: (now, held = () => false) => {
      const ready = [...byPile.values()].flat().filter(({ command, state, sentAt }) => command.to > now && (state === 'queued' || (state === 'sent' && now - (sentAt ?? 0) >= settings.repeatMs && !held(command.id))))
      // Falls first: they free what the rises need.
      ready.sort((a, b) => a.command.from - b.command.from || a.command.kw - b.command.kw)
      for (const one of ready) {
        move(one, 'send', now, one.tries === 0 ? `sent, ${kwText(one.command.kw)}` : `sent again with the same id, try ${one.tries + 1}: no acknowledgement`)
        one.tries++
        one.sentAt = now
      }
      return ready.map(({ command }) => command)
    },
    acknowledged: (id, answer, now) => {
      const one = byId.get(id)
      if (!one) return
      if (answer.outcome === 'refused') {
        one.refused = true
        move(one, 'refuse', now, `refused by the ${load}: ${answer.why}`)
        return
      }
      one.acknowledgedAt ??= now
      move(one, 'acknowledge', now, answer.outcome === 'applied' ? 'acknowledged' : 'acknowledged, and had it already')
    },
    readBack: (readings, now) => {
      last = readings ? { readings, at: now } : last
      if (!readings) return log.add(now, 'loop', 'no-reading', `no ${load} could be read`)
      for (const [pile, list] of byPile) {
        const reading = readings.get(pile)
        const valid = list.filter(({ command, acknowledgedAt }) => acknowledgedAt !== undefined && command.from <= now && now < command.to)
        const newest = valid.sort((a, b) => b.command.sequence - a.command.sequence)[0]
        if (!reading || newest?.state !== 'acknowledged') continue
        const { kw, from } = newest.command
        if (reading.kw <= kw + settings.toleranceKw) move(newest, 'agree', now, `read back ${kwText(reading.kw)} against ${kwText(kw)}`)
        else if (now - Math.max(from, newest.acknowledgedAt ?? 0) >= 2 * settings.intervalMs) move(newest, 'contradict', now, `reads back ${kwText(reading.kw)} two intervals after ${kwText(kw)} was acknowledged`)
      }
    },
    tick: (now) => {
      for (const batch of open.filter(({ judgeAt, verdict }) => now >= judgeAt && verdict === undefined)) {
        const verdict = judgeBatch(batch, fresh(now), settings)
        batch.verdict = verdict
        if (!verdict.good) replan = verdict.text
        log.add(now, batch.id, verdict.good ? 'judged' : 'replan', verdict.text)
      }
      for (const one of open.flatMap(({ commands }) => commands)) {
        if (one.command.to <= now) move(one, 'expire', now, `expired in state ${one.state}; the ${load} ${load === 'pile' ? 'is at its own limit of' : 'runs normally, up to'} ${kwText(safeOf(one.command.pile))} unless a newer command holds`)
      }
      open = open.filter(({ slot, verdict }) => slot.end > now || verdict === undefined)
      forget(now)
    },
    abort: (by, why, now) => {
      aborted = true
      log.add(now, 'loop', 'aborted', `${by} aborts the plan: ${why}; rolling back, newest command first`)
      const restored: Tracked[] = []
      // What came before a hold may be a hold as well: who gives an event up lets go, in steps, since what is let go makes up for its hold.
      const step = stepper(settings.rampShare * settings.areaKw, 0)
      const letGo = new Map<string, number>()
      const delayOf = (pile: string, kw: number): number => {
        if (!letGo.has(pile)) letGo.set(pile, step(Math.max(0, safeOf(pile) - kw)) * settings.stepMs)
        return letGo.get(pile) ?? 0
      }
      for (const one of open.flatMap(({ commands }) => commands).filter(({ command, state }) => command.to > now && state !== 'rolled-back').sort((a, b) => b.command.sequence - a.command.sequence)) {
        const { pile, kw, from, to, sequence: own } = one.command
        const sent = one.tries > 0
        if (!move(one, 'roll-back', now, sent ? 'rolled back' : 'withdrawn before it was sent') || !sent) continue
        const earlier = load === 'appliance' ? safeOf(pile) : commandedBelow(pile, from - 1, own)
        const draft = { pile, kw: earlier, from: Math.max(from, load === 'appliance' ? now + delayOf(pile, kw) : now), to }
        if (draft.from >= to) continue
        if (earlier > kw && firstOver([draft], byPile, settings)) draft.kw = safeOf(pile)
        const back = create(draft, `r${made + 1}`, { version: one.command.planVersion, reason: `roll-back: ${why}` })
        restored.push(back)
        move(back, 'approve', now, `back to ${kwText(draft.kw)}${draft.kw === earlier ? '' : `, its safe limit: the earlier ${kwText(earlier)} no longer fit`}`)
        move(back, 'queue', now, 'queued')
      }
      if (restored.length === 0) return
      const end = Math.max(...restored.map(({ command }) => command.to))
      const batch: Batch = { id: `r${++made}`, slot: { start: now, end }, commands: restored, judgeAt: Math.min(end, now + 2 * settings.intervalMs), before: undefined, worst: undefined }
      batches.push(batch)
      open.push(batch)
    },
    resume: (by, now) => {
      aborted = false
      replan = `resumed by ${by}`
      log.add(now, 'loop', 'resumed', replan)
    },
    takeReplan: () => {
      const why = replan
      replan = undefined
      return why
    },
  }
  return control
}

/** Commands past their time are kept this long, so that what a pile was set to before is known. */
const KEPT_MS = 3_600_000
