import { HesError } from '@zhuzhan/core'
import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg'
import { FencedError } from './store.js'
import type { KeyEvent } from './store.js'

/**
 * Every write starts with this: the row lock makes a taker-over wait for us, or us see that we are late. The WITH item
 * yields one row for the owner and none for anybody else, and every write joins it.
 */
export const OWNER = 'owner AS MATERIALIZED (SELECT fencing FROM crypto_machine.machine WHERE fencing = $1 FOR SHARE)'
export const EVENT = 'INSERT INTO crypto_machine.key_event (fencing, kind, subject, detail) SELECT owner.fencing, $2, $3, $4 FROM owner'

type Run = <R extends QueryResultRow>(sql: string, values?: readonly unknown[], name?: string) => Promise<QueryResult<R>>

export interface PgDatabase {
  fencing: number
  /** Whatever the database says, callers learn that the machine cannot answer now. */
  query: Run
  /** `sql` must return one row exactly when we are the owner; its fencing number is $1. A named one is planned once. @throws FencedError */
  write<R extends QueryResultRow>(sql: string, values: readonly unknown[], name?: string): Promise<R>
  /** Several statements in one commit of the owner. `work` returning false takes everything back. @throws FencedError */
  transaction(work: (run: Run) => Promise<boolean>): Promise<boolean>
  /** One event inside a transaction. */
  event(run: Run, event: KeyEvent): Promise<void>
}

export function pgDatabase(pool: Pool): PgDatabase {
  const unavailable = (error: unknown): HesError => new HesError('UNAVAILABLE', "the crypto machine's database failed", {}, { cause: error })
  const runOn =
    (client: Pool | PoolClient): Run =>
    async (sql, values = [], name) => {
      try {
        return await client.query(name === undefined ? { text: sql, values: [...values] } : { name, text: sql, values: [...values] })
      } catch (error) {
        throw unavailable(error)
      }
    }
  const query = runOn(pool)
  const database: PgDatabase = {
    fencing: -1,
    query,
    async write(sql, values, name) {
      const { rows } = await query<never>(sql, [database.fencing, ...values], name)
      if (!rows[0]) throw new FencedError()
      return rows[0]
    },
    async transaction(work) {
      const client = await pool.connect().catch((error: unknown) => {
        throw unavailable(error)
      })
      const run = runOn(client)
      let broken: Error | undefined
      try {
        await run('BEGIN')
        const { rowCount } = await run('SELECT fencing FROM crypto_machine.machine WHERE fencing = $1 FOR SHARE', [database.fencing])
        if (rowCount !== 1) throw new FencedError()
        const keep = await work(run)
        await run(keep ? 'COMMIT' : 'ROLLBACK')
        return keep
      } catch (error) {
        await client.query('ROLLBACK').catch((lost: Error) => {
          broken = lost
        })
        throw error
      } finally {
        client.release(broken)
      }
    },
    async event(run, { kind, subject, detail }) {
      await run('INSERT INTO crypto_machine.key_event (fencing, kind, subject, detail) VALUES ($1, $2, $3, $4)', [
        database.fencing,
        kind,
        subject,
        JSON.stringify(detail ?? {}),
      ])
    },
  }
  return database
}

export const eventValues = (event: KeyEvent): unknown[] => [event.kind, event.subject, JSON.stringify(event.detail ?? {})]
