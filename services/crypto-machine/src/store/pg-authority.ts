import type { Allowance, PersonState, Role } from '@zhuzhan/osp1'
import type { AuthorityStore, MarkRow, OrderChanges, PersonRow, PlaceRow, PolicyRow, StoredEvent } from './authority-store.js'
import { EVENT, OWNER, eventValues } from './pg-database.js'
import type { PgDatabase } from './pg-database.js'
import { putDevice } from './pg-device.js'
import { putKeyUpdate } from './pg-field.js'
import { putFirmware } from './pg-firmware.js'
import { putGroups } from './pg-groups.js'
import { putHistory, putModules } from './pg-modules.js'
import { putMandate } from './pg-tickets.js'

type Run = PgDatabase['query']

interface PgPlace {
  address: string
  area: Buffer
  profile: 'plain' | 'sm'
  offset_minutes: number
  terminal: string | null
  row_mac: Buffer
}
const SELECT_PLACE = 'SELECT address, area, profile, offset_minutes, terminal, row_mac FROM crypto_machine.place'
const placeOf = (row: PgPlace): PlaceRow => ({
  address: row.address,
  area: row.area,
  profile: row.profile,
  offsetMinutes: row.offset_minutes,
  terminal: row.terminal ?? undefined,
  rowMac: row.row_mac,
})

/** People, places, policies and orders on PostgreSQL. */
export function pgAuthority(db: PgDatabase): AuthorityStore {
  return {
    async people() {
      const { rows } = await db.query<{
        id: Buffer
        name: string
        public_key: Buffer
        roles: Role[]
        areas: Buffer[]
        state: PersonState
        row_mac: Buffer
      }>('SELECT id, name, public_key, roles, areas, state, row_mac FROM crypto_machine.person')
      return rows.map((row): PersonRow => ({
        id: row.id,
        name: row.name,
        publicKey: row.public_key,
        roles: row.roles,
        areas: row.areas,
        state: row.state,
        rowMac: row.row_mac,
      }))
    },
    async policies() {
      const { rows } = await db.query<{ task: number; service: 6 | 7; target: Buffer; allows: Allowance; row_mac: Buffer }>(
        'SELECT task, service, target, allows, row_mac FROM crypto_machine.policy',
      )
      return rows.map(({ row_mac: rowMac, ...row }): PolicyRow => ({ ...row, rowMac }))
    },
    places: async (addresses) => (await db.query<PgPlace>(`${SELECT_PLACE} WHERE address = ANY ($1)`, [addresses])).rows.map(placeOf),
    placesAfter: async (after, limit) =>
      (await db.query<PgPlace>(`${SELECT_PLACE} WHERE address > $1 ORDER BY address LIMIT $2`, [after, limit])).rows.map(placeOf),
    async mark(name) {
      const { rows } = await db.query<{ value: Buffer; row_mac: Buffer }>('SELECT value, row_mac FROM crypto_machine.mark WHERE name = $1', [name])
      return rows[0] && { name, value: rows[0].value, rowMac: rows[0].row_mac }
    },
    async setMark(row) {
      await db.write(`WITH ${OWNER}, stored AS (${PUT_MARK} SELECT $2, $3, $4 FROM owner ${MARK_AGAIN}) SELECT fencing FROM owner`, markValues(row))
    },
    found: (people, mark, event) =>
      db.transaction(async (run) => {
        // Two founders at once: the second waits here and then finds people.
        await run('LOCK TABLE crypto_machine.person IN SHARE ROW EXCLUSIVE MODE')
        const { rowCount } = await run('SELECT 1 FROM crypto_machine.person LIMIT 1')
        if (rowCount !== 0) return false
        await putPeople(run, people)
        await run(`${PUT_MARK} VALUES ($1, $2, $3) ${MARK_AGAIN}`, markValues(mark))
        await db.event(run, event)
        return true
      }),
    async personKey(publicKey) {
      const { rows } = await db.query<{ salt: Buffer; wrapped: Buffer }>('SELECT salt, wrapped FROM crypto_machine.person_key WHERE public_key = $1', [
        publicKey,
      ])
      return rows[0] && { publicKey: Buffer.from(publicKey), ...rows[0] }
    },
    async putPersonKey(row, event) {
      await db.write(
        `WITH ${OWNER}, stored AS (
           INSERT INTO crypto_machine.person_key (public_key, salt, wrapped) SELECT $5, $6, $7 FROM owner
           ON CONFLICT (public_key) DO UPDATE SET salt = excluded.salt, wrapped = excluded.wrapped),
         event AS (${EVENT})
         SELECT fencing FROM owner`,
        [...eventValues(event), row.publicKey, row.salt, row.wrapped],
      )
    },
    commitOrder: (order, changes, event) =>
      db.transaction(async (run) => {
        const { rowCount } = await run(
          `INSERT INTO crypto_machine.admin_order (order_id, bytes, sig_first, sig_second, applied_at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT DO NOTHING`,
          [order.orderId, order.bytes, order.sigFirst, order.sigSecond ?? null, order.appliedAt],
        )
        if (rowCount !== 1) return false
        await apply(run, changes)
        await db.event(run, event)
        return true
      }),
    async events(after, limit) {
      const { rows } = await db.query<{ id: string; at: Date; kind: string; subject: string; detail: StoredEvent['detail'] }>(
        'SELECT id, at, kind, subject, detail FROM crypto_machine.key_event WHERE id > $1 ORDER BY id LIMIT $2',
        [after, limit],
      )
      return rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.getTime() }))
    },
    async note(event) {
      await db.query(
        'INSERT INTO crypto_machine.key_event (fencing, kind, subject, detail) SELECT fencing, $1, $2, $3 FROM crypto_machine.machine',
        eventValues(event),
      )
    },
    async newEpoch(epoch, keyCheck, event) {
      await db.query(
        NEW_EPOCH,
        [...eventValues(event), epoch, keyCheck],
      )
      db.fencing = -1
    },
  }
}

/** $1 to $3 are those of the event, $4 the epoch, $5 its check value. */
export const NEW_EPOCH = `WITH machine AS (
   UPDATE crypto_machine.machine SET epoch = $4, key_check = $5, fencing = fencing + 1, owner = NULL, owned_since = NULL RETURNING fencing),
 windows AS (
   INSERT INTO crypto_machine.report_high (device_id, known, highest)
   SELECT d.id, false, -1 FROM machine, crypto_machine.device d
   ON CONFLICT (device_id) DO UPDATE SET known = false),
 groups AS (UPDATE crypto_machine.key_group SET known = false FROM machine)
 INSERT INTO crypto_machine.key_event (fencing, kind, subject, detail) SELECT fencing, $1, $2, $3 FROM machine`

const PUT_MARK = 'INSERT INTO crypto_machine.mark (name, value, row_mac)'
const MARK_AGAIN = 'ON CONFLICT (name) DO UPDATE SET value = excluded.value, row_mac = excluded.row_mac'
const markValues = (row: MarkRow): unknown[] => [row.name, row.value, row.rowMac]

async function putPeople(run: Run, people: readonly PersonRow[]): Promise<void> {
  for (const row of people)
    await run(
      `INSERT INTO crypto_machine.person (id, name, public_key, roles, areas, state, row_mac) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, public_key = excluded.public_key, roles = excluded.roles, areas = excluded.areas,
         state = excluded.state, row_mac = excluded.row_mac`,
      [row.id, row.name, row.publicKey, row.roles, row.areas, row.state, row.rowMac],
    )
}

async function apply(run: Run, changes: OrderChanges): Promise<void> {
  await putPeople(run, changes.people ?? [])
  const places = changes.places ?? []
  if (places.length > 0)
    await run(
      `INSERT INTO crypto_machine.place (address, area, profile, offset_minutes, terminal, row_mac)
       SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[], $4::smallint[], $5::text[], $6::bytea[])
       ON CONFLICT (address) DO UPDATE SET area = excluded.area, profile = excluded.profile, offset_minutes = excluded.offset_minutes,
         terminal = excluded.terminal, row_mac = excluded.row_mac`,
      [
        places.map((row) => row.address),
        places.map((row) => row.area),
        places.map((row) => row.profile),
        places.map((row) => row.offsetMinutes),
        places.map((row) => row.terminal ?? null),
        places.map((row) => row.rowMac),
      ],
    )
  if (changes.unplaced) await run('DELETE FROM crypto_machine.place WHERE address = ANY ($1)', [changes.unplaced])
  for (const row of changes.policies ?? [])
    await run(
      `INSERT INTO crypto_machine.policy (task, service, target, allows, row_mac) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (task, service, target, allows) DO UPDATE SET row_mac = excluded.row_mac`,
      [row.task, row.service, row.target, row.allows, row.rowMac],
    )
  for (const row of changes.removedPolicies ?? [])
    await run('DELETE FROM crypto_machine.policy WHERE task = $1 AND service = $2 AND target = $3 AND allows = $4', [
      row.task,
      row.service,
      row.target,
      row.allows,
    ])
  for (const row of changes.devices ?? []) await putDevice(run, row)
  if (changes.modules) {
    await putModules(run, changes.modules.deviceId, changes.modules.rows)
    await putHistory(run, changes.modules.deviceId, changes.modules.history)
  }
  for (const row of changes.mandates ?? []) await putMandate(run, row)
  for (const row of changes.keyUpdates ?? []) await putKeyUpdate(run, row)
  if (changes.groups) await putGroups(run, changes.groups)
  if (changes.firmware) await putFirmware(run, changes.firmware)
  for (const row of changes.activeRoots ?? [])
    await run("UPDATE crypto_machine.root_key SET status = 'active' WHERE key_state = $1 AND key_version = $2 AND status = 'pending'", [
      row.keyState,
      row.keyVersion,
    ])
  for (const row of changes.withdrawnRoots ?? [])
    await run("UPDATE crypto_machine.root_key SET status = 'withdrawn' WHERE key_state = $1 AND key_version = $2", [row.keyState, row.keyVersion])
  for (const row of changes.destroyedRoots ?? [])
    await run("UPDATE crypto_machine.root_key SET status = 'destroyed', wrapped = ''::bytea WHERE key_state = $1 AND key_version = $2", [row.keyState, row.keyVersion])
  for (const row of changes.rootKeys ?? [])
    await run("INSERT INTO crypto_machine.root_key (key_state, key_version, purpose, wrapped, status) VALUES ($1, $2, $3, $4, 'pending')", [
      row.keyState,
      row.keyVersion,
      row.purpose,
      row.wrapped,
    ])
}
