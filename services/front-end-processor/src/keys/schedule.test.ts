import { pino } from 'pino'
import { manualClock } from '@zhuzhan/core'
import type { KeyUpdateView } from '@zhuzhan/contracts'
import type { KeyRoutes } from '@zhuzhan/persistence'
import { createDirectory } from '../terminals/directory.js'
import { fakeLink } from '../test-support/fake-link.js'
import { fakeMachine } from '../test-support/fake-machine.js'
import { METER, TERMINAL, terminalRecord } from '../test-support/records.js'
import { terminalOn } from '../test-support/terminal.js'
import { createMeterSessions } from '../meters/meter-sessions.js'
import { createKeySchedule } from './schedule.js'

/** Which front end carries which device, and when. */

const row = (address: string, more: Partial<KeyUpdateView> = {}): KeyUpdateView =>
  ({ address, order: '', update: '', state: 'ordered', keyState: 1, keyVersion: 2, changedAt: 0, unreachable: false, suspect: false, ...more })
const job = { id: '1', attempt: 1, progress: async () => undefined, signal: new AbortController().signal }

function rig({ rows = [] as KeyUpdateView[], elsewhere = false } = {}) {
  const added: [string, object, object | undefined][] = []
  const machine = fakeMachine({ keyUpdates: ({ after = '' }) => ({ updates: rows.filter(({ address }) => address > after) }) })
  const routes: KeyRoutes = { of: async (addresses) => addresses.map((address) => ({ address, terminal: TERMINAL })), servedElsewhere: async () => elsewhere }
  const directory = createDirectory()
  const schedule = createKeySchedule({
    machine, routes, directory, frontendId: 'fep-1', log: pino({ level: 'silent' }), requestMs: 50,
    meterSessions: createMeterSessions({ machine, requestMs: 50, proxySeconds: 0, clientAddress: 16, meterPort: 'F2010201' }),
    queues: { add: async (...one: unknown[]) => { added.push(one as never); return '1' }, scheduler: () => { throw new Error('not here') } },
  })
  return { schedule, added, directory }
}

test('a look makes one job for each open device that can go on', async () => {
  const { schedule, added } = rig({ rows: [row(METER), row('000000000012', { suspect: true }), row(TERMINAL, { state: 'committing' })].sort((a, b) => (a.address < b.address ? -1 : 1)) })
  await schedule.handlers['keys.tick']({}, job)
  expect(added).toEqual([
    ['keys.device', { address: TERMINAL, terminal: TERMINAL }, { jobId: `keys_${TERMINAL}` }],
    ['keys.device', { address: METER, terminal: TERMINAL }, { jobId: `keys_${METER}` }],
  ])
})

// Seen failing without the question who serves it: the job was done and nobody had done it.
test('a job of a terminal that another front end serves is given back; one that nobody serves waits for the next look', async () => {
  await expect(rig({ elsewhere: true }).schedule.handlers['keys.device']({ address: METER, terminal: TERMINAL }, job)).rejects.toMatchObject({ code: 'BUSY' })
  await expect(rig().schedule.handlers['keys.device']({ address: METER, terminal: TERMINAL }, job)).resolves.toBeUndefined()
})

test('a terminal that comes back has its meters looked for, if they have sessions of their own', async () => {
  const { schedule, added } = rig()
  const record = terminalRecord()
  await schedule.onBound(terminalOn(fakeLink(), manualClock(), { record }))
  expect(added).toEqual([])
  const own = new Map([...record.meters].map(([address, meter]) => [address, { ...meter, securityProfile: 'sm' }]))
  await schedule.onBound(terminalOn(fakeLink(), manualClock(), { record: { ...record, meters: own } }))
  expect(added.map(([name]) => name)).toEqual(['keys.tick'])
})
