import { HesError } from '@zhuzhan/core'
import type { Pool, PoolClient } from 'pg'
import type { BackupStore } from './backup-store.js'
import { NEW_EPOCH } from './pg-authority.js'
import { packMarks } from './mark-record.js'
import { eventValues } from './pg-database.js'

/** Rows read at once. */
const PAGE = 500
const EVENTS = 'key_event'
/** Of backups made before marks of reports were a record: a row for each report of a window. */
const FORMER_MARKS = 'report_entry'

/** Every table of the schema, by the catalog: one that is added later cannot be forgotten. Each after those it refers to. */
async function tablesOf(client: PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string; needs: string[] }>(
    `SELECT c.relname AS name, array(
       SELECT f.relname FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid WHERE k.conrelid = c.oid AND k.contype = 'f' AND f.oid <> c.oid)::text[] AS needs
     FROM pg_class c WHERE c.relnamespace = 'crypto_machine'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname`,
  )
  const sorted: string[] = []
  const place = (name: string): void => {
    if (sorted.includes(name)) return
    for (const needed of rows.find((row) => row.name === name)?.needs ?? []) place(needed)
    sorted.push(name)
  }
  for (const { name } of rows) place(name)
  return sorted
}

export function pgBackup(pool: Pool): BackupStore {
  const connect = (): Promise<PoolClient> =>
    pool.connect().catch((error: unknown) => {
      throw new HesError('UNAVAILABLE', "the crypto machine's database failed", {}, { cause: error })
    })

  return {
    async *dump() {
      const client = await connect()
      try {
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
        for (const table of await tablesOf(client)) {
          await client.query(`DECLARE page NO SCROLL CURSOR FOR SELECT to_jsonb(t)::text AS row FROM crypto_machine.${table} t`)
          for (;;) {
            const { rows } = await client.query<{ row: string }>(`FETCH ${PAGE} FROM page`)
            if (rows.length === 0) break
            yield { table, rows: rows.map(({ row }) => row) }
          }
          await client.query('CLOSE page')
        }
      } finally {
        await client.query('ROLLBACK').catch(() => undefined)
        client.release()
      }
    },

    async load(source, { replace, begin, event }) {
      const client = await connect()
      let broken: Error | undefined
      try {
        await client.query('BEGIN')
        // Whoever owns the machine waits here, and afterwards owns it no more.
        await client.query('LOCK TABLE crypto_machine.machine IN ACCESS EXCLUSIVE MODE')
        const before = await client.query<{ fencing: string }>('SELECT fencing FROM crypto_machine.machine')
        if (before.rows.length > 0 && !replace) throw new HesError('EXISTS_ALREADY', 'this crypto machine is not empty; a restore would take the place of all its keys')
        const tables = await tablesOf(client)
        const replaced = tables.filter((table) => table !== EVENTS).map((table) => `crypto_machine.${table}`)
        await client.query(`TRUNCATE ${replaced.join(', ')}`)
        const { rowCount: events } = await client.query(`SELECT 1 FROM crypto_machine.${EVENTS} LIMIT 1`)
        for await (const { table, rows } of source) {
          if (table === FORMER_MARKS) {
            await insertFormerMarks(client, rows)
            continue
          }
          if (!tables.includes(table)) throw new HesError('STATE_CONFLICT', `the backup holds a table this version does not know: ${table}`)
          if (table === EVENTS && (events ?? 0) > 0) continue
          await insert(client, table, rows)
        }
        await restartIdentities(client)
        const { rows: machine } = await client.query<{ epoch: Buffer; salt: Buffer; key_check: Buffer }>('SELECT epoch, salt, key_check FROM crypto_machine.machine')
        const [row] = machine
        if (!row) throw new HesError('STATE_CONFLICT', 'the backup holds no machine')
        const { epoch, keyCheck } = begin({ epoch: row.epoch, salt: row.salt, keyCheck: row.key_check })
        await client.query('UPDATE crypto_machine.machine SET fencing = greatest(fencing, $1)', [before.rows[0]?.fencing ?? 0])
        await client.query(NEW_EPOCH, [...eventValues(event), epoch, keyCheck])
        await client.query('COMMIT')
      } catch (error) {
        await client.query('ROLLBACK').catch((lost: Error) => {
          broken = lost
        })
        throw error instanceof HesError ? error : new HesError('UNAVAILABLE', `the restore was taken back whole: ${(error as Error).message}`, {}, { cause: error })
      } finally {
        client.release(broken)
      }
    },
  }
}

/** Only the columns the backup has: those added since take their defaults. */
async function insert(client: PoolClient, table: string, rows: readonly string[]): Promise<void> {
  const names = Object.keys(JSON.parse(rows[0] ?? '{}') as object)
  const { rows: known } = await client.query<{ name: string }>(
    "SELECT attname AS name FROM pg_attribute WHERE attrelid = ('crypto_machine.' || $1)::regclass AND attnum > 0 AND NOT attisdropped",
    [table],
  )
  if (names.some((name) => !known.some((column) => column.name === name)))
    throw new HesError('STATE_CONFLICT', `the backup holds columns of ${table} this version does not know`)
  await client.query(
    `INSERT INTO crypto_machine.${table} (${names.join(', ')}) OVERRIDING SYSTEM VALUE
     SELECT ${names.join(', ')} FROM jsonb_populate_recordset(NULL::crypto_machine.${table}, $1::jsonb)`,
    [`[${rows.join(',')}]`],
  )
}

/** As marks on record: the next start folds them into windows. */
async function insertFormerMarks(client: PoolClient, rows: readonly string[]): Promise<void> {
  const bytes = (text: string): Buffer => Buffer.from(text.slice(2), 'hex')
  const marks = rows.map((row) => JSON.parse(row) as { device_id: number; rn: string; mac: string }).map(({ device_id, rn, mac }) => ({ deviceId: device_id, rn: bytes(rn), mac: bytes(mac) }))
  await client.query('INSERT INTO crypto_machine.report_mark (marks) VALUES ($1)', [packMarks(marks)])
}

/** New rows go on above the restored ones, and new records of marks above those that windows hold. */
async function restartIdentities(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ table: string; name: string }>(
    "SELECT table_name AS table, column_name AS name FROM information_schema.columns WHERE table_schema = 'crypto_machine' AND is_identity = 'YES'",
  )
  for (const { table, name } of rows)
    await client.query(
      `SELECT setval(pg_get_serial_sequence('crypto_machine.${table}', '${name}'), (SELECT coalesce(max(${name}), 0) + 1 FROM crypto_machine.${table}), false)`,
    )
  // Windows may hold records that are forgotten: a number given twice would count as held.
  await client.query(
    `SELECT setval(pg_get_serial_sequence('crypto_machine.report_mark', 'id'), greatest(
       (SELECT coalesce(max(id), 0) FROM crypto_machine.report_mark), (SELECT coalesce(max(folded_to), 0) FROM crypto_machine.report_window)) + 1, false)`,
  )
}
