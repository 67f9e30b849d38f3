import { randomUUID } from 'node:crypto'
import { metricsText } from '@zhuzhan/telemetry'
import { JOB_OPTIONS } from '../settings.js'
import type { JobInHand, RefusedJob } from '../worker.js'
import { addUnchecked, eventually, onBothBackends, queuesOf } from './backends.js'

const refuse = async (): Promise<void> => { throw new Error('nothing is refused here') }

onBothBackends((server) => {
  const openQueues = queuesOf(server)

  test('a job is handled once, with its data, and forgotten', async () => {
    const queues = await openQueues()
    const seen: string[] = []
    const worker = queues.worker('commands', { 'command.deliver': async ({ commandId }) => { seen.push(commandId) } }, { concurrency: 4, refuse })
    await worker.ready()
    const ids = Array.from({ length: 50 }, () => randomUUID())
    await Promise.all(ids.map((commandId) => queues.add('command.deliver', { commandId })))
    await eventually(() => seen.length >= 50, 10_000, '50 jobs')
    expect([...seen].sort()).toEqual([...ids].sort())
    await eventually(async () => (await queues.depth('commands')).active === 0, 5_000, 'nothing active')
    expect(await queues.depth('commands')).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0 })
  }, 20_000)

  test('data that does not fit is refused where it is added', async () => {
    const queues = await openQueues()
    await expect(queues.add('command.deliver', { commandId: 'seven' })).rejects.toMatchObject({ code: 'BODY_INVALID' })
    await expect(queues.add('reading.store', { batch: '', rows: 1 })).rejects.toMatchObject({ code: 'BODY_INVALID' })
    expect(await queues.depth('commands')).toMatchObject({ waiting: 0 })
  }, 20_000)

  test('a job id keeps a second job out while the first exists, and no longer', async () => {
    const queues = await openQueues()
    const commandId = randomUUID()
    await queues.add('command.deliver', { commandId }, { jobId: commandId })
    await queues.add('command.deliver', { commandId }, { jobId: commandId })
    expect(await queues.depth('commands')).toMatchObject({ waiting: 1 })
    let done = 0
    await queues.worker('commands', { 'command.deliver': async () => { done++ } }, { concurrency: 2, refuse }).ready()
    await eventually(() => done === 1, 10_000, 'the first')
    await eventually(async () => (await queues.depth('commands')).active === 0, 5_000, 'nothing active')
    await queues.add('command.deliver', { commandId }, { jobId: commandId })
    await eventually(() => done === 2, 10_000, 'the second')
  }, 20_000)

  test('a delayed job waits; lower priorities go first', async () => {
    const queues = await openQueues()
    const order: string[] = []
    const [late, second, first] = [randomUUID(), randomUUID(), randomUUID()]
    const start = Date.now()
    await queues.add('command.deliver', { commandId: late }, { delay: 700 })
    await queues.add('command.deliver', { commandId: second }, { priority: 5 })
    await queues.add('command.deliver', { commandId: first }, { priority: 1 })
    let lateAfter = 0
    await queues.worker('commands', { 'command.deliver': async ({ commandId }) => {
      order.push(commandId)
      if (commandId === late) lateAfter = Date.now() - start
    } }, { concurrency: 1, refuse }).ready()
    await eventually(() => order.length === 3, 10_000, 'three jobs')
    expect(order).toEqual([first, second, late])
    expect(lateAfter).toBeGreaterThanOrEqual(690)
  }, 20_000)

  test('long work is told when its worker closes, and another worker does it', async () => {
    const [closing, next] = [await openQueues(), await openQueues()]
    const commandId = randomUUID()
    let began = false
    const worker = closing.worker('commands', { 'command.deliver': (_data, { signal }) => new Promise((_resolve, reject) => {
      began = true
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    }) }, { concurrency: 1, refuse })
    await worker.ready()
    await closing.add('command.deliver', { commandId })
    await eventually(() => began, 10_000, 'the work')
    const asked = Date.now()
    await worker.close()
    expect(Date.now() - asked).toBeLessThan(5_000)
    const done: string[] = []
    await next.worker('commands', { 'command.deliver': async (data) => { done.push(data.commandId) } }, { concurrency: 1, refuse }).ready()
    await eventually(() => done.length === 1, 15_000, 'the other worker')
    expect(done).toEqual([commandId])
  }, 40_000)

  test('a handler that throws is called again until it does not, with a rest between', async () => {
    const queues = await openQueues()
    const attempts: JobInHand[] = []
    await queues.worker('commands', { 'command.deliver': async (_data, job) => {
      attempts.push(job)
      if (attempts.length < 4) throw new Error('not yet')
    } }, { concurrency: 1, refuse }).ready()
    const start = Date.now()
    await queues.add('command.deliver', { commandId: randomUUID() })
    await eventually(() => attempts.length === 4, 15_000, 'four attempts')
    expect(attempts.map((job) => job.attempt)).toEqual([1, 2, 3, 4])
    // 250 + 500 + 1000 ms of rest.
    expect(Date.now() - start).toBeGreaterThan(1_600)
    await eventually(async () => (await queues.depth('commands')).active === 0, 5_000, 'nothing active')
    expect(await queues.depth('commands')).toMatchObject({ failed: 0, delayed: 0 })
  }, 20_000)

  test('what no schema accepts, and what no handler knows, is handed over once and is then over', async () => {
    const queues = await openQueues()
    const refused: RefusedJob[] = []
    await addUnchecked(server(), 'commands', 'command.deliver', { commandId: 12 }, JOB_OPTIONS)
    await addUnchecked(server(), 'commands', 'command.dissolve', { commandId: randomUUID() }, JOB_OPTIONS)
    let failures = 0
    await queues.worker('commands', { 'command.deliver': async () => undefined }, { concurrency: 1, refuse: async (job) => {
      // The keeper of dead letters fails once: the job must come again.
      if (failures++ === 0) throw new Error('database away')
      refused.push(job)
    } }).ready()
    await eventually(() => refused.length === 2, 15_000, 'two dead letters')
    expect(refused).toEqual(expect.arrayContaining([
      { origin: 'queue commands', code: 'BODY_INVALID', detail: expect.stringMatching(/^commandId: /), payload: expect.objectContaining({ job: 'command.deliver', data: { commandId: 12 } }) },
      { origin: 'queue commands', code: 'BODY_INVALID', detail: 'no handler for jobs named command.dissolve', payload: expect.objectContaining({ job: 'command.dissolve' }) },
    ]))
    await eventually(async () => (await queues.depth('commands')).active === 0, 5_000, 'nothing active')
    expect(await queues.depth('commands')).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0 })
  }, 20_000)

  test('a job that BullMQ gave up raises the alarm and is put back to work', async () => {
    const queues = await openQueues()
    const alarms: number[] = []
    let calls = 0
    await addUnchecked(server(), 'commands', 'command.deliver', { commandId: randomUUID() }, { attempts: 1 })
    await queues.worker('commands', { 'command.deliver': async () => {
      if (++calls === 1) throw new Error('once')
    } }, { concurrency: 1, refuse, onFailed: (count) => alarms.push(count) }).ready()
    await eventually(() => calls === 2, 25_000, 'the second call')
    expect(alarms).toEqual([1])
    await eventually(async () => (await queues.depth('commands')).active === 0, 5_000, 'nothing active')
    expect(await queues.depth('commands')).toMatchObject({ failed: 0, waiting: 0, delayed: 0 })
  }, 40_000)

  test('a scheduler repeats its job, once for all who ask for it, and the last rhythm holds', async () => {
    const [one, two] = [await openQueues(), await openQueues()]
    let ticks = 0
    await one.worker('collection', { 'collection.tick': async ({ planId }) => { if (planId === 'fast') ticks++ }, 'collection.terminal': async () => undefined }, { concurrency: 2, refuse }).ready()
    await one.scheduler('collection', 'plan', { every: 3_600_000 }, 'collection.tick', { planId: 'slow' }).ready()
    await Promise.all([one, two].map((queues) => queues.scheduler('collection', 'plan', { every: 400 }, 'collection.tick', { planId: 'fast' }).ready()))
    await eventually(() => ticks >= 1, 10_000, 'the first tick')
    const from = ticks
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    expect(ticks - from).toBeGreaterThanOrEqual(3)
    expect(ticks - from).toBeLessThanOrEqual(6)
    await one.scheduler('collection', 'plan', { pattern: '0 3 * * *', tz: 'Asia/Shanghai' }, 'collection.tick', { planId: 'nightly' }).ready()
    await new Promise((resolve) => setTimeout(resolve, 500))
    const still = ticks
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(ticks).toBe(still)
    expect(await one.depth('collection')).toMatchObject({ waiting: 0, delayed: 1 })
  }, 20_000)

  test('a closed worker takes nothing more and has finished what it had', async () => {
    const queues = await openQueues()
    let begun = 0
    let ended = 0
    const worker = queues.worker('commands', { 'command.deliver': async () => {
      begun++
      await new Promise((resolve) => setTimeout(resolve, 300))
      ended++
    } }, { concurrency: 2, refuse })
    await worker.ready()
    await Promise.all(Array.from({ length: 6 }, () => queues.add('command.deliver', { commandId: randomUUID() })))
    await eventually(() => begun >= 1, 10_000, 'the first')
    await worker.close()
    expect(begun).toBe(ended)
    const left = await queues.depth('commands')
    expect(left.waiting + left.active).toBe(6 - ended)
    await queues.worker('commands', { 'command.deliver': async () => { ended++ } }, { concurrency: 2, refuse }).ready()
    await eventually(() => ended === 6, 10_000, 'the rest')
  }, 20_000)

  test('what is open is listed with its progress, schedules with their next time', async () => {
    const queues = await openQueues()
    let [end, began]: [() => void, boolean] = [() => undefined, false]
    await queues.worker('commands', { 'command.deliver': async (_data, { progress }) => {
      await progress({ done: 3, total: 7 })
      began = true
      await new Promise<void>((resolve) => { end = resolve })
    } }, { concurrency: 1, refuse }).ready()
    const [first, second, late] = [randomUUID(), randomUUID(), randomUUID()]
    await queues.add('command.deliver', { commandId: first }, { jobId: first })
    await eventually(() => began, 10_000, 'the first')
    await queues.add('command.deliver', { commandId: second }, { jobId: second, priority: 4 })
    await queues.add('command.deliver', { commandId: late }, { jobId: late, delay: 60_000 })
    await queues.scheduler('commands', 'often', { pattern: '5 10 * * *', tz: 'Asia/Shanghai' }, 'command.deliver', { commandId: late }).ready()
    expect(await queues.openJobs('commands', 10)).toMatchObject([
      { id: first, name: 'command.deliver', state: 'active', progress: { done: 3, total: 7 }, attemptsFailed: 0, startedAt: expect.any(Date) },
      { id: second, state: 'waiting', progress: null, startedAt: null }, { id: late, state: 'delayed', addedAt: expect.any(Date) },
    ])
    expect(await queues.schedules('commands')).toEqual([{ id: 'often', name: 'command.deliver', every: null, pattern: '5 10 * * *', tz: 'Asia/Shanghai', next: expect.any(Date) }])
    expect(await queues.discard('command.deliver')).toEqual({ discarded: 2, active: 1, more: false })
    expect([(await queues.openJobs('commands', 10)).map(({ state }) => state), await queues.depth('commands')]).toEqual([['active'], expect.objectContaining({ waiting: 0, delayed: 1 })])
    end()
  }, 20_000)

  test('its depth is on the metrics page while a worker is there', async () => {
    const queues = await openQueues()
    const idle = async (): Promise<void> => undefined
    await queues.worker('analysis', { 'analysis.daily': idle, 'analysis.partitions': idle, 'analysis.closed-days': idle, 'analysis.audit': idle, 'analysis.audits': idle, 'analysis.audit-run': idle, 'analysis.costs': idle, 'analysis.line-loss': idle, 'analysis.forecast': idle, 'analysis.forecasts': idle, 'analysis.anomaly-scores': idle }, { concurrency: 1, refuse }).ready()
    await queues.add('analysis.daily', {}, { delay: 60_000 })
    expect(await metricsText()).toMatch(/zhuzhan_queue_depth\{queue="analysis",state="delayed"\} 1/)
    await queues.close()
    expect(await metricsText()).not.toMatch(/zhuzhan_queue_depth\{queue="analysis"/)
  }, 20_000)
})
