import { createHash } from 'node:crypto'
import type pg from 'pg'
import { storableJson, storableText } from '../storable.js'

export interface DeadLetter {
  /** Which boundary refused it: a queue's name, a report of a terminal. */
  origin: string
  code: string
  detail: string
  payload: unknown
}

/** Keeps what no schema accepts, once, so that nothing acknowledged disappears and redelivery does not pile up. */
export async function storeDeadLetter(pool: pg.Pool, letter: DeadLetter): Promise<void> {
  const payload = storableJson(letter.payload)
  const digest = createHash('sha256').update(letter.origin).update('\0').update(payload).digest()
  await pool.query('INSERT INTO dead_letter (digest, origin, code, detail, payload) VALUES ($1,$2,$3,$4,$5) ON CONFLICT (digest) DO NOTHING', [digest, letter.origin, letter.code, storableText(letter.detail), payload])
}
