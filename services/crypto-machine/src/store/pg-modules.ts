import { OWNER } from './pg-database.js'
import type { PgDatabase } from './pg-database.js'
import { putDevice } from './pg-device.js'
import { HISTORY_KEPT } from './module-store.js'
import type { DeviceModules, ModuleFindingRow, ModuleHistoryKind, ModuleHistoryRow, ModuleRow, ModuleStore, ModulesSeen } from './module-store.js'
import type { DeviceStatus } from './store.js'

type Run = PgDatabase['query']

/** Modules on PostgreSQL. */
export function pgModules(db: PgDatabase): ModuleStore {
  const rowsOf = async (deviceIds: readonly number[]): Promise<Map<number, ModuleRow[]>> => {
    const found = new Map<number, ModuleRow[]>(deviceIds.map((id) => [id, []]))
    const { rows } = await db.query<ModuleSql>(`SELECT device_id, ${MODULE} FROM crypto_machine.module WHERE device_id = ANY ($1) ORDER BY device_id, slot`, [deviceIds])
    for (const row of rows) found.get(row.device_id)?.push(moduleFromSql(row))
    return found
  }
  const seenOf = async (deviceIds: readonly number[]): Promise<Map<number, ModulesSeen>> => {
    const { rows } = await db.query<{ device_id: number; at: string; findings: ModuleFindingRow[] }>(
      'SELECT device_id, at, findings FROM crypto_machine.module_seen WHERE device_id = ANY ($1)',
      [deviceIds],
    )
    return new Map(rows.map(({ device_id, at, findings }) => [device_id, { at: Number(at), findings }]))
  }

  return {
    modules: async (deviceId) => (await rowsOf([deviceId])).get(deviceId) ?? [],
    modulesSeen: async (deviceId) => (await seenOf([deviceId])).get(deviceId),
    async modulesOf(addresses) {
      const { rows: devices } = await db.query<{ id: number; address: string; status: DeviceStatus; suspect: boolean }>(
        "SELECT id, address, status, suspect FROM crypto_machine.device WHERE address = ANY ($1) AND status <> 'withdrawn' ORDER BY address",
        [addresses],
      )
      const ids = devices.map(({ id }) => id)
      const [rows, seen] = await Promise.all([rowsOf(ids), seenOf(ids)])
      return devices.map((device): DeviceModules => ({ device, rows: rows.get(device.id) ?? [], seen: seen.get(device.id) }))
    },
    async suspectPage(after, limit) {
      const { rows } = await db.query<{ address: string }>(
        "SELECT address FROM crypto_machine.device WHERE (suspect OR status = 'suspect') AND address > $1 ORDER BY address LIMIT $2",
        [after, limit],
      )
      return rows
    },
    async suspectCount() {
      const { rows } = await db.query<{ count: string }>("SELECT count(*) FROM crypto_machine.device WHERE suspect OR status = 'suspect'")
      return Number(rows[0]?.count)
    },
    async modulesBound(serials, exceptDevice) {
      const { rows } = await db.query<{ serial: Buffer; address: string }>(
        `SELECT m.serial, d.address FROM crypto_machine.module m JOIN crypto_machine.device d ON d.id = m.device_id
         WHERE m.serial = ANY ($1) AND m.device_id <> $2 AND d.status <> 'withdrawn'`,
        [serials, exceptDevice],
      )
      return rows
    },
    async bindFirst(sets, event) {
      await db.transaction(async (run) => {
        const { rows } = await run<{ device_id: number }>('SELECT DISTINCT device_id FROM crypto_machine.module WHERE device_id = ANY ($1)', [
          sets.map(({ deviceId }) => deviceId),
        ])
        const bound = new Set(rows.map((row) => row.device_id))
        const first = sets.filter(({ deviceId }) => !bound.has(deviceId))
        await insertModules(run, first)
        await insertHistory(run, first)
        await db.event(run, event)
        return true
      })
    },
    async modulesUse(keyState, keyVersion) {
      const { rowCount } = await db.query(
        `SELECT 1 FROM crypto_machine.module m JOIN crypto_machine.device d ON d.id = m.device_id
         WHERE m.key_state = $1 AND m.key_version = $2 AND m.chip AND m.serial <> d.chip_serial LIMIT 1`,
        [keyState, keyVersion],
      )
      return rowCount === 1
    },
    async recordModules(deviceId, { at, findings }, { device, history = [], event } = {}) {
      if (!device && !event && history.length === 0) {
        // The usual one: everything as it was.
        await db.write(`WITH ${OWNER}, seen AS (${PUT_SEEN} SELECT $2::integer, $3::bigint, $4::jsonb FROM owner ${SEEN_AGAIN}) SELECT fencing FROM owner`, [
          deviceId,
          at,
          JSON.stringify(findings),
        ])
        return
      }
      await db.transaction(async (run) => {
        if (device) await putDevice(run, device)
        await run(`${PUT_SEEN} VALUES ($1, $2, $3) ${SEEN_AGAIN}`, [deviceId, at, JSON.stringify(findings)])
        await putHistory(run, deviceId, history)
        if (event) await db.event(run, event)
        return true
      })
    },
    async moduleHistory(deviceId, limit) {
      const { rows } = await db.query<{ at: string; slot: number; kind: ModuleHistoryKind; serial: Buffer; before: string | null; detail: string }>(
        'SELECT at, slot, kind, serial, before, detail FROM crypto_machine.module_history WHERE device_id = $1 ORDER BY id DESC LIMIT $2',
        [deviceId, limit],
      )
      return rows.map(({ at, before, ...row }) => ({ ...row, at: Number(at), before: before ?? undefined }))
    },
  }
}

interface ModuleSql {
  device_id: number
  slot: number
  serial: Buffer
  model: Buffer
  chip: boolean
  key_state: number
  key_version: number
  row_mac: Buffer
}

const MODULE = 'slot, serial, model, chip, key_state, key_version, row_mac'
const moduleFromSql = ({ slot, serial, model, chip, key_state, key_version, row_mac }: ModuleSql): ModuleRow => ({
  slot,
  serial,
  model,
  chip,
  keyState: key_state,
  keyVersion: key_version,
  rowMac: row_mac,
})

const PUT_SEEN = 'INSERT INTO crypto_machine.module_seen (device_id, at, findings)'
const SEEN_AGAIN = 'ON CONFLICT (device_id) DO UPDATE SET at = excluded.at, findings = excluded.findings'

export async function putModules(run: Run, deviceId: number, rows: readonly ModuleRow[]): Promise<void> {
  await run('DELETE FROM crypto_machine.module WHERE device_id = $1', [deviceId])
  await insertModules(run, [{ deviceId, rows }])
}

export async function putHistory(run: Run, deviceId: number, history: readonly ModuleHistoryRow[]): Promise<void> {
  if (history.length === 0) return
  await insertHistory(run, [{ deviceId, history }])
  await run(
    `DELETE FROM crypto_machine.module_history WHERE device_id = $1 AND id <= (
       SELECT id FROM crypto_machine.module_history WHERE device_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)`,
    [deviceId, HISTORY_KEPT],
  )
}

async function insertModules(run: Run, sets: readonly { deviceId: number; rows: readonly ModuleRow[] }[]): Promise<void> {
  const all = sets.flatMap(({ deviceId, rows }) => rows.map((row) => ({ deviceId, row })))
  if (all.length === 0) return
  await run(
    `INSERT INTO crypto_machine.module (device_id, ${MODULE})
     SELECT * FROM unnest($1::integer[], $2::smallint[], $3::bytea[], $4::bytea[], $5::boolean[], $6::smallint[], $7::smallint[], $8::bytea[])`,
    [
      all.map(({ deviceId }) => deviceId),
      all.map(({ row }) => row.slot),
      all.map(({ row }) => row.serial),
      all.map(({ row }) => row.model),
      all.map(({ row }) => row.chip),
      all.map(({ row }) => row.keyState),
      all.map(({ row }) => row.keyVersion),
      all.map(({ row }) => row.rowMac),
    ],
  )
}

async function insertHistory(run: Run, sets: readonly { deviceId: number; history: readonly ModuleHistoryRow[] }[]): Promise<void> {
  const all = sets.flatMap(({ deviceId, history }) => history.map((row) => ({ deviceId, row })))
  if (all.length === 0) return
  await run(
    `INSERT INTO crypto_machine.module_history (device_id, at, slot, kind, serial, before, detail)
     SELECT * FROM unnest($1::integer[], $2::bigint[], $3::smallint[], $4::text[], $5::bytea[], $6::text[], $7::text[])`,
    [
      all.map(({ deviceId }) => deviceId),
      all.map(({ row }) => row.at),
      all.map(({ row }) => row.slot),
      all.map(({ row }) => row.kind),
      all.map(({ row }) => row.serial),
      all.map(({ row }) => row.before ?? null),
      all.map(({ row }) => row.detail),
    ],
  )
}
