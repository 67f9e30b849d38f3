import { createLogger } from '@zhuzhan/service-kit'
import { createQueues } from '@zhuzhan/queues'
import type { Queues } from '@zhuzhan/queues'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
let queues: Queues
let operator: string

beforeAll(async () => {
  queues = await createQueues({ databaseUrl: postgres.url, log: createLogger({ service: 'test', level: 'silent' }), applicationName: 'test' })
  api = await createTestApi(postgres.url, { jobs: queues })
  operator = await api.user('olga', 'operator')
})
afterAll(async () => {
  await api.close()
  await queues.close()
})

const idle = async (): Promise<void> => undefined
const jobs = async () => (await api.call('GET', '/api/v1/jobs', { token: operator })).body
const stop = (name: string) => api.call('POST', `/api/v1/jobs/${name}/stop`, { token: operator })

test('what runs, what waits and what comes next is shown; what nobody has begun is taken out, what runs learns of it', async () => {
  let end: () => void = idle as never
  const began = new Promise<void>((resolve) => {
    queues.worker('analysis', {
      'analysis.daily': idle, 'analysis.partitions': idle, 'analysis.closed-days': idle, 'analysis.audit': idle, 'analysis.audits': idle, 'analysis.audit-run': idle, 'analysis.costs': idle, 'analysis.forecast': idle, 'analysis.forecasts': idle, 'analysis.anomaly-scores': idle,
      'analysis.line-loss': async (_data, { progress }) => {
        await progress({ done: 2, total: 9 })
        resolve()
        await new Promise<void>((over) => { end = over })
      },
    }, { concurrency: 1, refuse: idle })
  })
  await queues.add('analysis.line-loss', {}, { jobId: 'one' })
  await began
  await queues.add('analysis.line-loss', {}, { jobId: 'two', priority: 10 })
  await queues.add('analysis.audits', {}, { jobId: 'three' })
  await queues.scheduler('analysis', 'line-loss', { pattern: '15 3 * * *', tz: 'Asia/Shanghai' }, 'analysis.line-loss', {}).ready()

  expect(await jobs()).toMatchObject({
    items: [
      { id: 'one', name: 'analysis.line-loss', state: 'active', progress: { done: 2, total: 9 }, startedAt: expect.stringMatching(/Z$/) },
      { id: 'three', state: 'waiting', progress: null }, { id: 'two', state: 'waiting' },
    ],
    counts: { active: 1, waiting: 2, delayed: 1 },
    schedules: [{ id: 'line-loss', pattern: '15 3 * * *', tz: 'Asia/Shanghai', next: expect.stringMatching(/T19:15:00.000Z$/) }],
  })
  const asked = stop('analysis.line-loss')
  while ((await queues.openJobs('analysis', 10)).some(({ id }) => id === 'two')) await new Promise((resolve) => setTimeout(resolve, 20))
  expect((await api.database.pool.query("SELECT asked_by FROM job_stop WHERE name = 'analysis.line-loss'")).rows).toEqual([{ asked_by: 'olga' }])
  end()
  expect(await asked).toMatchObject({ status: 200, body: { discarded: 1, left: 0, more: false } })
  const { items, schedules } = await jobs() as { items: { id: string }[]; schedules: unknown[] }
  expect([items.filter(({ id }) => ['one', 'two'].includes(id)), schedules.length]).toEqual([[], 1])
}, 30_000)

test('money and storage are stopped by nobody', async () => {
  expect([(await stop('analysis.costs')).status, (await stop('analysis.partitions')).status]).toEqual([400, 400])
})
