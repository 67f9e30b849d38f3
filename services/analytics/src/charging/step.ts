import { createHash, randomUUID } from 'node:crypto'
import type { LoadObjects } from '@zhuzhan/contracts'
import { errorText } from '@zhuzhan/core'
import { createChargingControl, createHoldPlanner, createNightPlanner, leadOf, siteLimitKw, underwayOf } from '@zhuzhan/demand-control'
import type { ChargingControl, HoldPlannerState, LoopSettings, PileReading, PlannerState, SlotPlanner } from '@zhuzhan/demand-control'
import { applianceStateOad, pileStateOad, readApplianceState, readPileState } from '@zhuzhan/dlt698'
import { planCharging } from '@zhuzhan/energy-models'
import type { Data } from '@zhuzhan/dlt698'
import type { SolveProgram } from '@zhuzhan/energy-models'
import type { ChargingNight, ChargingStep, ChargingStepInput } from '@zhuzhan/persistence'
import { readLoopState } from './loop-state.js'
import type { LoopState } from './loop-state.js'
import { appliancesOf, holdSlackMs, lessOf, loopSettings, marginOf, nightCase, timesOf } from './night-settings.js'

export interface StepDeps {
  solve: SolveProgram
  /** By slot, as known now. */
  baseLoad(night: ChargingNight): Promise<number[]>
  /** For the first step. */
  lastSequence(): Promise<number>
  /** All read-backs so far, for the result of a night that ends. */
  readings(night: number): Promise<{ pile: string; at: Date; watts: number | null; session: number | null }[]>
  /** OI of the object each kind of load is reached by. */
  loadObjects: LoadObjects
}

/** A load that does not answer within so many read-back intervals did not answer; at most so long. */
const ROUND_SHARE = 0.8
const LONGEST_ROUND_MS = 30_000
/** kWh: whole watts and registers leave this much over. */
const SESSION_UNITS = 10_000
/** States of a command after which it has no effect, or an unknown one: the set-point may be sent again, with its own id. */
const OVER: ReadonlySet<string> = new Set(['unknown', 'expired', 'rejected', 'refused'])
const DONE: ReadonlySet<string> = new Set(['confirmed', 'verified'])

/**
 * One step of a night's loop: what came in since the last one, the plan of the next slot when its time has come, and what goes out now. It
 * computes only; whoever calls it writes the step in one transaction, or throws it away.
 */
export async function computeStep(given: ChargingStepInput, now: number, deps: StepDeps): Promise<ChargingStep> {
  const input = withRebounds(given)
  const { night } = input
  const { startAt, endAt } = timesOf(night)
  const state = readLoopState(night.loop) ?? await firstState(night, now, deps)
  const settings = loopSettings(night, state.baseKw)
  const control = createChargingControl(settings, state.control)
  const log = (event: string, text: string): void => control.log.add(now, 'loop', event, text)
  if (night.loop === null) log('started', `night ${night.id} of ${night.site}${night.siteWas.event ? `, ${night.siteWas.event.askedKw} kW of its appliances for event ${night.siteWas.event.id}` : ''}, started by ${night.startedBy}: ${night.slots} slots from ${night.startAt.toISOString()}`)

  const taken = takeInstructions(input, state, control, now)
  takeAcknowledgements(input, control, now)
  const answers = takeReadBacks(input, state, control, settings, now)
  control.tick(now)
  const plan = now < endAt && !state.cancel ? await planNext(input, state, control, settings, now, deps) : undefined
  const sendings = takeDue(input, control, now)
  const reads = now < endAt && state.round === undefined && now >= state.nextRoundAt ? askLoads(night, state, settings, now, deps.loadObjects) : []

  const ended = endOf(night, state, control, settings, now)
  const finished = ended ? await finish(input, state, deps) : undefined
  const after: LoopState = { ...state, aborted: control.aborted, control: control.save() }
  return {
    loop: after, taken, plan, sendings, answers, reads,
    state: ended ? (state.cancel ? 'cancelled' : 'done') : state.cancel ? 'cancelling' : 'running',
    ended: finished && { by: state.cancel?.by ?? 'service/charging', why: state.cancel?.why ?? null, at: new Date(now), served: finished.served },
    ...(finished && { result: { optimum: finished.optimum } }),
    nextStepAt: new Date(Math.max(now + settings.stepMs, Math.min(startAt - leadOf(settings) - settings.intervalMs, now + SLEEP_MS))),
    batches: control.batches.map(({ id, slot, commands, verdict }) => ({
      batch: id, from: new Date(slot.start), to: new Date(slot.end), commands: commands.length, verdict: verdict ?? null,
      state: commands.some((one) => one.state === 'planned') ? 'planned' : commands.length > 0 && commands.every((one) => one.state === 'failed' && one.tries === 0) ? 'rejected' : verdict ? 'judged' : 'approved',
    })),
    setPoints: control.live().map(({ command: { id, pile, sequence, kw, from, to, reason, planVersion }, batch, state: stands, tries }) => ({
      id, batch, pile, sequence, watts: Math.round(kw * 1_000), from: new Date(from), to: new Date(to), reason, planVersion, state: stands, tries,
    })),
    log: control.log.entries.map(({ at, about, event, text }) => ({ at: new Date(at), about, event, text })),
  }
}

/** Piles leave free what the site's appliances may draw while they make up for an event. */
function withRebounds({ night, rebounds, ...rest }: ChargingStepInput): ChargingStepInput {
  const limits = rebounds.map(({ from, to, kw }) => ({ from, to, kw: Math.max(0, siteLimitKw(night.siteWas.settings.transformer) - kw) }))
  return { ...rest, rebounds, night: { ...night, siteWas: { ...night.siteWas, limits: [...night.siteWas.limits, ...limits] } } }
}

/** Before a night has anything to do it is looked at this often: for a person who cancels it. */
const SLEEP_MS = 60_000

async function firstState(night: ChargingNight, now: number, { baseLoad, lastSequence }: StepDeps): Promise<LoopState> {
  const { startAt } = timesOf(night)
  const settings = night.siteWas.settings.loop
  const first = startAt - leadOf({ stepMs: settings.stepSeconds * 1_000, repeatMs: settings.repeatSeconds * 1_000, rampShare: settings.rampShare }) - settings.intervalSeconds * 1_000
  return {
    next: 0, baseKw: await baseLoad(night), aborted: false, nextRoundAt: Math.max(now, first), readings: [],
    control: { sequence: await lastSequence(), batches: 0, aborted: false, commands: [], open: [] },
  }
}

function takeInstructions({ instructions }: ChargingStepInput, state: LoopState, control: ChargingControl, now: number): ChargingStep['taken'] {
  return instructions.map(({ id, kind, batch, who, why }) => {
    try {
      if (kind === 'approve') control.approve(batch ?? '', who, now)
      else if (kind === 'reject') control.reject(batch ?? '', who, why ?? 'no reason given', now)
      else if (kind === 'resume') control.resume(who, now)
      else if (!control.aborted) control.abort(who, why ?? 'no reason given', now)
      if (kind === 'cancel') state.cancel ??= { by: who, why, at: now }
      return { id, outcome: 'done' }
    } catch (error) {
      control.log.add(now, batch ?? 'loop', 'not-done', `${kind} by ${who}: ${errorText(error)}`)
      return { id, outcome: errorText(error).slice(0, 300) }
    }
  })
}

/** What the station's commands say: confirmed by the pile in any of the tries, refused by it, or nothing yet. */
function takeAcknowledgements({ sendings }: ChargingStepInput, control: ChargingControl, now: number): void {
  for (const { setPoint, state, dar, settledAt } of sendings) {
    if (state !== null && DONE.has(state)) control.acknowledged(setPoint, { outcome: 'applied' }, settledAt?.getTime() ?? now)
    else if (state === 'refused' && dar !== null) control.acknowledged(setPoint, { outcome: 'refused', why: `DAR ${dar}` }, now)
  }
}

function takeReadBacks({ asked, night }: ChargingStepInput, state: LoopState, control: ChargingControl, settings: LoopSettings, now: number): ChargingStep['answers'] {
  const { round } = state
  if (!round) return []
  const own = asked.filter(({ at }) => at.getTime() === round.at)
  if (now - round.at < Math.min(LONGEST_ROUND_MS, settings.intervalMs * ROUND_SHARE) && own.some(({ state: stands }) => stands === 'queued' || stands === 'sent')) return []
  state.round = undefined
  const answers = own.flatMap(({ pile, at, state: stands, result }) => {
    const data = stands === 'confirmed' ? (result as { attributes?: { data?: unknown }[] } | null)?.attributes?.[0]?.data : undefined
    const read = data === undefined ? undefined : stateRead(night, data as Data)
    return read ? [{ pile, at, ...read }] : []
  })
  const readings = new Map(answers.map(({ pile, watts, plugged, session, hold }): [string, PileReading] => [pile, { kw: watts / 1_000, plugged, sessionKwh: session / SESSION_UNITS, ...(hold && { hold }) }]))
  noteLeft(readings, new Map(state.readings), control, now)
  control.readBack(readings.size > 0 ? readings : undefined, readings.size > 0 ? round.at : now)
  // The registers are as old as their answers, not as the question: what was charged in between is in them.
  const readAt = Math.max(round.at, ...own.map(({ settledAt }) => settledAt?.getTime() ?? 0))
  if (readings.size > 0) Object.assign(state, { readings: [...new Map([...state.readings, ...readings])], readAt })
  return answers.map(({ pile, at, watts, plugged, session }) => ({ pile, at, watts, plugged, session }))
}

type Seen = Pick<PileReading, 'plugged' | 'hold'> & { watts: number; session: number }

/** Undefined when it is the state of no such load. */
function stateRead({ siteWas: { event } }: ChargingNight, data: Data): Seen | undefined {
  if (!event) return readPileState(data)
  const read = readApplianceState(data)
  return read && {
    watts: read.watts, plugged: true, session: read.energy,
    hold: { comfort: read.comfort, heldMs: read.heldSeconds * 1_000, todayMs: read.heldTodaySeconds * 1_000, restMs: read.restSeconds * 1_000 },
  }
}

/** An appliance that gives its set-point up says so once. */
function noteLeft(readings: ReadonlyMap<string, PileReading>, before: ReadonlyMap<string, PileReading>, control: ChargingControl, now: number): void {
  for (const [name, { hold, kw }] of readings) {
    if (hold?.comfort === 'left' && before.get(name)?.hold?.comfort !== 'left') control.log.add(now, 'loop', 'left', `${name} gave its set-point up for comfort, and draws ${kw} kW; it was held ${Math.round(hold.todayMs / 1_000)} s today`)
  }
}

function askLoads({ siteWas: { piles, event }, startAt }: ChargingNight, state: LoopState, { intervalMs }: LoopSettings, now: number, { pile: pileObject, appliance }: LoadObjects): ChargingStep['reads'] {
  const oad = event ? applianceStateOad(appliance) : pileStateOad(pileObject)
  state.round = { at: now }
  const begin = startAt.getTime()
  state.nextRoundAt = begin + (Math.floor((now - begin) / intervalMs) + 1) * intervalMs
  const expiresAt = new Date(now + Math.min(LONGEST_ROUND_MS, intervalMs))
  return piles.map(({ pile, meter }) => ({ pile, meter, command: randomUUID(), oads: [oad], expiresAt }))
}

/** The set-points of the next slot, when it is time for them. What hinders a plan stands in the log, and is tried again. */
async function planNext(input: ChargingStepInput, state: LoopState, control: ChargingControl, settings: LoopSettings, now: number, deps: StepDeps): Promise<ChargingStep['plan']> {
  const { night, vehicles } = input
  const { startAt, slotMs } = timesOf(night)
  // Slots that passed while nobody stepped.
  while (state.next < night.slots && startAt + (state.next + 1) * slotMs <= now) state.next++
  const start = startAt + state.next * slotMs
  if (state.next >= night.slots || now < start - leadOf(settings)) return undefined
  if (control.aborted) { state.next++; return undefined }
  try {
    const baseKw = await deps.baseLoad(night)
    const piles = [...settings.safeKw.keys()]
    const { planner, known } = plannerOf(input, state, baseKw, deps)
    const readings = state.readAt !== undefined && now - state.readAt <= 2 * settings.intervalMs ? new Map(state.readings) : undefined
    const underway = underwayOf({ control, piles, readings, readAt: state.readAt ?? now, start, now })
    const before = planner.save().version
    const { setPoints, short, ...note } = await planner({ slot: state.next, readings, underway, why: control.takeReplan(), sinceReadMs: start - (state.readAt ?? now), unable: notFollowing(control, readings, night, settings, now) })
    if (short !== undefined && short !== state.short) control.log.add(now, 'loop', 'short', `slot ${state.next}: ${short}`)
    const set = new Map(setPoints)
    // Who opted out is left alone: the pile is brought to its safe power and stays there.
    for (const { pile, plugAt, departAt, optedOutAt } of vehicles) if (optedOutAt !== null && plugAt.getTime() < start + slotMs && departAt.getTime() > start) set.set(pile, settings.safeKw.get(pile) ?? 0)
    control.propose(set, { start, end: start + slotMs }, note, now)
    const { version, standing } = planner.save()
    Object.assign(state, { baseKw, planner: planner.save(), next: state.next + 1, problem: undefined, short })
    if (version === before || standing === undefined) return undefined
    const digest = createHash('sha256').update(JSON.stringify([known, marginOf(night.siteWas), readings && [...readings], [...underway], note.reason])).digest()
    return { version, slot: standing.slot, reason: note.reason, digest, kw: Object.fromEntries(standing.kw) }
  } catch (error) {
    const problem = errorText(error).slice(0, 500)
    if (problem !== state.problem) control.log.add(now, 'loop', 'no-plan', `slot ${state.next}: ${problem}`)
    state.problem = problem
    return undefined
  }
}

/** Of vehicles at piles, or of holds in the run of an event; and what it knows, for the digest. */
function plannerOf({ night, vehicles, deficits }: ChargingStepInput, { planner: saved }: LoopState, baseKw: readonly number[], { solve }: StepDeps): { planner: SlotPlanner<PlannerState | HoldPlannerState>; known: unknown } {
  if (!night.siteWas.event) {
    const known = nightCase(night, baseKw, vehicles.filter(({ optedOutAt }) => optedOutAt === null), deficits)
    return { known, planner: createNightPlanner(known, solve, { marginKw: marginOf(night.siteWas), saved: saved as PlannerState | undefined }) }
  }
  const appliances = appliancesOf(night.siteWas)
  const known = { slotMs: timesOf(night).slotMs, slackMs: holdSlackMs(night.siteWas), lessKw: lessOf(night, baseKw) }
  return { known: { ...known, appliances, saved }, planner: createHoldPlanner(appliances, { ...known, saved: saved as HoldPlannerState | undefined }) }
}

/** Loads that refused what they were told, did not do it, or did not begin to within an interval. An appliance gets another chance when it would have recovered. */
function notFollowing(control: ChargingControl, readings: ReadonlyMap<string, PileReading> | undefined, { siteWas }: ChargingNight, { intervalMs, toleranceKw }: LoopSettings, now: number): Set<string> {
  const late = (pile: string, kw: number, from: number): boolean => now - from >= intervalMs && (readings?.get(pile)?.kw ?? 0) > kw + toleranceKw
  const recovery = new Map(siteWas.piles.map(({ pile, appliance }) => [pile, (appliance?.recoverySeconds ?? 0) * 1_000]))
  return new Set(control.live().filter(({ state, tries, command: { pile, kw, from, to } }) => (state === 'failed' && tries > 0 && now < to + (recovery.get(pile) ?? 0)) || (state === 'acknowledged' && now < to && late(pile, kw, from))).map(({ command }) => command.pile))
}

/** First sendings, and repeats of what is in doubt or had no effect. What the station still holds it sends by itself, once. */
function takeDue({ sendings }: ChargingStepInput, control: ChargingControl, now: number): ChargingStep['sendings'] {
  const last = new Map(sendings.map((one) => [one.setPoint, one]))
  const held = (id: string): boolean => {
    const before = last.get(id)
    return before !== undefined && before.whyNot === null && !OVER.has(before.state ?? '')
  }
  return control.due(now, held).map(({ id }) => ({ setPoint: id, try: (last.get(id)?.try ?? 0) + 1, command: randomUUID() }))
}

/** A night is over when its slots are and all was read back once more; a cancelled one when what was restored has arrived, or ended. */
function endOf(night: ChargingNight, state: LoopState, control: ChargingControl, { intervalMs }: LoopSettings, now: number): boolean {
  const { endAt } = timesOf(night)
  if (!state.cancel) return now >= endAt && (state.round === undefined || now >= endAt + intervalMs)
  const open = control.live().some(({ command, state: stands }) => command.to > now && (stands === 'queued' || stands === 'sent'))
  return !open || now >= Math.min(endAt, state.cancel.at + 4 * intervalMs)
}

/** What each vehicle got by its pile's register, and what a plan would have cost that knew everything. */
async function finish({ night, vehicles, deficits }: ChargingStepInput, { baseKw }: LoopState, { readings, solve }: StepDeps): Promise<{ optimum: string | null; served: { vehicle: number; kwh: number }[] }> {
  const rows = (await readings(night.id)).flatMap(({ pile, at, watts, session }) => (watts === null || session === null ? [] : [{ pile, at: at.getTime(), watts, session }]))
  const served = vehicles.map(({ id, pile, plugAt, departAt }) => {
    const own = rows.filter((one) => one.pile === pile && one.at >= plugAt.getTime() && one.at <= departAt.getTime())
    return { vehicle: id, kwh: Math.max(0, ...own.map(({ session }) => session)) / SESSION_UNITS }
  })
  if (night.siteWas.event) return { optimum: null, served }
  const optimum = await Promise.resolve().then(() => planCharging(nightCase(night, baseKw, vehicles, deficits), solve)).then(({ cost, method }) => (method === 'rounded' ? cost : null), () => null)
  return { optimum, served }
}
