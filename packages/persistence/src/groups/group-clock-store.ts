import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'

/** Clock broadcasts: asked for at the operator API, handed to connected terminals by every front end. */

export const GROUP_CLOCK_CHANNEL = 'zhuzhan_group_clock'
/** It carries a time: later than this nobody sends it any more. */
const FRESH_SECONDS = 10

export interface GroupFrame {
  /** Whole SECURITY-Request, base64. */
  apdu: string
  devices: string[]
}

export interface GroupClockRecord {
  id: string
  createdAt: Date
  requestedBy: string
  reason: string | null
  groupId: string
  agseq: number
  shiftSeconds: number
  server: string
  clientAddress: number
  devices: number
  sent: number
}
export type NewGroupClock = Omit<GroupClockRecord, 'createdAt' | 'devices' | 'sent'> & { frames: GroupFrame[] }

export interface GroupClockStore {
  /** Kept, audited and told to the front ends, in one commit. */
  add(clock: NewGroupClock): Promise<GroupClockRecord>
  /** Youngest first. */
  of(groupId: string, limit: number): Promise<GroupClockRecord[]>
  /** What is to be sent now; undefined when there is none of this id, or when its time is over. */
  fresh(id: string): Promise<(GroupClockRecord & { frames: GroupFrame[] }) | undefined>
  /** So many more terminals have it. */
  sentTo(id: string, terminals: number): Promise<void>
}

const COLUMNS = `id, created_at AS "createdAt", requested_by AS "requestedBy", reason, group_id AS "groupId", agseq, shift_seconds AS "shiftSeconds",
  server, client_address AS "clientAddress", devices, sent`

export function createGroupClockStore(pool: pg.Pool): GroupClockStore {
  return {
    add: ({ id, requestedBy, reason, groupId, agseq, shiftSeconds, server, clientAddress, frames }) => transaction(pool, async (client) => {
      const devices = frames.reduce((sum, frame) => sum + frame.devices.length, 0)
      const { rows } = await client.query<GroupClockRecord>(
        `INSERT INTO group_clock (id, requested_by, reason, group_id, agseq, shift_seconds, server, client_address, frames, devices)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING ${COLUMNS}`,
        [id, requestedBy, reason, groupId, agseq, shiftSeconds, server, clientAddress, JSON.stringify(frames), devices])
      await appendAuditIn(client, [{
        actor: requestedBy, action: 'groups.clock', object: `group/${groupId}`, outcome: 'ok', ...(reason === null ? {} : { reason }), detail: { agseq, shiftSeconds, devices },
      }])
      // Told at the commit, and only to who listens then: nobody sends it later, or twice.
      await client.query('SELECT pg_notify($1, $2)', [GROUP_CLOCK_CHANNEL, id])
      return rows[0] as GroupClockRecord
    }),
    of: async (groupId, limit) => (await pool.query<GroupClockRecord>(`SELECT ${COLUMNS} FROM group_clock WHERE group_id = $1 ORDER BY created_at DESC LIMIT $2`, [groupId, limit])).rows,
    fresh: async (id) => (await pool.query<GroupClockRecord & { frames: GroupFrame[] }>(
      `SELECT ${COLUMNS}, frames FROM group_clock WHERE id = $1 AND created_at > now() - make_interval(secs => $2)`, [id, FRESH_SECONDS])).rows[0],
    sentTo: async (id, terminals) => { await pool.query('UPDATE group_clock SET sent = sent + $2 WHERE id = $1', [id, terminals]) },
  }
}
