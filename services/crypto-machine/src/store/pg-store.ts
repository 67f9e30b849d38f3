import type { Purpose } from '@zhuzhan/osp1'
import type { Pool } from 'pg'
import { pgAuthority } from './pg-authority.js'
import { pgBackup } from './pg-backup.js'
import { EVENT, OWNER, eventValues, pgDatabase } from './pg-database.js'
import { DEVICE, DEVICE_COLUMNS, columnsOf, deviceFromSql, unnestDevices } from './pg-device.js'
import type { DeviceSql } from './pg-device.js'
import { pgField } from './pg-field.js'
import { pgFirmware } from './pg-firmware.js'
import { pgGroups } from './pg-groups.js'
import { pgModules } from './pg-modules.js'
import { pgReports, windowAnew } from './pg-reports.js'
import { pgTickets } from './pg-tickets.js'
import { pgReseal } from './pg-reseal.js'
import type { MachineIdentity, MachineStore, OwnKeyRow } from './store.js'

/** The port on PostgreSQL. Writes are single statements, so each is one round trip and one commit. */
export function createPgStore(pool: Pool): MachineStore {
  const db = pgDatabase(pool)
  const { query, write } = db
  const identityRow = async (): Promise<MachineIdentity | undefined> => {
    const { rows } = await query<{ epoch: Buffer; salt: Buffer; key_check: Buffer }>('SELECT epoch, salt, key_check FROM crypto_machine.machine')
    const [row] = rows
    return row && { epoch: row.epoch, salt: row.salt, keyCheck: row.key_check }
  }

  return {
    ...pgAuthority(db),
    ...pgTickets(db),
    ...pgField(db),
    ...pgGroups(db),
    ...pgFirmware(db),
    ...pgModules(db),
    ...pgBackup(pool),
    ...pgReseal(pool),
    ...pgReports(db),
    async identity(make) {
      const there = await identityRow()
      if (there) return there
      const made = await make()
      await query('INSERT INTO crypto_machine.machine (epoch, salt, key_check) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
        made.epoch,
        made.salt,
        made.keyCheck,
      ])
      const row = await identityRow()
      if (!row) throw new Error('the machine row is missing')
      return row
    },
    async takeOver(owner) {
      const { rows } = await query<{ fencing: string }>(
        'UPDATE crypto_machine.machine SET fencing = fencing + 1, owner = $1, owned_since = now() RETURNING fencing',
        [owner],
      )
      return (db.fencing = Number(rows[0]?.fencing))
    },
    async owned() {
      const { rowCount } = await query('SELECT 1 FROM crypto_machine.machine WHERE fencing = $1', [db.fencing])
      return rowCount === 1
    },

    async rootKeys() {
      const { rows } = await query<{ key_state: number; key_version: number; purpose: Purpose; wrapped: Buffer; status: string }>(
        'SELECT key_state, key_version, purpose, wrapped, status FROM crypto_machine.root_key',
      )
      return rows.map((row) => ({
        keyState: row.key_state,
        keyVersion: row.key_version,
        purpose: row.purpose,
        wrapped: row.wrapped,
        status: row.status,
      }))
    },
    async addRootKeys(rows, event) {
      await write(
        `WITH ${OWNER}, added AS (
           INSERT INTO crypto_machine.root_key (key_state, key_version, purpose, wrapped)
           SELECT r.* FROM unnest($5::smallint[], $6::smallint[], $7::text[], $8::bytea[]) r, owner),
         event AS (${EVENT})
         SELECT fencing FROM owner`,
        [
          ...eventValues(event),
          rows.map((row) => row.keyState),
          rows.map((row) => row.keyVersion),
          rows.map((row) => row.purpose),
          rows.map((row) => row.wrapped),
        ],
      )
    },
    async ownKeys() {
      const { rows } = await query<{ name: string; wrapped: Buffer; public_key: Buffer; certificate: Buffer | null }>(
        'SELECT name, wrapped, public_key, certificate FROM crypto_machine.own_key',
      )
      return rows.map(
        (row): OwnKeyRow => ({
          name: row.name,
          wrapped: row.wrapped,
          publicKey: row.public_key,
          certificate: row.certificate ?? undefined,
        }),
      )
    },
    async addOwnKey(row, event) {
      await write(
        `WITH ${OWNER}, added AS (
           INSERT INTO crypto_machine.own_key (name, wrapped, public_key, certificate) SELECT $5, $6, $7, $8 FROM owner),
         event AS (${EVENT})
         SELECT fencing FROM owner`,
        [...eventValues(event), row.name, row.wrapped, row.publicKey, row.certificate ?? null],
      )
    },

    async devices(addresses) {
      const { rows } = await query<DeviceSql>(`SELECT ${DEVICE} FROM crypto_machine.device WHERE address = ANY ($1)`, [addresses])
      return rows.map(deviceFromSql)
    },
    async deviceCount() {
      const { rows } = await query<{ count: string }>('SELECT count(*) FROM crypto_machine.device')
      return Number(rows[0]?.count)
    },
    async enrol(rows, kind) {
      // One row of the answer always: the owner's, with the new ids beside it.
      const { ids } = await write<{ ids: { id: number; address: string }[] }>(
        `WITH ${OWNER}, stored AS (
           INSERT INTO crypto_machine.device (${DEVICE_COLUMNS})
           SELECT v.* FROM ${unnestDevices(3)} v, owner
           RETURNING id, address, mode),
         event AS (INSERT INTO crypto_machine.key_event (fencing, kind, subject, detail) SELECT owner.fencing, $2, address, jsonb_build_object('mode', mode) FROM stored, owner)
         SELECT (SELECT jsonb_agg(jsonb_build_object('id', id, 'address', address)) FROM stored) AS ids FROM owner`,
        [kind, ...columnsOf(rows)],
      )
      const idOf = new Map((ids ?? []).map(({ id, address }) => [address, id]))
      return rows.map((row) => ({ ...row, id: idOf.get(row.address) ?? 0 }))
    },
    async replaceDevice(id, row, event) {
      await write(
        `WITH ${OWNER}, stored AS (
           UPDATE crypto_machine.device SET (${DEVICE_COLUMNS}) = (SELECT v.* FROM ${unnestDevices(6)} v)
           FROM owner WHERE id = $5),
         ${windowAnew('$5::integer', "''::bytea")},
         high AS (DELETE FROM crypto_machine.report_high h USING owner WHERE h.device_id = $5),
         event AS (${EVENT})
         SELECT fencing FROM owner`,
        [...eventValues(event), id, ...columnsOf([row])],
      )
      return { ...row, id }
    },
    async asctrOf(deviceIds) {
      const { rows } = await query<{ device_id: number; asctr: string }>('SELECT device_id, asctr FROM crypto_machine.counter WHERE device_id = ANY ($1)', [deviceIds])
      return new Map(rows.map((row) => [row.device_id, Number(row.asctr)]))
    },
    async reserveAsctr(rows) {
      await write(
        `WITH ${OWNER}, raised AS (
           INSERT INTO crypto_machine.counter AS c (device_id, asctr)
           SELECT v.device_id, v.asctr FROM unnest($2::integer[], $3::bigint[]) v (device_id, asctr), owner
           ON CONFLICT (device_id) DO UPDATE SET asctr = GREATEST(c.asctr, excluded.asctr))
         SELECT fencing FROM owner`,
        [rows.map((row) => row.deviceId), rows.map((row) => row.asctr)],
      )
    },
    async addEvent(event) {
      await write(`WITH ${OWNER}, event AS (${EVENT}) SELECT fencing FROM owner`, eventValues(event))
    },
  }
}
