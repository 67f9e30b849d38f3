import { randomUUID } from 'node:crypto'
import { CostContract } from '@zhuzhan/contracts'
import { CNY } from '@zhuzhan/cost-control'
import { withPostgres } from '@zhuzhan/testing'
import { createBatchStore } from '../commands/batch-store.js'
import { createCommandStore } from '../commands/command-store.js'
import { register } from '../test-support/rows.js'
import { withDatabase } from '../test-support/open.js'
import { createCostDecisions, createCostLedger, createCostNotices, createCostProposals, createCostProtections, saveHolidayYear } from './index.js'

/* Cost control on a real database: the ledger books once, protections beat trips that are on their way. */

const database = withDatabase(() => server)
const server = withPostgres()
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A Tuesday, 10:30 at +08:00. */
const NOW = Date.parse('2026-03-10T10:30:00+08:00')
const contract = CostContract.parse({ remoteControl: true, limits: { alarm1: '30', alarm2: '10', overdraft: '0', closing: '5' }, periods: { overdueDays: 1, noticeHours: 24, finalNoticeMinutes: 60 } })

let next = 0
const setUp = () => {
  const { pool } = database
  return { pool, ledger: createCostLedger(pool), decisions: createCostDecisions(pool), notices: createCostNotices(pool), proposals: createCostProposals(pool), protections: createCostProtections(pool), batches: createBatchStore(pool), commands: createCommandStore(pool) }
}
/** A meter of its own area, with an account. */
async function customer(): Promise<{ account: string; meter: string; area: string }> {
  const { pool, ledger } = setUp()
  const n = ++next
  const [terminal, meter] = [String(9_000 + n).padStart(12, '0'), String(1_000 + n).padStart(12, '0')]
  await register(pool, terminal, [meter])
  await pool.query('UPDATE terminal SET area = $2 WHERE address = $1', [terminal, `area-${n}`])
  await ledger.open({ account: `c-${n}`, meter, contract, chargedFrom: '2026-03-01' }, 'admin')
  return { account: `c-${n}`, meter, area: `area-${n}` }
}
const deliverAll = async (account: string, at: number): Promise<void> => {
  const { notices } = setUp()
  for (const { id } of await notices.page({ account, waiting: true, limit: 10 })) await notices.outcome(id, 'delivered', undefined, new Date(at))
}
/** Brings an account so far that a trip is proposed at NOW. */
async function ripe(): Promise<{ account: string; meter: string; area: string }> {
  const { ledger, decisions } = setUp()
  const one = await customer()
  await ledger.charge(one.account, { day: '2026-03-05', amount: 40n * CNY, quality: 'measured', readAt: NOW - 4 * DAY }, NOW - 4 * DAY)
  for (const ago of [3 * DAY, 3 * DAY - 1]) {
    await decisions.look(one.account, NOW - ago)
    await deliverAll(one.account, NOW - ago)
  }
  await ledger.charge(one.account, { day: '2026-03-09', amount: CNY, quality: 'measured', readAt: NOW - 10.5 * HOUR }, NOW - 9 * HOUR)
  expect((await decisions.look(one.account, NOW - HOUR)).effects).toEqual([{ do: 'notice', notice: 'final' }])
  await deliverAll(one.account, NOW - HOUR)
  return one
}
/** The proposal taken up by one person and approved by another: on its way, not sent. */
async function queued({ account, meter }: { account: string; meter: string }): Promise<{ batch: string; command: string }> {
  const { decisions, proposals, batches, pool } = setUp()
  await decisions.look(account, NOW)
  const open = (await proposals.open('trip', undefined, 10)).filter((one) => one.account === account)
  expect(open).toHaveLength(1)
  const batch = await batches.create({ action: 'trip', requestedBy: 'anna', approver: 'ben', expiresAt: new Date(Date.now() + 900_000), tickets: [{ tkt: new Uint8Array(8), devices: [{ meter, terminal: '000000009000' }] }] })
  await proposals.order(open.map(({ id }) => id), batch)
  for (const [from, to] of [['accepted', 'awaiting_approval'], ['awaiting_approval', 'approved'], ['approved', 'queued']] as const) await batches.move(batch, { from: [from], to, who: 'people' })
  return { batch, command: (await pool.query<{ id: string }>('SELECT id FROM command WHERE batch = $1', [batch])).rows[0]!.id }
}

beforeAll(async () => { await saveHolidayYear(database.pool, { year: 2026, source: 'invented for tests', holidays: [], workingDays: [] }, 'admin') })

test('the ledger is append-only', async () => {
  const { ledger, pool } = setUp()
  const { account } = await customer()
  await ledger.pay(account, { kind: 'payment', number: 'ao-1', amount: 5n }, 'bank', NOW)
  // Seen failing with the trigger cost_entry_fixed left out of the migration.
  for (const change of ['UPDATE cost_entry SET amount = 6', 'DELETE FROM cost_entry', 'TRUNCATE cost_entry']) await expect(pool.query(change)).rejects.toThrow('append-only')
})

test('a payment is booked once, however often and by whomever it is told at once', async () => {
  const { ledger } = setUp()
  const [one, other] = [await customer(), await customer()]
  const answers = await Promise.all(Array.from({ length: 6 }, () => ledger.pay(one.account, { kind: 'payment', number: 'p-1', amount: 123_456n }, 'bank', NOW)))
  expect(answers.filter(({ fresh }) => fresh)).toHaveLength(1)
  expect((await ledger.find(one.account))?.balance).toBe(123_456n)
  await expect(ledger.pay(one.account, { kind: 'payment', number: 'p-1', amount: 123_457n }, 'bank', NOW)).rejects.toMatchObject({ code: 'EXISTS_ALREADY' })
  await expect(ledger.pay(other.account, { kind: 'payment', number: 'p-1', amount: 123_456n }, 'bank', NOW)).rejects.toMatchObject({ code: 'EXISTS_ALREADY' })
})

test('amounts beyond what a double holds come back to the last 0.0001', async () => {
  const { ledger } = setUp()
  const { account } = await customer()
  await ledger.pay(account, { kind: 'payment', number: 'big', amount: 9_007_199_254_740_993n }, 'bank', NOW)
  await ledger.pay(account, { kind: 'reserve', number: 'r', amount: 1n, reason: 'disputed' }, 'clerk', NOW)
  expect(await ledger.find(account)).toMatchObject({ balance: 9_007_199_254_740_992n, reserved: 1n })
  await expect(ledger.pay(account, { kind: 'release', number: 'r', amount: 2n, reason: 'x' }, 'clerk', NOW)).rejects.toMatchObject({ code: 'DATA_REFUSED' })
})

test('a day is charged once and corrected by the difference; estimates are known apart', async () => {
  const { ledger } = setUp()
  const { account } = await customer()
  const charge = (amount: bigint, quality: 'measured' | 'estimated'): Promise<boolean> => ledger.charge(account, { day: '2026-03-01', amount, quality, readAt: NOW }, NOW)
  expect([await charge(70n, 'estimated'), await charge(70n, 'estimated')]).toEqual([true, false])
  expect(await ledger.find(account)).toMatchObject({ balance: -70n, estimated: 70n, account: { overdueSince: undefined } })
  expect([await charge(60n, 'measured'), await charge(60n, 'measured'), await charge(99n, 'estimated')]).toEqual([true, false, false])
  expect(await ledger.find(account)).toMatchObject({ balance: -60n, estimated: 0n, account: { overdueSince: NOW } })
  expect((await ledger.entries(account, { limit: 10 })).map(({ key, amount, balance }) => [key, amount, balance])).toEqual([['charge/2026-03-01', 70n, -70n], ['correction/2026-03-01/1', -10n, -60n]])
})

test('from debt to the dark and back: notices, proposal, two people, verified, paid, proposed again', async () => {
  const { decisions, commands, ledger, proposals } = setUp()
  const one = await ripe()
  const { command } = await queued(one)
  expect((await decisions.look(one.account, NOW)).account).toMatchObject({ state: 'pending-trip', inFlight: false })
  await commands.move(command, { from: ['queued'], to: 'sent', who: 'front-end' })
  expect((await decisions.look(one.account, NOW)).account).toMatchObject({ state: 'pending-trip', inFlight: true })
  await commands.move(command, { from: ['sent'], to: 'verified', who: 'device' })
  expect((await decisions.look(one.account, NOW)).account).toMatchObject({ state: 'tripped', lastTrippedAt: NOW })
  await ledger.pay(one.account, { kind: 'payment', number: 'back', amount: 45n * CNY }, 'bank', NOW)
  expect((await decisions.look(one.account, NOW)).refusals).toEqual([{ code: 'CLOSING_AMOUNT', evidence: expect.stringContaining('4.0000') }])
  await ledger.pay(one.account, { kind: 'payment', number: 'back-2', amount: CNY }, 'bank', NOW)
  expect((await decisions.look(one.account, NOW)).account.state).toBe('pending-close')
  expect((await proposals.open('allow-close', undefined, 10)).filter(({ account }) => account === one.account)).toHaveLength(1)
})

test('a payment lets an approved trip lapse in its own transaction', async () => {
  const { ledger, commands, decisions } = setUp()
  const one = await ripe()
  const { command } = await queued(one)
  await ledger.pay(one.account, { kind: 'payment', number: 'in time', amount: 200n * CNY }, 'bank', NOW)
  // Seen failing without withdrawCommands in `pay`.
  expect((await commands.find(command))?.state).toBe('expired')
  expect((await decisions.look(one.account, NOW)).account.state).toBe('normal')
})

test.each(['power-preserve', 'medical', 'complaint', 'outage'] as const)('%s lets an approved trip lapse in its own transaction', async (kind) => {
  const { protections, commands, decisions } = setUp()
  const one = await ripe()
  const { command } = await queued(one)
  await protections.enter({ kind, ...(kind === 'outage' ? { scope: 'area', of: one.area } : { scope: 'account', of: one.account }), since: new Date(NOW), until: null, evidence: 'case 1' }, 'clerk')
  // Seen failing without withdrawCommands in `enter`.
  expect((await commands.find(command))?.state).toBe('expired')
  expect((await decisions.look(one.account, NOW)).account.state).toBe(kind === 'power-preserve' || kind === 'medical' ? 'protected' : 'alarm-2')
})

test('no trip is sent to a preserved meter, whoever asked for it', async () => {
  const { commands, protections } = setUp()
  const { account, meter } = await customer()
  const trip = await commands.create({ meterAddress: meter, terminalAddress: '000000009000', action: 'trip', parameters: {}, requestedBy: 'anna', expiresAt: new Date(Date.now() + 60_000) })
  await commands.move(trip.id, { from: ['accepted'], to: 'queued', who: 'x' })
  const { protection } = await protections.enter({ kind: 'medical', scope: 'account', of: account, since: new Date(NOW), until: null, evidence: 'ventilator' }, 'clerk')
  expect((await commands.find(trip.id))?.state).toBe('expired')
  const late = await commands.create({ meterAddress: meter, terminalAddress: '000000009000', action: 'trip', parameters: {}, requestedBy: 'anna', expiresAt: new Date(Date.now() + 60_000) })
  await commands.move(late.id, { from: ['accepted'], to: 'queued', who: 'x' })
  // Seen failing without the trigger cost_trip_guard.
  await expect(commands.move(late.id, { from: ['queued'], to: 'sent', who: 'front-end' })).rejects.toThrow('preserved: medical: ventilator')
  await protections.end(protection.id, new Date(), 'clerk')
  expect((await commands.move(late.id, { from: ['queued'], to: 'sent', who: 'front-end' }))?.state).toBe('sent')
})

test('a meter whose supply was preserved by command is not cut off until that was released', async () => {
  const { commands, protections } = setUp()
  const { meter } = await customer()
  const order = async (action: 'keep-power' | 'release-power'): Promise<void> => {
    const { id } = await commands.create({ meterAddress: meter, terminalAddress: '000000009000', action, parameters: {}, requestedBy: 'anna', expiresAt: new Date(Date.now() + 60_000) })
    for (const [from, to] of [['accepted', 'queued'], ['queued', 'sent'], ['sent', 'verified']] as const) await commands.move(id, { from: [from], to, who: 'x' })
  }
  const held = async (): Promise<number> => (await protections.preserved([meter], new Date(NOW))).size
  await order('keep-power')
  expect(await held()).toBe(1)
  await order('release-power')
  expect(await held()).toBe(0)
})

test('a contradicting read-back stops the batch', async () => {
  const { decisions, commands, pool } = setUp()
  const one = await ripe()
  const { batch, command } = await queued(one)
  const neighbour = randomUUID()
  await pool.query("INSERT INTO command (id, meter_address, terminal_address, action, state, requested_by, expires_at, batch) VALUES ($1, '000000000077', '000000009000', 'trip', 'queued', 'anna', now() + interval '1 hour', $2)", [neighbour, batch])
  await commands.move(command, { from: ['queued'], to: 'sent', who: 'x' })
  await decisions.fault(one.account, 'the switch reads open and 40 W flow')
  expect((await commands.find(neighbour))?.state).toBe('expired')
  await commands.move(command, { from: ['sent'], to: 'refused', who: 'x' })
  expect((await decisions.look(one.account, NOW)).refusals.map(({ code }) => code)).toContain('FAULT')
  await decisions.clearFault(one.account, 'anna')
  expect((await decisions.look(one.account, NOW)).account.state).toBe('pending-trip')
})

test('a batch of proposals that were taken up meanwhile lapses', async () => {
  const { decisions, proposals, batches, pool } = setUp()
  const one = await ripe()
  await decisions.look(one.account, NOW)
  const [open] = (await proposals.open('trip', undefined, 10)).filter(({ account }) => account === one.account)
  const make = (): Promise<string> => batches.create({ action: 'trip', requestedBy: 'anna', approver: 'ben', expiresAt: new Date(Date.now() + 900_000), tickets: [{ tkt: new Uint8Array(8), devices: [{ meter: one.meter, terminal: '000000009000' }] }] })
  const [first, second] = [await make(), await make()]
  await proposals.order([open!.id], first)
  await expect(proposals.order([open!.id], second)).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  expect((await pool.query<{ state: string }>('SELECT state FROM command WHERE batch = $1', [second])).rows).toEqual([{ state: 'expired' }])
  expect((await pool.query<{ state: string }>('SELECT state FROM command WHERE batch = $1', [first])).rows).toEqual([{ state: 'accepted' }])
})

test('accounts are looked at in pages, the oldest debt first', async () => {
  const { decisions } = setUp()
  const all: string[] = []
  for (let after: string | undefined; ;) {
    const page = await decisions.due(2, after)
    all.push(...page)
    if (page.length < 2) break
    after = page.at(-1)
  }
  expect(new Set(all).size).toBe(all.length)
  expect(all.sort()).toEqual((await decisions.due(1_000)).sort())
})
