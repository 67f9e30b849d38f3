import { createEngine } from '@zhuzhan/gm-crypto'
import { loadTerminal } from './load-terminal.js'
import type { LoadTerminal } from './load-terminal.js'
import { LATENCY_SLOTS } from './generator-messages.js'
import type { GeneratorNews, GeneratorOrder, Heartbeats, LoadPlan, LoadResult } from './generator-messages.js'

/** The generator of load benches, a program of its own: many terminals, their sessions, and reports made beforehand. */
const engine = createEngine('openssl')
const terminals: LoadTerminal[] = []
const faults: Record<string, number> = {}
const heartbeats: Heartbeats = { sent: 0, answered: 0, slowestMs: 0 }
let latency = new Array<number>(LATENCY_SLOTS).fill(0)
let [sent, confirmed] = [0, 0]
let onConfirmed: (terminal: LoadTerminal) => void = () => undefined
const GIVE_UP_MS = 60_000
const TRIES = 5

const tell = (news: GeneratorNews): void => { process.send?.(news) }

/** A terminal that is turned away comes again, as they do. @throws the last reason */
async function inSession(dial: () => Promise<LoadTerminal>): Promise<LoadTerminal> {
  for (let tried = 1; ; tried += 1) {
    const terminal = await dial()
    try {
      await terminal.ready
      return terminal
    } catch (error) {
      terminal.end()
      if (tried === TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, tried * 1_000))
    }
  }
}

async function prepare(plan: LoadPlan): Promise<void> {
  const begun = performance.now()
  const queue = [...plan.terminals]
  let open = 0
  const worker = async (): Promise<void> => {
    for (let one = queue.shift(); one; one = queue.shift()) {
      const terminal = await inSession(() => loadTerminal({
        ...one, engine, reports: plan.reports, from: plan.from, stepMs: plan.stepMs ?? 60_000, checkEvery: plan.checkEvery, heartbeatSeconds: plan.heartbeatSeconds,
        onConfirmed: (who, waited) => {
          confirmed += 1
          latency[Math.min(LATENCY_SLOTS - 1, Math.floor(waited))]! += 1
          onConfirmed(who)
        },
        onLinkAnswered: (waited) => {
          heartbeats.answered += 1
          heartbeats.slowestMs = Math.max(heartbeats.slowestMs, Math.round(waited))
        },
        onFault: (what) => { faults[what] = (faults[what] ?? 0) + 1 },
      }))
      terminals.push(terminal)
      open += 1
      if (open % 2_500 === 0) tell({ kind: 'progress', text: `${open} sessions` })
    }
  }
  await Promise.all(Array.from({ length: plan.connecting }, worker))
  // Spread, as the heartbeats of terminals that logged in over an hour would be.
  const every = plan.heartbeatSeconds * 1_000 / terminals.length
  let [turn, due] = [0, performance.now()]
  setInterval(() => { for (; due < performance.now(); due += every) { heartbeats.sent += 1; terminals[turn++ % terminals.length]!.heartbeat() } }, 100)
  // Logins are no heartbeats.
  Object.assign(heartbeats, { answered: 0, slowestMs: 0 })
  tell({ kind: 'prepared', sessions: terminals.length, seconds: (performance.now() - begun) / 1_000 })
}

function begin(): () => LoadResult {
  const [cpu, at] = [process.cpuUsage(), performance.now()]
  latency = new Array<number>(LATENCY_SLOTS).fill(0)
  ;[sent, confirmed] = [0, 0]
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { sent, confirmed, seconds: (performance.now() - at) / 1_000, latency, faults, cpuSeconds: (user + system) / 1e6, late: 0, heartbeats: { ...heartbeats } }
  }
}

/** Resolves when nothing is under way any more, or nothing was confirmed for a minute. */
async function settled(): Promise<void> {
  let [seen, at] = [confirmed, performance.now()]
  while (confirmed < sent) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (confirmed !== seen) [seen, at] = [confirmed, performance.now()]
    else if (performance.now() - at > GIVE_UP_MS) return
  }
}

async function flood(reports: number, window: number): Promise<LoadResult> {
  const result = begin()
  const todo = new Map(terminals.map((terminal) => [terminal, Math.min(reports, terminal.left)]))
  const more = (terminal: LoadTerminal): void => {
    const left = todo.get(terminal) ?? 0
    if (left === 0) return
    todo.set(terminal, left - 1)
    sent += 1
    terminal.send()
  }
  onConfirmed = more
  for (let n = 0; n < window; n += 1) for (const terminal of terminals) more(terminal)
  await settled()
  return result()
}

async function steady(perSecond: number, seconds: number): Promise<LoadResult> {
  const result = begin()
  onConfirmed = () => undefined
  const from = performance.now()
  let [turn, late] = [0, 0]
  const total = perSecond * seconds
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor((performance.now() - from) / 1_000 * perSecond))
      while (sent < due) {
        const terminal = terminals[turn++ % terminals.length]!
        // A terminal has eight reports under way at most, so that its numbers stay clear; whoever is slower is counted.
        if (terminal.outstanding >= 8) late += 1
        if (terminal.left === 0) { faults['reports ran out'] = (faults['reports ran out'] ?? 0) + 1; sent = total; break }
        sent += 1
        terminal.send()
      }
      if (sent >= total) { clearInterval(timer); resolve() }
    }, 2)
  })
  await settled()
  return { ...result(), late }
}

process.on('message', (order: GeneratorOrder) => {
  const failed = (error: Error): void => tell({ kind: 'failed', why: `${error.message} ${JSON.stringify(faults)}` })
  if (order.kind === 'prepare') prepare(order.plan).catch(failed)
  else if (order.kind === 'flood') flood(order.reports, order.window).then((result) => tell({ kind: 'done', result }), failed)
  else if (order.kind === 'steady') steady(order.perSecond, order.seconds).then((result) => tell({ kind: 'done', result }), failed)
  else {
    for (const terminal of terminals) terminal.end()
    engine.close()
    process.exit(0)
  }
})
process.on('disconnect', () => process.exit(0))
