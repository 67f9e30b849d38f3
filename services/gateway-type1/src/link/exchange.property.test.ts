import fc from 'fast-check'
import { manualClock } from '@zhuzhan/core'
import { LINK_SPACE_MS, LINK_WINDOW_FRAMES } from '@zhuzhan/contracts'
import { fakeConnection } from '../test-support/fake-connection.js'
import { FakeFrontEndSocket } from '../test-support/fake-front-end.js'
import { createExchange } from './exchange.js'

type Step =
  | { do: 'up'; terminal: number; burst: number }
  | { do: 'credit'; frontEnd: number; frames: number }
  | { do: 'come' | 'go'; frontEnd: number }

const small = (max: number) => fc.nat({ max: max - 1 })
const steps = fc.array(fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({ do: fc.constant('up' as const), terminal: small(4), burst: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(LINK_WINDOW_FRAMES)) }),
  fc.record({ do: fc.constant('credit' as const), frontEnd: small(3), frames: fc.integer({ min: 1, max: 3_000 }) }),
  fc.record({ do: fc.constantFrom('come' as const, 'go' as const), frontEnd: small(3) }),
), { maxLength: 25 })

/**
 * Whatever happens to front ends and credit: what a terminal sent reaches front ends once and in its order, all of it as soon
 * as somebody takes it, and no link gets more than it granted.
 */
test('frames are neither lost, doubled nor turned round', async () => {
  await fc.assert(fc.asyncProperty(steps, async (script) => {
    const exchange = createExchange({ clock: manualClock(), pendingBytes: 1_000, onBind: () => undefined, onFrontEnds: () => undefined })
    const terminals = [1, 2, 3, 4].map((id) => ({ connection: fakeConnection(id), sent: 0 }))
    for (const { connection } of terminals) exchange.add(connection)
    const live = new Map<number, { far: FakeFrontEndSocket; granted: number }>()
    const arrived = new Map<number, number[]>(terminals.map(({ connection }) => [connection.id, []]))
    const settle = async (): Promise<void> => {
      // A message may wait that long for the one before.
      await new Promise((resolve) => setTimeout(resolve, LINK_SPACE_MS + 2))
      for (const { far, granted } of live.values()) {
        for (const { connection, frame } of far.heard.frames) arrived.get(connection)!.push(frame.readUInt32BE(0))
        expect(far.heard.frames.length).toBeLessThanOrEqual(granted)
        live.forEach((one) => { if (one.far === far) one.granted -= far.heard.frames.length })
        far.heard.frames.length = 0
      }
    }
    for (const step of script) {
      if (step.do === 'up') {
        const terminal = terminals[step.terminal]!
        for (let n = 0; n < step.burst; n += 1) {
          const frame = Buffer.alloc(4)
          frame.writeUInt32BE((terminal.sent += 1))
          exchange.up(terminal.connection, frame)
        }
      } else if (step.do === 'credit') {
        const one = live.get(step.frontEnd)
        if (one) {
          one.granted = Math.min(LINK_WINDOW_FRAMES, one.granted + step.frames)
          one.far.credit(step.frames)
        }
      } else if (step.do === 'come') {
        const far = new FakeFrontEndSocket()
        live.set(step.frontEnd, { far, granted: LINK_WINDOW_FRAMES })
        exchange.attach(`fep-${step.frontEnd}`, far.socket)
      } else {
        live.get(step.frontEnd)?.far.close()
        live.delete(step.frontEnd)
      }
      await settle()
    }
    // One last front end that takes everything.
    for (const [frontEnd, { far }] of [...live]) {
      far.close()
      live.delete(frontEnd)
      // What waited for it goes to one that is still there, and counts.
      await settle()
    }
    const last = new FakeFrontEndSocket()
    live.set(9, { far: last, granted: LINK_WINDOW_FRAMES })
    exchange.attach('last', last.socket)
    await settle()
    while (terminals.some(({ connection, sent }) => arrived.get(connection.id)!.length < sent)) {
      const before = [...arrived.values()].flat().length
      live.get(9)!.granted = LINK_WINDOW_FRAMES
      last.credit(LINK_WINDOW_FRAMES)
      await settle()
      expect([...arrived.values()].flat().length).toBeGreaterThan(before)
    }
    for (const { connection, sent } of terminals) expect(arrived.get(connection.id)).toEqual(Array.from({ length: sent }, (_, n) => n + 1))
    for (const { connection } of terminals) expect(connection.paused).toBe(false)
  }), { numRuns: 20 })
})
