import { CostContract } from '@zhuzhan/contracts'
import type { JobName } from '@zhuzhan/contracts'
import { dayStart } from '@zhuzhan/core'
import { createBatchStore, createCommandStore, createCostDecisions, createCostLedger, createCostNotices, createCostProposals, saveHolidayYear } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { computeDailyEnergy } from '../energy/daily-energy.js'
import { addMeter, addTerminal, address, emptyStation, putReadings, reading, silentLog, testDatabase } from '../fixtures/station.js'
import { createCharges } from './charges.js'
import { createCostRun } from './cost-run.js'
import { createReadBacks } from './read-backs.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const DAY = 86_400_000
const METER = address(1)
/** A Tuesday, 10:30 at +08:00. */
const NOW = Date.parse('2026-03-10T10:30:00+08:00')
const contract = CostContract.parse({ remoteControl: true, prices: { flat: '0.5' }, limits: { alarm1: '30', alarm2: '10', overdraft: '0', closing: '5' }, periods: { overdueDays: 1, noticeHours: 24, finalNoticeMinutes: 0 } })

const setUp = () => {
  const { pool } = database()
  const jobs: JobName[] = []
  const [ledger, decisions, commands] = [createCostLedger(pool), createCostDecisions(pool), createCommandStore(pool)]
  const charges = createCharges({ pool, ledger })
  const add = async (name: JobName): Promise<string> => { jobs.push(name); return '' }
  const costs = createCostRun({ charges, readBacks: createReadBacks({ pool, commands, decisions, queues: { add: add as never } }), decisions, log: silentLog })
  return { pool, jobs, ledger, decisions, commands, charges, costs, notices: createCostNotices(pool), proposals: createCostProposals(pool), batches: createBatchStore(pool) }
}
/** Frozen registers at the begins of these days, and the days' energies from them. */
async function freeze(values: Record<string, string>, at: number, quality: 'measured' | 'estimated' = 'measured'): Promise<void> {
  const { pool } = database()
  await putReadings(database(), Object.entries(values).map(([day, value]) => reading(METER, dayStart(day, 480), value, { quality })))
  const { rows } = await pool.query<{ id: number }>('SELECT id FROM meter')
  const client = await pool.connect()
  for (let day = Date.parse('2026-03-01'); day < Date.parse('2026-03-11'); day += DAY) await computeDailyEnergy(client, { registerFullScale: 1_000_000 }, new Date(day).toISOString().slice(0, 10), rows.map(({ id }) => id), new Date(at))
  client.release()
}

let account = ''
let next = 0
beforeEach(async () => {
  const { pool, ledger } = setUp()
  await emptyStation(database())
  await addTerminal(database())
  await addMeter(database(), METER)
  await pool.query('UPDATE cost_account SET meter = account || meter')
  await saveHolidayYear(pool, { year: 2026, source: 'invented for tests', holidays: [], workingDays: [] }, 'admin')
  account = `c-${next++}`
  await ledger.open({ account, meter: METER, contract, chargedFrom: '2026-03-02' }, 'admin')
})

test('days are charged from their registers, once, and a corrected one by the difference', async () => {
  const { charges, ledger } = setUp()
  await freeze({ '2026-03-01': '100', '2026-03-02': '110', '2026-03-03': '115.5', '2026-03-04': '120' }, NOW)
  expect(await charges.run(NOW)).toBe(2)
  expect(await charges.run(NOW)).toBe(0)
  // 1 March lies before the account: 5.5 and 4.5 kWh at 0.5.
  expect((await ledger.entries(account, { limit: 9 })).map(({ key, amount }) => [key, amount])).toEqual([['charge/2026-03-02', 27_500n], ['charge/2026-03-03', 22_500n]])
  const { pool } = database()
  await pool.query("UPDATE daily_energy SET energy = 5, computed_at = $1 WHERE day = '2026-03-02'", [new Date(NOW + 1_000)])
  expect(await charges.run(NOW + 2_000)).toBe(1)
  expect((await ledger.find(account))?.balance).toBe(-47_500n)
})

test('cut off after any booking and run again, by two at once: every day once', async () => {
  const { charges, ledger } = setUp()
  await freeze(Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`2026-03-0${n + 1}`, String(100 + 7 * n)])), NOW)
  const cut = new AbortController()
  cut.abort()
  await expect(charges.run(NOW, cut.signal)).rejects.toThrow()
  await Promise.all([charges.run(NOW), charges.run(NOW)])
  const entries = await ledger.entries(account, { limit: 99 })
  expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length)
  expect(await ledger.find(account)).toMatchObject({ balance: -(7n * 7n * 5_000n), charges: 7n * 7n * 5_000n })
})

test('a meter that counts by itself is mirrored: what it says is the balance', async () => {
  const { charges, ledger } = setUp()
  await ledger.change(account, { ...contract, mode: 'local' }, 'admin', 'key meter')
  await freeze({ '2026-03-02': '0', '2026-03-03': '500' }, NOW)
  await putReadings(database(), [reading(METER, NOW - DAY, '88.40', { item: 0x202c0201 }), reading(METER, NOW - 60_000, '87.15', { item: 0x202c0201 })])
  expect([await charges.run(NOW), await charges.run(NOW)]).toEqual([1, 0])
  expect((await ledger.find(account))?.balance).toBe(871_500n)
})

test('estimates alone cut nobody off', async () => {
  const { costs, decisions, notices, ledger } = setUp()
  await freeze({ '2026-03-02': '0', '2026-03-03': '500', '2026-03-10': '900' }, NOW, 'estimated')
  for (const at of [NOW - 4 * DAY, NOW - 3 * DAY, NOW]) {
    await costs.run(at)
    for (const { id } of await notices.page({ account, waiting: true, limit: 9 })) await notices.outcome(id, 'delivered', undefined, new Date(at))
  }
  expect((await ledger.find(account))?.balance).toBeLessThan(0n)
  expect((await decisions.look(account, NOW)).refusals.map(({ code }) => code)).toEqual(expect.arrayContaining(['BALANCE', 'OVERDUE', 'READING_ESTIMATED']))
})

test('from registers to the dark and back, with a read-back that contradicts', async () => {
  const { costs, notices, proposals, batches, ledger, commands, jobs, pool } = setUp()
  const state = async (): Promise<string | undefined> => (await ledger.find(account))?.account.state
  await freeze({ '2026-03-02': '0', '2026-03-06': '0', '2026-03-07': '100' }, NOW - 3 * DAY)
  for (const at of [NOW - 3 * DAY, NOW - 3 * DAY + 1]) {
    await costs.run(at)
    for (const { id } of await notices.page({ account, waiting: true, limit: 9 })) await notices.outcome(id, 'delivered', undefined, new Date(at))
  }
  expect(await state()).toBe('alarm-2')
  await freeze({ '2026-03-08': '110', '2026-03-09': '120', '2026-03-10': '130' }, NOW)
  await costs.run(NOW)
  expect(await state()).toBe('pending-trip')

  const batch = await batches.create({ action: 'trip', requestedBy: 'anna', approver: 'ben', expiresAt: new Date(Date.now() + 900_000), tickets: [{ tkt: new Uint8Array(8), devices: [{ meter: METER, terminal: '000000000001' }] }] })
  await proposals.order((await proposals.open('trip', undefined, 9)).map(({ id }) => id), batch)
  const { rows: [command] } = await pool.query<{ id: string }>('SELECT id FROM command WHERE batch = $1', [batch])
  for (const [from, to] of [['accepted', 'awaiting_approval'], ['awaiting_approval', 'approved'], ['approved', 'queued'], ['queued', 'sent'], ['sent', 'verified']] as const) await commands.move(command!.id, { from: [from], to, who: 'x' })
  await costs.run(NOW)
  expect(await state()).toBe('tripped')

  // A minute later power and voltage are asked for; 40 W through an open switch are a fault.
  await costs.run(NOW + 120_000)
  expect((await pool.query("SELECT action, state FROM command WHERE requested_by = 'cost-control'")).rows).toEqual([{ action: 'read', state: 'queued' }])
  expect(jobs).toEqual(['command.deliver'])
  await putReadings(database(), [reading(METER, NOW + 180_000, '40', { item: 0x20040201 })])
  await costs.run(NOW + 240_000)
  expect((await ledger.find(account))?.account.fault).toContain('40 W')

  await ledger.pay(account, { kind: 'payment', number: `pay-${account}`, amount: 1_000_000n }, 'bank', NOW + 300_000)
  await costs.run(NOW + 300_000)
  expect(await state()).toBe('pending-close')
  expect((await proposals.open('allow-close', undefined, 9)).filter((one) => one.account === account)).toHaveLength(1)
})
