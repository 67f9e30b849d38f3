import fc from 'fast-check'
import { withPostgres } from '@zhuzhan/testing'
import { auditHead, canonical, createAuditLog, saveSignedHead, verifyAudit } from './audit.js'
import type { AuditAct } from './audit.js'
import { withDatabase } from './test-support/open.js'

const db = withDatabase(() => server)
const server = withPostgres()

const act = (action: string, more: Partial<AuditAct> = {}): AuditAct => ({ actor: 'anna', action, object: 'command/1', outcome: 'ok', ...more })
/** What an attacker with the database's own rights can do. */
const forced = async (sql: string): Promise<void> => {
  const client = await db.pool.connect()
  try {
    await client.query(`BEGIN; SET LOCAL session_replication_role = replica; ${sql}; COMMIT`)
  } finally {
    client.release()
  }
}

beforeEach(() => forced('TRUNCATE audit_entry, audit_head CASCADE'))

test('the text of an entry does not depend on the order of its keys', () => {
  expect(canonical({ b: [1, { y: null, x: 'ä' }], a: undefined, c: {} })).toBe('{"b":[1,{"x":"ä","y":null}],"c":{}}')
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
    const backwards = Object.fromEntries(Object.entries(value).reverse())
    expect(canonical(backwards)).toBe(canonical(value))
    expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)))
  }))
})

test('concurrent appends keep one chain', async () => {
  const log = createAuditLog(db.pool)
  await Promise.all(Array.from({ length: 30 }, (_, n) => log.append(act(`first.${n}`), act(`second.${n}`, { detail: { n } }))))
  expect(await verifyAudit(db.pool, 7)).toEqual({ entries: 60, heads: [] })
  const { rows } = await db.pool.query<{ action: string }>('SELECT action FROM audit_entry ORDER BY id')
  // What was appended together stands together.
  for (let at = 0; at < rows.length; at += 2) expect(rows[at + 1]?.action).toBe(rows[at]?.action.replace('first', 'second'))
})

test('any text an operator or a device may send is kept and verifies', async () => {
  const log = createAuditLog(db.pool)
  await log.append(
    act('half surrogate', { reason: 'a\ud83d', detail: { '\udc00': 'b\udc00' } }),
    act('nul', { reason: 'a\0b', detail: { text: '\0' } }),
    act('date', { detail: { at: new Date(0), none: undefined, list: [undefined, Number.NaN] } }),
    act('numbers', { detail: { big: 1e21, small: 1e-7, minus: -0, exact: 0.1 } }),
  )
  expect(await verifyAudit(db.pool)).toEqual({ entries: 4, heads: [] })
  const text = fc.string({ unit: 'binary' })
  const detail = fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary' }), { maxKeys: 4 })
  await log.append(...fc.sample(fc.record({ reason: text, detail }), 60).map((more) => act('any', more)))
  expect(await verifyAudit(db.pool)).toEqual({ entries: 64, heads: [] })
})

test.each([
  ['content', `UPDATE audit_entry SET outcome = 'refused' WHERE id = 2`, { id: 2, why: 'its content was changed' }],
  ['detail', `UPDATE audit_entry SET detail = '{"n":3}' WHERE id = 2`, { id: 2, why: 'its content was changed' }],
  ['time', `UPDATE audit_entry SET at = at + interval '1 ms' WHERE id = 3`, { id: 3, why: 'its content was changed' }],
  ['an entry taken out', 'DELETE FROM audit_entry WHERE id = 2', { id: 3, why: 'entry 2 is missing' }],
  ['the first entries taken out', 'DELETE FROM audit_entry WHERE id < 3', { id: 3, why: 'entry 1 is missing' }],
  ['a hash that fits its own content only', `UPDATE audit_entry SET prev_hash = hash WHERE id = 3`, { id: 3, why: 'does not continue the entry before it' }],
])('tampering shows: %s', async (_what, sql, broken) => {
  const log = createAuditLog(db.pool)
  await log.append(act('one'), act('two', { detail: { n: 2 } }), act('three'), act('four'))
  await forced(sql)
  expect((await verifyAudit(db.pool, 2)).broken).toEqual(broken)
})

test('a signed head shows that the end was cut off or rewritten', async () => {
  const log = createAuditLog(db.pool)
  await log.append(act('one'), act('two'), act('three'))
  const head = await auditHead(db.pool)
  if (!head) throw new Error('no head')
  await saveSignedHead(db.pool, head, { keyId: 'key', signature: Buffer.from('5167', 'hex'), at: new Date(0) })
  expect((await verifyAudit(db.pool)).heads).toEqual([{ entryId: 3, hash: head.hash, keyId: 'key', signature: Buffer.from('5167', 'hex'), signedAt: new Date(0), onChain: true }])

  await forced('DELETE FROM audit_entry WHERE id = 3')
  expect((await verifyAudit(db.pool)).broken).toEqual({ id: 3, why: 'entry 3 carries a signed head and is missing' })
  // The attacker appends another third entry with right hashes: the chain fits, the head does not.
  await log.append(act('another three'))
  const verdict = await verifyAudit(db.pool)
  expect(verdict.broken).toBeUndefined()
  expect(verdict.heads).toMatchObject([{ entryId: 3, onChain: false }])
})

test.each(['UPDATE audit_entry SET outcome = outcome', 'DELETE FROM audit_entry', 'TRUNCATE audit_entry CASCADE', 'UPDATE audit_head SET key_id = key_id', 'DELETE FROM audit_head', 'TRUNCATE audit_head'])(
  'the station itself cannot: %s', async (sql) => {
    await createAuditLog(db.pool).append(act('one'))
    await expect(db.pool.query(sql)).rejects.toThrow('append-only')
  })

test('an act that cannot be written leaves the chain as it was', async () => {
  const log = createAuditLog(db.pool)
  await log.append(act('one'))
  await expect(log.append(act('two'), { ...act('three'), outcome: undefined as unknown as string })).rejects.toThrow('null value')
  await log.append(act('two'))
  expect(await verifyAudit(db.pool)).toMatchObject({ entries: 2 })
})
