import { createHash } from 'node:crypto'
import type pg from 'pg'
import { transaction } from './database.js'
import { storable } from './storable.js'
import { LOCK } from './locks.js'

/** One act worth answering for: who did what to which object, with what outcome and why. */
export interface AuditAct {
  actor: string
  action: string
  object: string
  outcome: string
  reason?: string
  detail?: Record<string, unknown>
}

export interface AuditEntry extends AuditAct {
  id: number
  at: Date
  hash: Buffer
}

const GENESIS = Buffer.alloc(32)

/** Keys sorted at every depth, so that the text of an entry does not depend on who wrote or read it. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** SM3 over the former hash and the canonical text. */
export function chainHash(previous: Buffer, id: number, at: Date, act: AuditAct): Buffer {
  const text = canonical({ id, at: at.toISOString(), actor: act.actor, action: act.action, object: act.object, outcome: act.outcome, reason: act.reason ?? null, detail: act.detail ?? {} })
  return createHash('sm3').update(previous).update(text).digest()
}

/** Appends acts within the caller's transaction, so that an act and its record stand or fall together. */
export async function appendAuditIn(client: pg.PoolClient, acts: readonly AuditAct[], now = new Date()): Promise<void> {
  if (acts.length === 0) return
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.audit])
  const last = await client.query<{ id: number; hash: Buffer }>('SELECT id, hash FROM audit_entry ORDER BY id DESC LIMIT 1')
  let id = last.rows[0]?.id ?? 0
  let previous = last.rows[0]?.hash ?? GENESIS
  // Hashed as it will be read back, or the chain would look broken although nobody touched it.
  for (const act of storable(acts)) {
    id += 1
    const hash = chainHash(previous, id, now, act)
    await client.query(
      'INSERT INTO audit_entry (id, at, actor, action, object, outcome, reason, detail, prev_hash, hash) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)',
      [id, now, act.actor, act.action, act.object, act.outcome, act.reason ?? null, JSON.stringify(act.detail ?? {}), previous, hash],
    )
    previous = hash
  }
}

export interface AuditLog {
  /** Durable when it resolves. */
  append(...acts: AuditAct[]): Promise<void>
}

export function createAuditLog(pool: pg.Pool): AuditLog {
  return { append: (...acts) => transaction(pool, (client) => appendAuditIn(client, acts)) }
}

export interface AuditHead {
  id: number
  hash: Buffer
}

export async function auditHead(pool: pg.Pool): Promise<AuditHead | undefined> {
  const { rows } = await pool.query<AuditHead>('SELECT id, hash FROM audit_entry ORDER BY id DESC LIMIT 1')
  return rows[0]
}

export async function saveSignedHead(pool: pg.Pool, head: AuditHead, signed: { keyId: string; signature: Buffer; at: Date }): Promise<void> {
  await pool.query('INSERT INTO audit_head (entry_id, hash, signed_at, key_id, signature) VALUES ($1,$2,$3,$4,$5) ON CONFLICT DO NOTHING', [head.id, head.hash, signed.at, signed.keyId, signed.signature])
}

export interface AuditVerdict {
  entries: number
  /** The first entry whose hash or predecessor does not fit, or which a signed head names and which is gone. */
  broken?: { id: number; why: string }
  heads: { entryId: number; hash: Buffer; keyId: string; signature: Buffer; signedAt: Date; onChain: boolean }[]
}

/** Walks the whole chain and lists the signed heads; checking their signatures is the caller's, who knows the key. */
export async function verifyAudit(pool: pg.Pool, page = 2_000): Promise<AuditVerdict> {
  const verdict: AuditVerdict = { entries: 0, heads: [] }
  const heads = await pool.query<{ entry_id: number; hash: Buffer; key_id: string; signature: Buffer; signed_at: Date }>('SELECT * FROM audit_head ORDER BY entry_id')
  const wanted = new Map(heads.rows.map((row) => [row.entry_id, row]))
  let previous: Buffer = GENESIS
  let after = 0
  for (;;) {
    const { rows } = await pool.query<{ id: number; at: Date; actor: string; action: string; object: string; outcome: string; reason: string | null; detail: Record<string, unknown>; prev_hash: Buffer; hash: Buffer }>(
      'SELECT * FROM audit_entry WHERE id > $1 ORDER BY id LIMIT $2', [after, page])
    for (const row of rows) {
      const { reason, ...act } = row
      const expected = chainHash(previous, row.id, row.at, { ...act, ...(reason === null ? {} : { reason }) })
      if (verdict.broken === undefined) {
        if (row.id !== after + 1) verdict.broken = { id: row.id, why: `entry ${after + 1} is missing` }
        else if (!row.prev_hash.equals(previous)) verdict.broken = { id: row.id, why: 'does not continue the entry before it' }
        else if (!row.hash.equals(expected)) verdict.broken = { id: row.id, why: 'its content was changed' }
      }
      const head = wanted.get(row.id)
      if (head) verdict.heads.push({ entryId: row.id, hash: head.hash, keyId: head.key_id, signature: head.signature, signedAt: head.signed_at, onChain: head.hash.equals(row.hash) })
      previous = row.hash
      after = row.id
      verdict.entries += 1
    }
    if (rows.length < page) break
  }
  // A chain cut off at its end fits in itself; only what was signed over the lost part tells.
  const lost = heads.rows.find((row) => row.entry_id > after)
  if (lost) verdict.broken ??= { id: lost.entry_id, why: `entry ${lost.entry_id} carries a signed head and is missing` }
  return verdict
}
