import { EVENT, OWNER, eventValues } from './pg-database.js'
import type { PgDatabase } from './pg-database.js'
import { deviceFromSql, DEVICE, putDevice } from './pg-device.js'
import type { DeviceSql } from './pg-device.js'
import type { DeviceStatus } from './store.js'
import { OPEN_UPDATE_STATES } from './field-store.js'
import type { FieldStore, KeyUpdateRow, KeyUpdateState } from './field-store.js'

/** Key updates on PostgreSQL. */
export function pgField(db: PgDatabase): FieldStore {
  return {
    async updateDevice(row, event) {
      await db.transaction(async (run) => {
        await putDevice(run, row)
        await db.event(run, event)
        return true
      })
    },
    async openKeyUpdates(deviceIds) {
      const { rows } = await db.query<KeyUpdateSql>(
        `SELECT ${UPDATE} FROM crypto_machine.key_update WHERE state = ANY ($1) AND ($2::integer[] IS NULL OR device_id = ANY ($2)) ORDER BY device_id`,
        [[...OPEN_UPDATE_STATES], deviceIds ?? null],
      )
      return rows.map(updateFromSql)
    },
    async keyUpdatePage({ orderId, after, limit }) {
      const { rows } = await db.query<KeyUpdateSql & { address: string; status: DeviceStatus; suspect: boolean }>(
        `SELECT ${UPDATE.replace('row_mac', 'u.row_mac')}, d.address, d.status, d.suspect
         FROM crypto_machine.key_update u JOIN crypto_machine.device d ON d.id = u.device_id
         WHERE ($1::bytea IS NULL AND u.state = ANY ($2) OR u.order_id = $1) AND d.address > $3 ORDER BY d.address LIMIT $4`,
        [orderId ?? null, [...OPEN_UPDATE_STATES], after, limit],
      )
      return rows.map(({ address, status, suspect, ...row }) => ({ address, status, suspect, update: updateFromSql(row) }))
    },
    async keyDevicePage(after, limit) {
      const { rows } = await db.query<{ address: string; key_state: number; key_version: number; suspect: boolean; updating: boolean }>(
        `SELECT d.address, d.key_state, d.key_version, d.suspect OR d.status = 'suspect' AS suspect, u.update_id IS NOT NULL AS updating
         FROM crypto_machine.device d LEFT JOIN crypto_machine.key_update u ON u.device_id = d.id AND u.state = ANY ($3)
         WHERE d.status <> 'withdrawn' AND d.address > $1 ORDER BY d.address LIMIT $2`,
        [after, limit, [...OPEN_UPDATE_STATES]],
      )
      return rows.map(({ address, key_state, key_version, suspect, updating }) => ({ address, keyState: key_state, keyVersion: key_version, suspect, updating }))
    },
    async rootKeyUse() {
      const { rows } = await db.query<{ key_state: number; key_version: number; status: string; devices: string }>(
        `SELECT r.key_state, r.key_version, min(r.status) AS status,
           (SELECT count(*) FROM crypto_machine.device d WHERE d.key_state = r.key_state AND d.key_version = r.key_version AND d.status <> 'withdrawn') AS devices
         FROM crypto_machine.root_key r GROUP BY r.key_state, r.key_version ORDER BY r.key_state, r.key_version`,
      )
      return rows.map((row) => ({ keyState: row.key_state, keyVersion: row.key_version, status: row.status, devices: Number(row.devices) }))
    },
    async setRootKeyStatus(keyState, keyVersion, status, event) {
      await db.write(
        `WITH ${OWNER}, changed AS (
           UPDATE crypto_machine.root_key SET status = $7 FROM owner WHERE key_state = $5 AND key_version = $6),
         event AS (${EVENT})
         SELECT fencing FROM owner`,
        [...eventValues(event), keyState, keyVersion, status],
      )
    },
    async saveKeyUpdate(row, device, event) {
      await db.transaction(async (run) => {
        await putKeyUpdate(run, row)
        if (device) await putDevice(run, device)
        await db.event(run, event)
        return true
      })
    },
    async devicesById(ids) {
      const { rows } = await db.query<DeviceSql>(`SELECT ${DEVICE} FROM crypto_machine.device WHERE id = ANY ($1)`, [ids])
      return rows.map(deviceFromSql)
    },
  }
}

interface KeyUpdateSql {
  update_id: Buffer
  device_id: number
  order_id: Buffer
  state: KeyUpdateState
  new_state: number
  new_version: number
  new_dispersion: Buffer
  stage: Buffer | null
  changed_at: string
  row_mac: Buffer
}

const UPDATE = 'update_id, device_id, order_id, state, new_state, new_version, new_dispersion, stage, changed_at, row_mac'
function updateFromSql(row: KeyUpdateSql): KeyUpdateRow {
  return {
    updateId: row.update_id,
    deviceId: row.device_id,
    orderId: row.order_id,
    state: row.state,
    newState: row.new_state,
    newVersion: row.new_version,
    newDispersion: row.new_dispersion,
    stage: row.stage ?? undefined,
    changedAt: Number(row.changed_at),
    rowMac: row.row_mac,
  }
}

export async function putKeyUpdate(run: PgDatabase['query'], row: KeyUpdateRow): Promise<void> {
  await run(
    `INSERT INTO crypto_machine.key_update (update_id, device_id, order_id, state, new_state, new_version, new_dispersion, stage, changed_at, row_mac)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (update_id) DO UPDATE SET state = excluded.state, stage = excluded.stage, changed_at = excluded.changed_at, row_mac = excluded.row_mac`,
    [
      row.updateId,
      row.deviceId,
      row.orderId,
      row.state,
      row.newState,
      row.newVersion,
      row.newDispersion,
      row.stage ?? null,
      row.changedAt,
      row.rowMac,
    ],
  )
}
