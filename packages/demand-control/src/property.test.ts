import { seededWords } from '@zhuzhan/core'
import fc from 'fast-check'
import { createChargingControl } from './control.js'
import type { ControlState } from './control.js'
import { LOOP_DEFAULTS } from './settings.js'
import type { LoopSettings } from './settings.js'
import { createSimulatedPiles } from './simulated/piles.js'

const SLOT = 300_000
const SLOTS = 6

/** A short evening of random set-points over a way that loses, delays and doubles, with an abort in the middle. */
async function evening(seed: number, { lossy, safe, outage, abortAt, dies = false }: { lossy: number; safe: number; outage: boolean; abortAt: number; dies?: boolean }) {
  const words = seededWords(seed)
  const random = (): number => words() / 2 ** 32
  const names = Array.from({ length: 8 }, (_, index) => `P${index}`)
  const safeKw = new Map(names.map((pile) => [pile, safe]))
  const room = Array.from({ length: SLOTS + 2 }, () => 8 * safe + 5 + 30 * random())
  const roomKw = (at: number): number => room[Math.max(0, Math.min(SLOTS + 1, Math.floor(at / SLOT) - 10))] as number
  const settings: LoopSettings = { ...LOOP_DEFAULTS, safeKw, areaKw: 45, roomKw }
  const start = 10 * SLOT
  const over: string[] = []
  let clock = start - 2 * SLOT
  const piles = createSimulatedPiles({
    safeKw, startAt: clock,
    sessions: names.map((pile) => ({ pile, from: start, to: start + SLOTS * SLOT, kwh: 50, maxKw: 7, minKw: 1.4 })),
    fate: () => ({ lost: random() < lossy, delayMs: Math.floor(random() ** 4 * 2 * SLOT), ...(random() < lossy && { againMs: Math.floor(random() * SLOT) }) }),
    gatewayDown: (at) => outage && at > start + 1.5 * SLOT && at < start + 3.2 * SLOT,
    restarts: names.slice(0, 3).map((pile) => ({ pile, at: start + Math.floor(random() * SLOTS * SLOT), offMs: 40_000 })),
    watch: (at, kw) => { if (kw > roomKw(at) + 1e-6) over.push(`${(at - start) / 1_000} s: ${kw} kW`) },
  })
  let control = createChargingControl(settings)
  const said: string[] = []
  /** What was said so far is kept; with `dies` the control is one that knows only what another wrote down. */
  const note = (): void => {
    said.push(...control.log.entries.slice(heard).map(({ at, about, event, text }) => `${at} ${about} ${event} ${text}`))
    heard = control.log.entries.length
    if (!dies) return
    control = createChargingControl(settings, JSON.parse(JSON.stringify(control.save())) as ControlState)
    heard = 0
  }
  let heard = 0
  let slot = 0
  for (let now = clock; now < start + SLOTS * SLOT; now += 30_000) {
    await piles.advance(now)
    clock = now
    if (now % 60_000 === 0) control.readBack(await piles.power().catch(() => undefined), now)
    control.tick(now)
    if (slot < SLOTS && now >= start + slot * SLOT - 240_000) {
      // More is asked for than there is room for.
      const setPoints = new Map(names.map((pile) => [pile, random() < 0.3 ? 0 : 1.4 + 5.6 * random()]))
      if (!control.aborted) control.propose(setPoints, { start: start + slot * SLOT, end: start + (slot + 1) * SLOT }, { version: slot + 1, reason: 'test' }, now)
      slot++
    }
    if (now === start + abortAt * 30_000) control.abort('test', 'a person says so', now)
    if (now === start + abortAt * 30_000 + SLOT) control.resume('test', now)
    for (const command of control.due(now)) piles.set(command).then((answer) => control.acknowledged(command.id, answer, clock), () => undefined)
    note()
  }
  const times = [...piles.devices.values()].flatMap(({ applied }) => [...applied.values()])
  return { over, times, control, said }
}

// Seen failing: when a pile forgets its ids (twice), and when neither the plan is fitted into the room nor the worst case judged (limit).
it('property: whatever is lost, late or doubled, a pile applies an id at most once and the set-points never exceed the room', async () => {
  let applied = 0
  const states = new Set<string>()
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 0, max: 0.6, noNaN: true }), fc.constantFrom(0, 0.5, 2), fc.boolean(), fc.integer({ min: 0, max: 80 }), async (seed, lossy, safe, outage, abortAt) => {
    const { over, times, control } = await evening(seed, { lossy, safe, outage, abortAt })
    expect(over).toEqual([])
    expect(times.filter((count) => count > 1)).toEqual([])
    applied += times.length
    Object.entries(control.counts).filter(([, count]) => count > 0).forEach(([state]) => states.add(state))
  }), { numRuns: 60 })
  // It was no idle run.
  expect(applied).toBeGreaterThan(500)
  expect([...states]).toEqual(expect.arrayContaining(['verified', 'expired', 'rolled-back']))
})

// Seen failing: when the state is written without the acknowledgements' times, without what was read last, or without the batches that wait for their verdict.
it('property: a control that dies after every step and goes on from what it wrote down says and does the same', async () => {
  let lines = 0
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 0, max: 0.5, noNaN: true }), fc.constantFrom(0, 2), fc.boolean(), fc.integer({ min: 0, max: 80 }), async (seed, lossy, safe, outage, abortAt) => {
    const lives = await evening(seed, { lossy, safe, outage, abortAt })
    const dies = await evening(seed, { lossy, safe, outage, abortAt, dies: true })
    expect(dies.said).toEqual(lives.said)
    lines += lives.said.length
  }), { numRuns: 15 })
  expect(lines).toBeGreaterThan(2_000)
})
