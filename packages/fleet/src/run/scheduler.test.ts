import fc from 'fast-check'
import { manualClock } from '@zhuzhan/core'
import { createScheduler } from './scheduler.js'

const unexpected = (error: unknown): void => { throw error }

describe('scheduler', () => {
  it('does things in the order of their time, equal ones in the order they were asked for', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (delays) => {
      const clock = manualClock()
      const scheduler = createScheduler({ clock, onError: unexpected })
      const done: [number, number][] = []
      delays.forEach((delay, i) => scheduler.after(delay, () => done.push([delay, i])))
      clock.advance(100)
      scheduler.runDue()
      expect(done).toEqual(delays.map((delay, i): [number, number] => [delay, i]).sort((a, b) => a[0] - b[0] || a[1] - b[1]))
      expect(scheduler.waiting).toBe(0)
    }))
  })

  it('does nothing early and nothing that was cancelled', () => {
    const clock = manualClock()
    const scheduler = createScheduler({ clock, onError: unexpected })
    const done: string[] = []
    scheduler.after(10, () => done.push('a'))
    scheduler.after(10, () => done.push('b')).cancel()
    clock.advance(9)
    scheduler.runDue()
    expect(done).toEqual([])
    clock.advance(1)
    scheduler.runDue()
    expect(done).toEqual(['a'])
  })

  it('a task that throws does not stop the others', () => {
    const clock = manualClock()
    const errors: unknown[] = []
    const scheduler = createScheduler({ clock, onError: (e) => errors.push(e) })
    let reached = false
    scheduler.after(0, () => { throw new Error('x') })
    scheduler.after(0, () => { reached = true })
    scheduler.runDue()
    expect([errors.length, reached]).toEqual([1, true])
  })

  it('runs by itself once started', async () => {
    const { systemClock } = await import('@zhuzhan/core')
    const scheduler = createScheduler({ clock: systemClock, onError: unexpected })
    scheduler.start()
    const order: number[] = []
    await new Promise<void>((resolve) => {
      scheduler.after(20, () => { order.push(2); resolve() })
      scheduler.after(5, () => order.push(1))
    })
    scheduler.stop()
    expect(order).toEqual([1, 2])
  })
})
