import { withPostgres } from '@zhuzhan/testing'
import { COMMAND_STATES, NEXT_STATES } from '@zhuzhan/contracts'
import type { CommandState } from '@zhuzhan/contracts'
import { verifyAudit } from '../audit.js'
import { withDatabase } from '../test-support/open.js'
import { createCommandStore } from './command-store.js'
import type { CommandRecord, CommandStore } from './command-store.js'

const db = withDatabase(() => server, 10)
const server = withPostgres()
const store = (): CommandStore => createCommandStore(db.pool)

const create = (more: object = {}): Promise<CommandRecord> => store().create({
  meterAddress: '000000000011', terminalAddress: '000000000001', action: 'trip', parameters: {}, requestedBy: 'anna', expiresAt: new Date(Date.now() + 600_000), ...more,
})
/** A command that is in this state whatever the way there. */
const inState = async (state: CommandState, more: object = {}): Promise<CommandRecord> => {
  const { id } = await create(more)
  await db.pool.query('UPDATE command SET state = $2 WHERE id = $1', [id, state])
  return (await store().find(id)) as CommandRecord
}
/** What was written down about a command, each kind for itself. */
const traces = async (id: string): Promise<{ steps: unknown[]; audit: unknown[]; events: unknown[] }> => ({
  steps: (await db.pool.query('SELECT state, who, why FROM command_step WHERE command_id = $1 ORDER BY id', [id])).rows,
  audit: (await db.pool.query('SELECT action, actor, outcome FROM audit_entry WHERE object = $1 ORDER BY id', [`command/${id}`])).rows,
  events: (await db.pool.query(`SELECT detail->>'state' AS state, severity FROM event WHERE detail->>'id' = $1 ORDER BY id`, [id])).rows,
})

const pairs = COMMAND_STATES.flatMap((from) => COMMAND_STATES.map((to): [CommandState, CommandState] => [from, to]))

test.each(pairs.filter(([from, to]) => !NEXT_STATES[from].includes(to)))('never from %s to %s', async (from, to) => {
  const { id } = await inState(from)
  await expect(async () => store().move(id, { from: [from], to, who: 'x' })).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  expect((await store().find(id))?.state).toBe(from)
})

test.each(pairs.filter(([from, to]) => NEXT_STATES[from].includes(to)))('from %s to %s, once', async (from, to) => {
  const { id } = await inState(from)
  expect(await store().move(id, { from: [from], to, who: 'x' })).toMatchObject({ id, state: to })
  expect(await store().move(id, { from: [from], to, who: 'x' })).toBeUndefined()
})

test('what is final stays', () => {
  for (const state of ['refused', 'expired', 'verified', 'rejected'] as const) expect(NEXT_STATES[state]).toEqual([])
})

test('of concurrent moves one wins, and only the winner is written down', async () => {
  const { id } = await inState('queued')
  const moves = await Promise.all(Array.from({ length: 12 }, (_, n) => store().move(id, { from: ['queued'], to: 'sent', who: `front-end/${n}` })))
  const winners = moves.filter((record) => record !== undefined)
  expect(winners).toHaveLength(1)
  const { steps, audit, events } = await traces(id)
  expect(steps.slice(1)).toHaveLength(1)
  expect(audit.slice(1)).toHaveLength(1)
  expect(events.slice(1)).toHaveLength(1)
})

test('the whole way leaves a step, an audit entry and an event each', async () => {
  const { id } = await create({ reason: 'debt' })
  await store().move(id, { from: ['accepted'], to: 'awaiting_approval', who: 'anna' })
  await store().move(id, { from: ['awaiting_approval'], to: 'approved', who: 'bert', decidedBy: 'bert', why: 'agreed' })
  await store().move(id, { from: ['approved'], to: 'queued', who: 'bert' })
  await store().move(id, { from: ['queued'], to: 'sent', who: 'front-end/fep-1' })
  await store().move(id, { from: ['sent'], to: 'unknown', who: 'front-end/fep-1', code: 'COMMAND_UNKNOWN', why: 'no answer' })
  const done = await store().move(id, { from: ['unknown', 'confirmed'], to: 'verified', who: 'device/000000000011' })
  expect(done).toMatchObject({ state: 'verified', requestedBy: 'anna', decidedBy: 'bert', reason: 'debt', code: null })
  expect(done?.sentAt).toBeInstanceOf(Date)
  expect(done?.settledAt).toBeInstanceOf(Date)
  expect(await traces(id)).toEqual({
    steps: [
      { state: 'accepted', who: 'anna', why: 'debt' }, { state: 'awaiting_approval', who: 'anna', why: null }, { state: 'approved', who: 'bert', why: 'agreed' },
      { state: 'queued', who: 'bert', why: null }, { state: 'sent', who: 'front-end/fep-1', why: null }, { state: 'unknown', who: 'front-end/fep-1', why: 'no answer' },
      { state: 'verified', who: 'device/000000000011', why: null },
    ],
    audit: ['accepted', 'awaiting_approval', 'approved', 'queued', 'sent', 'unknown', 'verified'].map((state) => expect.objectContaining({ action: `command.${state}`, outcome: state === 'unknown' ? 'COMMAND_UNKNOWN' : 'ok' })),
    events: ['accepted', 'awaiting_approval', 'approved', 'queued', 'sent', 'unknown', 'verified'].map((state) => ({ state, severity: state === 'unknown' ? 'alarm' : 'info' })),
  })
  expect((await verifyAudit(db.pool)).broken).toBeUndefined()
})

test('move, step, audit entry and event stand or fall together', async () => {
  const { id } = await inState('queued')
  const before = await traces(id)
  const { rows } = await db.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM audit_entry')
  // The event is the last that is written; a server that refuses it must take everything back.
  await db.pool.query(`ALTER TABLE event ADD CONSTRAINT no_more CHECK (detail->>'state' <> 'sent') NOT VALID`)
  try {
    await expect(store().move(id, { from: ['queued'], to: 'sent', who: 'front-end/fep-1' })).rejects.toThrow('no_more')
  } finally {
    await db.pool.query('ALTER TABLE event DROP CONSTRAINT no_more')
  }
  expect((await store().find(id))?.state).toBe('queued')
  expect(await traces(id)).toEqual(before)
  expect((await db.pool.query('SELECT count(*)::int AS n FROM audit_entry')).rows).toEqual(rows)
})

const served = (...addresses: string[]) => ({ has: (address: string) => addresses.includes(address), all: () => addresses })

test('finds what waits and what is overdue, oldest first', async () => {
  const terminal = { terminalAddress: '000000000777' }
  const past = new Date(Date.now() - 1_000)
  const first = await inState('queued', { ...terminal, expiresAt: past })
  const second = await inState('queued', terminal)
  await inState('sent', terminal)
  expect((await store().waiting(served('000000000777', '000000000778'))).map((one) => one.id)).toEqual([first.id, second.id])
  expect(await store().waiting(served('000000000778'))).toEqual([])
  expect((await store().ofTerminal('000000000777', ['sent', 'unknown']))).toHaveLength(1)
  expect((await store().overdue(['queued'], new Date(), 'expires_at')).filter((one) => one.terminalAddress === '000000000777').map((one) => one.id)).toEqual([first.id])
})

test('what a device or a person wrote does not keep a command from being moved', async () => {
  const odd = 'V1.0\0\0 \ud83d'
  const { id } = await create({ reason: odd, parameters: { note: odd } })
  await store().move(id, { from: ['accepted'], to: 'queued', who: 'anna', why: odd, detail: { note: odd } })
  await store().move(id, { from: ['queued'], to: 'sent', who: 'front-end/fep-1' })
  expect(await store().move(id, { from: ['sent'], to: 'confirmed', who: 'device/1', result: { version: odd } })).toMatchObject({ result: { version: 'V1.0\ufffd\ufffd \ufffd' } })
  expect((await verifyAudit(db.pool)).broken).toBeUndefined()
})

// Mutation seen failing: without the second question what waits for one front end hides behind what waits for others.
test('what waits is found behind any number of commands for terminals of others', async () => {
  await db.pool.query(
    `INSERT INTO command (id, meter_address, terminal_address, action, parameters, state, requested_by, created_at, expires_at)
     SELECT gen_random_uuid(), '000000000001', '000000000998', 'read', '{}', 'queued', 'somebody', now() - interval '1 day', now() + interval '1 day' FROM generate_series(1, 600)`)
  const mine = await inState('queued', { terminalAddress: '000000000999' })
  expect((await store().waiting(served('000000000999'))).map((one) => one.id)).toEqual([mine.id])
  expect(await store().waiting(served('000000000998'))).toHaveLength(500)
})
