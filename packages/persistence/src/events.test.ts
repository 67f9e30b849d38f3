import { withPostgres } from '@zhuzhan/testing'
import { createEventLog } from './events.js'
import { withDatabase } from './test-support/open.js'

const db = withDatabase(() => server)
const server = withPostgres()

test('events are written in one statement, in order, and told', async () => {
  const log = createEventLog(db.pool)
  const listener = await db.pool.connect()
  let told = 0
  listener.on('notification', () => { told += 1 })
  await listener.query('LISTEN zhuzhan_event')
  await log.publish()
  await log.publish(
    { kind: 'terminal.online', terminal: '000000000001', detail: { remote: '10.0.0.1' } },
    { kind: 'command.state', severity: 'alarm', meter: '000000000011', code: 'X' },
  )
  await listener.query('SELECT 1')
  listener.release()
  expect(told).toBe(1)
  expect((await db.pool.query('SELECT kind, severity, terminal, meter, code, detail FROM event ORDER BY id')).rows).toEqual([
    { kind: 'terminal.online', severity: 'info', terminal: '000000000001', meter: null, code: null, detail: { remote: '10.0.0.1' } },
    { kind: 'command.state', severity: 'alarm', terminal: null, meter: '000000000011', code: 'X', detail: {} },
  ])
})

test('a string a device filled with NUL is no reason to lose the event', async () => {
  await createEventLog(db.pool).publish({ kind: 'terminal.event', detail: { version: '1.0\0\0' } })
  expect((await db.pool.query(`SELECT detail->>'version' AS version FROM event ORDER BY id DESC LIMIT 1`)).rows).toEqual([{ version: '1.0\ufffd\ufffd' }])
})
