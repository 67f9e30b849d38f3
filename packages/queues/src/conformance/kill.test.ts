import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { eventually, memoryLog, onBothBackends, queuesOf } from './backends.js'

const refuse = async (): Promise<void> => { throw new Error('nothing is refused here') }
const FOLDER = fileURLToPath(new URL('.', import.meta.url))

onBothBackends((server) => {
  const openQueues = queuesOf(server)

  test('jobs of a killed worker go to another within lockDuration and stalledInterval', async () => {
    const queues = await openQueues()
    const ids = Array.from({ length: 5 }, () => randomUUID())
    await Promise.all(ids.map((commandId) => queues.add('command.deliver', { commandId })))
    const victim = spawn(process.execPath, ['--conditions', 'zhuzhan-source', '--import', 'tsx', 'worker-process.ts', server().databaseUrl, server().redisUrl ?? ''], { cwd: FOLDER, stdio: ['ignore', 'pipe', 'inherit'] })
    const taken: string[] = []
    createInterface({ input: victim.stdout }).on('line', (line) => taken.push(line))
    await eventually(() => taken.length === 5, 20_000, 'five jobs taken up')
    victim.kill('SIGKILL')
    const done: string[] = []
    await queues.worker('commands', { 'command.deliver': async ({ commandId }) => { done.push(commandId) } }, { concurrency: 5, refuse }).ready()
    await eventually(() => done.length === 5, 25_000, 'five jobs done')
    expect([...done].sort()).toEqual([...ids].sort())
  }, 60_000)

  test('the server is killed twice under load: every confirmed job is done, adds fail at once meanwhile, work goes on at once after', async () => {
    const log = memoryLog()
    const queues = await openQueues(log)
    const done = new Set<string>()
    await queues.worker('commands', { 'command.deliver': async ({ commandId }) => {
      await new Promise((resolve) => setTimeout(resolve, 3))
      done.add(commandId)
    } }, { concurrency: 8, refuse }).ready()

    const confirmed = new Set<string>()
    let adding = true
    let refusals = 0
    let slowestRefusal = 0
    const adder = async (): Promise<void> => {
      while (adding) {
        const commandId = randomUUID()
        const start = Date.now()
        try {
          await queues.add('command.deliver', { commandId })
          confirmed.add(commandId)
        } catch (error) {
          expect(error).toMatchObject({ code: 'UNAVAILABLE' })
          refusals++
          slowestRefusal = Math.max(slowestRefusal, Date.now() - start)
        }
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    const adders = Array.from({ length: 4 }, adder)
    for (let round = 0; round < 2; round++) {
      await new Promise((resolve) => setTimeout(resolve, 800))
      await server().kill()
      const before = refusals
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      expect(refusals).toBeGreaterThan(before)
      await server().restart()
      const [confirmedBefore, doneBefore] = [confirmed.size, done.size]
      await eventually(() => confirmed.size > confirmedBefore, 10_000, 'adding again')
      await eventually(() => done.size > doneBefore, 10_000, 'working again')
    }
    adding = false
    await Promise.all(adders)
    await eventually(() => [...confirmed].every((id) => done.has(id)), 30_000, 'every confirmed job')
    expect(slowestRefusal).toBeLessThan(6_000)
    expect((await queues.depth('commands')).failed).toBe(0)
    // An outage is a handful of lines, not millions.
    expect(log.lines.length).toBeLessThan(60)
  }, 90_000)

  test('objects first used while the server is away work once it is back', async () => {
    const queues = await openQueues()
    await server().kill()
    const commandId = randomUUID()
    await expect(queues.add('command.deliver', { commandId })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const done: string[] = []
    const worker = queues.worker('commands', { 'command.deliver': async (data) => { done.push(data.commandId) } }, { concurrency: 1, refuse })
    const scheduler = queues.scheduler('collection', 'early', { every: 3_600_000 }, 'collection.tick', { planId: 'x' })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await server().restart()
    await worker.ready()
    await scheduler.ready()
    await eventually(() => queues.add('command.deliver', { commandId }).then(() => true, () => false), 10_000, 'adding')
    await eventually(() => done.includes(commandId), 15_000, 'the job')
  }, 60_000)
})
