import type { BroadcastRow, GroupChanges, GroupMemberRow, GroupRow, GroupStore } from './group-store.js'
import { EVENT, OWNER, eventValues } from './pg-database.js'
import type { PgDatabase } from './pg-database.js'
import { DEVICE, deviceFromSql } from './pg-device.js'
import type { DeviceSql } from './pg-device.js'

interface GroupSql {
  group_id: Buffer
  agseq: string
  known: boolean
  not_before: string
}
interface MemberSql {
  group_id: Buffer
  device_id: number
  since: string
  member_mac: Buffer
}
interface BroadcastSql {
  agseq: string
  at: string
  shift: number
}
const groupOf = (row: GroupSql): GroupRow => ({ groupId: row.group_id, agseq: Number(row.agseq), known: row.known, notBefore: Number(row.not_before) })
const memberOf = (row: MemberSql): GroupMemberRow => ({ groupId: row.group_id, deviceId: row.device_id, since: Number(row.since), rowMac: row.member_mac })
const broadcastOf = (row: BroadcastSql): BroadcastRow => ({ agseq: Number(row.agseq), at: Number(row.at), shift: row.shift })

/** Groups on PostgreSQL. */
export function pgGroups(db: PgDatabase): GroupStore {
  return {
    async groups() {
      const { rows } = await db.query<GroupSql & { members: string; last: { agseq: number; at: number; shift: number } | null }>(
        `SELECT g.*, (SELECT count(*) FROM crypto_machine.group_member m WHERE m.group_id = g.group_id) AS members,
           (SELECT jsonb_build_object('agseq', b.agseq, 'at', b.at, 'shift', b.shift) FROM crypto_machine.group_broadcast b
            WHERE b.group_id = g.group_id ORDER BY b.agseq DESC LIMIT 1) AS last
         FROM crypto_machine.key_group g ORDER BY g.group_id`,
      )
      return rows.map((row) => ({ ...groupOf(row), members: Number(row.members), last: row.last ?? undefined }))
    },
    async group(groupId) {
      const { rows } = await db.query<GroupSql>('SELECT * FROM crypto_machine.key_group WHERE group_id = $1', [groupId])
      return rows[0] && groupOf(rows[0])
    },
    async groupMembers(groupId) {
      const { rows } = await db.query<MemberSql & DeviceSql>(
        `SELECT d.*, m.group_id, m.device_id, m.since, m.row_mac AS member_mac
         FROM crypto_machine.group_member m JOIN (SELECT ${DEVICE} FROM crypto_machine.device) d ON d.id = m.device_id WHERE m.group_id = $1 ORDER BY d.address`,
        [groupId],
      )
      return rows.map((row) => ({ member: memberOf(row), device: deviceFromSql(row) }))
    },
    async memberships(deviceIds) {
      const { rows } = await db.query<MemberSql>(
        'SELECT group_id, device_id, since, row_mac AS member_mac FROM crypto_machine.group_member WHERE device_id = ANY ($1) ORDER BY device_id',
        [deviceIds],
      )
      return rows.map(memberOf)
    },
    async broadcastsSince(groupId, since) {
      const { rows } = await db.query<BroadcastSql>('SELECT agseq, at, shift FROM crypto_machine.group_broadcast WHERE group_id = $1 AND at >= $2 ORDER BY agseq', [
        groupId,
        since,
      ])
      return rows.map(broadcastOf)
    },
    async commitBroadcast(groupId, before, row, notBefore, event) {
      const { raised } = await db.write<{ raised: boolean }>(
        `WITH ${OWNER}, raised AS (
           UPDATE crypto_machine.key_group SET agseq = $7, not_before = $10 FROM owner WHERE group_id = $5 AND agseq = $6 AND known RETURNING 1),
         noted AS (INSERT INTO crypto_machine.group_broadcast (group_id, agseq, at, shift) SELECT $5::bytea, $7::bigint, $8::bigint, $9::integer FROM raised),
         event AS (${EVENT}, raised)
         SELECT fencing, EXISTS (SELECT FROM raised) AS raised FROM owner`,
        [...eventValues(event), groupId, before, row.agseq, row.at, row.shift, notBefore],
      )
      return raised
    },
    async healGroup(groupId, agseq, notBefore, event) {
      await db.write(
        `WITH ${OWNER}, healed AS (
           UPDATE crypto_machine.key_group SET agseq = GREATEST(agseq, $6), known = true, not_before = GREATEST(not_before, $7) FROM owner WHERE group_id = $5),
         event AS (${EVENT})
         SELECT fencing FROM owner`,
        [...eventValues(event), groupId, agseq, notBefore],
      )
    },
    async clockWasSet(deviceId, at) {
      await db.write(
        `WITH ${OWNER}, changed AS (UPDATE crypto_machine.group_member SET since = GREATEST(since, $3) FROM owner WHERE device_id = $2) SELECT fencing FROM owner`,
        [deviceId, at],
      )
    },
  }
}

/** Part of an order's commit. */
export async function putGroups(run: PgDatabase['query'], { joined, left }: GroupChanges): Promise<void> {
  if (joined) {
    await run('INSERT INTO crypto_machine.key_group (group_id, agseq) VALUES ($1, $2) ON CONFLICT DO NOTHING', [joined.groupId, joined.agseq])
    await run(
      `INSERT INTO crypto_machine.group_member AS m (device_id, group_id, since, row_mac)
       SELECT v.device_id, $1::bytea, v.since, v.row_mac FROM unnest($2::integer[], $3::bigint[], $4::bytea[]) v (device_id, since, row_mac)
       ON CONFLICT (device_id) DO UPDATE SET group_id = excluded.group_id, row_mac = excluded.row_mac,
         since = CASE WHEN m.group_id = excluded.group_id THEN m.since ELSE excluded.since END`,
      [joined.groupId, joined.members.map((row) => row.deviceId), joined.members.map((row) => row.since), joined.members.map((row) => row.rowMac)],
    )
  }
  if (left) await run('DELETE FROM crypto_machine.group_member WHERE device_id = ANY ($1)', [left])
}
