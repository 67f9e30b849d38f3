import { HesError } from '@zhuzhan/core'
import type { Pool, PoolClient } from 'pg'
import { eventValues } from './pg-database.js'
import type { ResealOrder, ResealStore, SealedColumns, SealedRow } from './reseal-store.js'

/** Rows changed at once. */
const PAGE = 500
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (name: string): string => name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase())
const rowOf = (row: object): SealedRow => Object.fromEntries(Object.entries(row).map(([name, value]) => [camel(name), value ?? undefined]))

export function pgReseal(pool: Pool): ResealStore {
  return {
    async reseal(order) {
      const client = await pool.connect().catch((error: unknown) => {
        throw new HesError('UNAVAILABLE', "the crypto machine's database failed", {}, { cause: error })
      })
      let broken: Error | undefined
      try {
        await client.query('BEGIN')
        await change(client, order)
        await client.query('COMMIT')
      } catch (error) {
        await client.query('ROLLBACK').catch((lost: Error) => {
          broken = lost
        })
        throw error instanceof HesError ? error : new HesError('UNAVAILABLE', `the change was taken back whole: ${(error as Error).message}`, {}, { cause: error })
      } finally {
        client.release(broken)
      }
    },
  }
}

async function change(client: PoolClient, { tables, before, after, seal, event }: ResealOrder): Promise<void> {
  // Whoever owns the machine reads its row before every write: it waits here, and afterwards owns it no more.
  await client.query('LOCK TABLE crypto_machine.machine IN ACCESS EXCLUSIVE MODE')
  const { rows } = await client.query<{ salt: Buffer; key_check: Buffer }>('SELECT salt, key_check FROM crypto_machine.machine')
  if (!rows[0]?.salt.equals(before.salt) || !rows[0].key_check.equals(before.keyCheck)) throw new HesError('STATE_CONFLICT', 'the machine was changed meanwhile')
  for (const one of tables) await changeTable(client, one, seal)
  await client.query('UPDATE crypto_machine.machine SET salt = $1, key_check = $2, fencing = fencing + 1, owner = NULL, owned_since = NULL', [after.salt, after.keyCheck])
  await client.query('INSERT INTO crypto_machine.key_event (fencing, kind, subject, detail) SELECT fencing, $1, $2, $3 FROM crypto_machine.machine', eventValues(event()))
}

/** The cursor sees the rows as they were; nobody else may write them, so each is still where it was read. */
async function changeTable(client: PoolClient, { table, columns }: SealedColumns, seal: ResealOrder['seal']): Promise<void> {
  const names = columns.map(snake)
  const update = `UPDATE crypto_machine.${table} t SET ${names.map((name) => `${name} = v.${name}`).join(', ')}
    FROM unnest($1::text[], ${names.map((_name, i) => `$${i + 2}::bytea[]`).join(', ')}) v(place, ${names.join(', ')}) WHERE t.ctid = v.place::tid`
  await client.query(`DECLARE page NO SCROLL CURSOR FOR SELECT t.ctid::text AS place, t.* FROM crypto_machine.${table} t`)
  for (;;) {
    const { rows } = await client.query<{ place: string }>(`FETCH ${PAGE} FROM page`)
    if (rows.length === 0) break
    const sealed = rows.map((row) => {
      const named = rowOf(row)
      return { ...named, ...seal(table, named) } as Record<string, Buffer | undefined>
    })
    const { rowCount } = await client.query(update, [rows.map(({ place }) => place), ...columns.map((column) => sealed.map((row) => row[column] ?? null))])
    if (rowCount !== rows.length) throw new HesError('INTERNAL', `${table}: ${rowCount} of ${rows.length} rows changed`)
  }
  await client.query('CLOSE page')
}
