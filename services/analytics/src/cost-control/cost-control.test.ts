import { CostContract } from '@zhuzhan/contracts'
import type { JobName, MandateState } from '@zhuzhan/contracts'
import { dayStart } from '@zhuzhan/core'
import { createBatchStore, createCommandStore, createCostDecisions, createCostLedger, createCostNotices, createCostProposals, createMandateStore, editReading, saveHolidayYear } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { computeDailyEnergy } from '../energy/daily-energy.js'
import { addMeter, addTerminal, address, emptyStation, putReadings, reading, silentLog, testDatabase } from '../fixtures/station.js'
import { createCharges } from './charges.js'
import { createCostRun } from './cost-run.js'
import { createMandateClosings } from './mandate-closings.js'
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
  const costs = createCostRun({ charges, readBacks: createReadBacks({ pool, commands, decisions, queues: { add: add as never } }), decisions, closings: { run: async () => 0 }, log: silentLog })
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

/** Seen keeping the charges with the days of `GONE` left out. */
test('a booked charge goes back by the difference when a person takes its register out, and comes again with a new one', async () => {
  const { charges, ledger, pool } = setUp()
  const booked = async () => (await ledger.entries(account, { limit: 99 })).map(({ key, amount }) => [key, amount])
  await freeze({ '2026-03-02': '100', '2026-03-03': '110', '2026-03-04': '114', '2026-03-05': '120' }, NOW)
  expect(await charges.run(NOW)).toBe(3)
  const { rows: [meter] } = await pool.query<{ id: number }>('SELECT id FROM meter')
  const midnight = dayStart('2026-03-04', 480)
  await editReading(pool, { meterId: meter!.id, meter: METER, days: ['2026-03-03', '2026-03-04'], item: 0x00100201, time: new Date(midnight), kind: 'reject', who: 'olga', why: 'read from another meter' })
  await freeze({}, NOW + 1_000)
  expect([await charges.run(NOW + 2_000), await charges.run(NOW + 3_000)]).toEqual([2, 0])
  expect((await booked()).slice(3)).toEqual([['correction/2026-03-03/1', -20_000n], ['correction/2026-03-04/1', -30_000n]])
  // The day whose registers still stand, at 0.5.
  expect(await ledger.find(account)).toMatchObject({ charges: 50_000n, balance: -50_000n, estimated: 0n, reading: { at: dayStart('2026-03-03', 480) } })
  await editReading(pool, { meterId: meter!.id, meter: METER, days: ['2026-03-03', '2026-03-04'], item: 0x00100201, time: new Date(midnight), kind: 'replace', value: '113', who: 'olga', why: 'read on site' })
  await freeze({}, NOW + 4_000)
  expect([await charges.run(NOW + 5_000), await charges.run(NOW + 6_000)]).toEqual([2, 0])
  expect(await ledger.find(account)).toMatchObject({ charges: 100_000n })
})

test('a day whose energy a check calls an implausible leap loses its charge; one without a price keeps it', async () => {
  const { charges, ledger, pool } = setUp()
  await freeze({ '2026-03-02': '100', '2026-03-03': '110', '2026-03-04': '114' }, NOW)
  expect(await charges.run(NOW)).toBe(2)
  await pool.query("UPDATE daily_energy SET energy = NULL, state = 'doubtful' WHERE day = '2026-03-03'")
  // Seen keeping it with the reversal of refused days taken out.
  expect(await charges.run(NOW + 1_000)).toBe(1)
  expect(await ledger.find(account)).toMatchObject({ charges: 50_000n })
  const { prices: _, ...unpriced } = contract
  await ledger.change(account, unpriced, 'admin', 'prices follow')
  await pool.query('UPDATE daily_energy SET computed_at = $1', [new Date(NOW + 2_000)])
  expect(await charges.run(NOW + 3_000)).toBe(0)
  expect(await ledger.find(account)).toMatchObject({ charges: 50_000n })
})

test('registers that went with their age leave the charge as it is', async () => {
  const { charges, ledger, pool } = setUp()
  await freeze({ '2026-03-02': '100', '2026-03-03': '110' }, NOW)
  expect(await charges.run(NOW)).toBe(1)
  await pool.query('DELETE FROM daily_energy')
  expect(await charges.run(NOW + 60_000)).toBe(0)
  expect(await ledger.find(account)).toMatchObject({ charges: 50_000n })
})

/** Seen left open with `closeNotices` taken out. */
test.each<[string, () => Promise<unknown>]>([
  ['paid', () => setUp().ledger.pay(account, { kind: 'payment', number: `late-${account}`, amount: 9_000_000n }, 'bank', NOW + 1)],
  ['was protected, and paid while nobody looked at alarms', async () => {
    const { pool, ledger, decisions } = setUp()
    await pool.query("INSERT INTO cost_protection (kind, scope, of, since, evidence, entered_by) VALUES ('medical', 'account', $1, $2, 'ventilator', 'olga')", [account, new Date(NOW)])
    await pool.query('UPDATE cost_account SET needs_look = true WHERE account = $1', [account])
    await decisions.look(account, NOW + 1)
    await ledger.pay(account, { kind: 'payment', number: `late-${account}`, amount: 9_000_000n }, 'bank', NOW + 2)
  }],
])('an alarm that no channel took yet is closed once the customer %s', async (_name, end) => {
  const { ledger, decisions, notices } = setUp()
  await ledger.charge(account, { day: '2026-03-09', amount: 500_000n, quality: 'measured', readAt: NOW }, NOW)
  for (const at of [NOW, NOW + 1]) await decisions.look(account, at)
  expect((await notices.page({ account, waiting: true, limit: 9 })).map(({ kind }) => kind)).toEqual(['alarm-1', 'alarm-2'])
  await end()
  await decisions.look(account, NOW + 10)
  expect(await notices.page({ account, waiting: true, limit: 9 })).toEqual([])
  expect((await notices.page({ account, limit: 9 })).map(({ failed }) => failed?.slice(0, 7))).toEqual(['closed:', 'closed:'])
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

describe('supply under a standing mandate', () => {
  const MANDATE = 'AB'.repeat(16)
  const DEFAULT_AREA = Buffer.from('DEFAULT\0').toString('hex').toUpperCase()
  const at = new Date(NOW)
  let told: MandateState
  let asked: string[] = []
  const set = (page = 9) => {
    const { pool, decisions, commands, ledger, proposals } = setUp()
    const mandates = createMandateStore(pool)
    const dispatch = {
      mandates: async () => [told],
      // Ticket and signature are the business of packages/dispatch; who ordered what, and once, is asked here.
      allowClose: async ({ id, meter, mandate, reason }: { id: string; meter: string; mandate: string; reason: string }, insert: (command: never, detail: Record<string, unknown>) => Promise<never>) => {
        asked.push(meter)
        return insert({ id, meterAddress: meter, terminalAddress: '000000000001', action: 'allow-close', parameters: {}, reason, requestedBy: 'service/cost-control', expiresAt: new Date(Date.now() + 900_000), ticket: Buffer.alloc(8), sigOperator: Buffer.alloc(64) } as never, { mandate })
      },
    }
    return { pool, decisions, commands, ledger, proposals, mandates, closings: createMandateClosings({ dispatch: dispatch as never, proposals, mandates, log: silentLog, page }) }
  }
  /** A customer who was cut off, has paid, and whose meter has keys of its own. */
  const paid = async (number: number): Promise<{ account: string; meter: string }> => {
    const { pool, ledger } = set()
    const [meter, name] = [address(number), `m-${number}-${account}`]
    await addMeter(database(), meter)
    await pool.query("UPDATE meter SET security_profile = 'sm', mode = 'S' WHERE address = $1", [meter])
    await ledger.open({ account: name, meter, contract, chargedFrom: '2026-03-02' }, 'admin')
    await ledger.pay(name, { kind: 'payment', number: `pay-${name}`, amount: 1_000_000n }, 'bank', NOW)
    await pool.query("UPDATE cost_account SET state = 'tripped', trip_reason = 'arrears' WHERE account = $1", [name])
    await set().decisions.look(name, NOW + number)
    return { account: name, meter }
  }
  const openOnes = async (): Promise<string[]> => (await set().proposals.open('allow-close', undefined, 99)).map((one) => one.account)
  beforeEach(async () => {
    asked = []
    const { pool, mandates } = set()
    await pool.query("UPDATE cost_proposal SET command = NULL, mandate = NULL, state = CASE WHEN state IN ('open', 'ordered') THEN 'withdrawn' ELSE state END")
    await pool.query('DELETE FROM standing_mandate')
    told = { mandate: MANDATE, service: '01'.repeat(8), area: DEFAULT_AREA, notBefore: NOW / 1_000 - 60, notAfter: NOW / 1_000 + 30 * 86_400, perHour: 2, perDay: 50, usedLastHour: 0, usedLastDay: 0, revoked: false }
    await mandates.create({
      mandate: MANDATE, tkm: Buffer.alloc(79), service: told.service, area: DEFAULT_AREA, areaName: 'DEFAULT', notBefore: new Date(told.notBefore * 1_000), notAfter: new Date(told.notAfter * 1_000), perHour: 2, perDay: 50,
      requestedBy: 'dora', approver: 'anna', operatorPerson: '02'.repeat(8), approverPerson: '03'.repeat(8),
    })
    await mandates.move(MANDATE, ['drafted'], 'awaiting_approval', 'dora')
    await mandates.move(MANDATE, ['awaiting_approval'], 'in-force', 'anna')
  })

  test('one command a customer, the oldest first; what is over the rate waits and is open to people', async () => {
    const { closings, decisions, commands, ledger } = set()
    const [a, b, c] = [await paid(21), await paid(22), await paid(23)]
    expect(await closings.run(NOW)).toBe(2)
    expect(asked).toEqual([a.meter, b.meter])
    expect(await openOnes()).toEqual([c.account])
    // Queued ones will be counted by the machine when they are used: nothing more now.
    expect(await closings.run(NOW)).toBe(0)
    const { proposals } = set()
    const ordered = (await proposals.list({ state: ['ordered'], limit: 9 })).filter((one) => one.mandate === MANDATE)
    expect(ordered.map(({ id, command, batch }) => [command === id, batch])).toEqual([[true, null], [true, null]])
    for (const { command } of ordered) for (const [from, to] of [['queued', 'sent'], ['sent', 'confirmed']] as const) await commands.move(command as string, { from: [from], to, who: 'x' })
    for (const { account: name } of [a, b]) expect((await decisions.look(name, NOW + 60_000)).account.state).toBe('normal')
    told = { ...told, usedLastHour: 2, usedLastDay: 2 }
    expect(await closings.run(NOW + 60_000)).toBe(0)
    told = { ...told, usedLastHour: 0 }
    expect(await closings.run(NOW + 3_700_000)).toBe(1)
    expect((await ledger.find(c.account))?.account.state).toBe('pending-close')
  })

  test('customers of an area without a mandate, who have waited for longer, do not stand before those of one that has', async () => {
    const [north, here] = [await paid(25), await paid(26)]
    await database().pool.query("INSERT INTO terminal (address, security_profile, area) VALUES ('000000000009', 'plain', 'NORTH')")
    await database().pool.query("UPDATE meter SET terminal_address = '000000000009' WHERE address = $1", [north.meter])
    expect(await set(1).closings.run(NOW)).toBe(1)
    expect([asked, await openOnes()]).toEqual([[here.meter], [north.account]])
  })

  test('two passes at once, and a pass cut off after the command: each customer has one', async () => {
    told = { ...told, perHour: 100 }
    const customers = [await paid(31), await paid(32), await paid(33)]
    await Promise.all([set().closings.run(NOW), set().closings.run(NOW), set().closings.run(NOW)])
    expect(await set().closings.run(NOW)).toBe(0)
    const { rows } = await database().pool.query('SELECT meter_address AS meter FROM command WHERE meter_address = ANY($1) ORDER BY 1', [customers.map(({ meter }) => meter)])
    expect(rows.map(({ meter }) => meter)).toEqual(customers.map(({ meter }) => meter))
  })

  /** Each was seen ordering with its condition taken out. */
  test.each<[string, (one: { account: string; meter: string }) => Promise<unknown>]>([
    ['stopped here', () => set().mandates.move(MANDATE, ['in-force'], 'stopped', 'dora')],
    ['revoked in the machine', async () => { told = { ...told, revoked: true } }],
    ['unknown to the machine', async () => { told = { ...told, mandate: 'CD'.repeat(16) } }],
    ['over', () => database().pool.query("UPDATE standing_mandate SET not_after = $1", [at])],
    ['of another area', () => database().pool.query("UPDATE standing_mandate SET area = '4E4F525448000000'")],
    ['exhausted for the day', async () => { told = { ...told, usedLastDay: 50 } }],
    ['for a meter without keys of its own', ({ meter }) => database().pool.query("UPDATE meter SET security_profile = 'plain', mode = NULL WHERE address = $1", [meter])],
    ['for a contract that says direct closing', ({ account: name }) => database().pool.query("UPDATE cost_account SET contract = contract || '{\"directClose\": true}' WHERE account = $1", [name])],
  ])('is left to two people: a mandate %s', async (_name, change) => {
    const one = await paid(41)
    await change(one)
    expect(await set().closings.run(NOW)).toBe(0)
    expect(await openOnes()).toEqual([one.account])
  })

  test('what the machine refused is left to two people for a day; what only lapsed is ordered anew', async () => {
    const { closings, decisions, commands, proposals } = set()
    const one = await paid(51)
    const last = async () => (await proposals.list({ limit: 99 })).find((row) => row.account === one.account)
    const again = async (end: 'expired' | 'refused') => {
      expect(await closings.run(Date.now())).toBe(1)
      await commands.move((await last())?.command as string, { from: ['queued'], to: end, who: 'x', code: end === 'refused' ? 'TICKET_REFUSED' : 'COMMAND_EXPIRED' })
      // One look for what became of it, one that proposes anew.
      for (const _ of [1, 2]) await decisions.look(one.account, Date.now())
      expect(await last()).toMatchObject({ state: 'open', command: null })
    }
    told = { ...told, notAfter: Date.now() / 1_000 + 86_400 }
    await database().pool.query('UPDATE standing_mandate SET not_after = $1', [new Date(Date.now() + 86_400_000)])
    await again('expired')
    await again('refused')
    expect(await closings.run(Date.now())).toBe(0)
    await database().pool.query("UPDATE command SET created_at = created_at - interval '25 hours' WHERE meter_address = $1", [one.meter])
    expect(await closings.run(Date.now())).toBe(1)
  })

  /** Seen ordering with the state of the proposal, and that of the mandate, left out of the lock. */
  test.each<[string, (id: string) => Promise<unknown>]>([
    ['people took the proposal up', (id) => database().pool.query("UPDATE cost_proposal SET state = 'ordered' WHERE id = $1", [id])],
    ['the mandate was stopped', () => set().mandates.move(MANDATE, ['in-force'], 'stopped', 'dora')],
  ])('while the ticket was made %s: there is no command', async (_name, change) => {
    const one = await paid(61)
    const { proposals, pool } = set()
    const { id } = (await proposals.forMandate(at, ['DEFAULT'], 9)).find((row) => row.account === one.account)!
    await change(id)
    const command = { id, meterAddress: one.meter, terminalAddress: '000000000001', action: 'allow-close' as const, parameters: {}, requestedBy: 'x', expiresAt: at, ticket: Buffer.alloc(8), sigOperator: Buffer.alloc(64) }
    expect(await proposals.orderAlone(id, MANDATE, command, {})).toBeUndefined()
    expect((await pool.query('SELECT 1 FROM command WHERE id = $1', [id])).rowCount).toBe(0)
  })

  test('people are told once that it ends soon and once that it has ended, unless another takes its place', async () => {
    const { closings, pool } = set()
    const events = async () => (await pool.query("SELECT severity, detail->>'over' AS over FROM event WHERE kind = 'mandate.ending' ORDER BY id")).rows
    const end = told.notAfter * 1_000
    for (const time of [end - 15 * DAY, end - 13 * DAY, end - DAY]) await closings.run(time)
    expect(await events()).toEqual([{ severity: 'warning', over: 'false' }])
    for (const time of [end + 1, end + DAY]) await closings.run(time)
    expect(await events()).toEqual([{ severity: 'warning', over: 'false' }, { severity: 'alarm', over: 'true' }])
  })
})
