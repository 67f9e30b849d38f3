import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { ofServed } from '../served.js'
import type { ServedTerminals } from '../served.js'

/** Firmware files and their transfers to devices. */

export type TransferState = 'accepted' | 'awaiting_approval' | 'queued' | 'started' | 'done' | 'refused' | 'unknown' | 'expired'
const OPEN: readonly TransferState[] = ['queued', 'started']
const FINAL: readonly TransferState[] = ['done', 'refused', 'unknown', 'expired']

export interface TransferRecord {
  id: string
  createdAt: Date
  requestedBy: string
  reason: string | null
  release: string
  device: string
  ticket: Buffer
  /** User name of the approver the ticket names. */
  approver: string
  sigOperator: Buffer | null
  sigApprover: Buffer | null
  state: TransferState
  expiresAt: Date
  blocks: number
  sentBlocks: number
  code: string | null
  dar: number | null
  why: string | null
}
export type NewTransfer = Pick<TransferRecord, 'id' | 'requestedBy' | 'reason' | 'release' | 'device' | 'ticket' | 'approver' | 'expiresAt' | 'blocks'>

export interface TransferMove {
  from: readonly TransferState[]
  to: TransferState
  who: string
  sigOperator?: Uint8Array
  sigApprover?: Uint8Array
  code?: string
  dar?: number
  why?: string
}

export interface FirmwareFileStore {
  /** @returns false when there is a file of this release already */
  addFile(release: string, file: Uint8Array, who: string): Promise<boolean>
  file(release: string): Promise<Buffer | undefined>
  /** Bytes of every file by release. */
  files(): Promise<Map<string, number>>
  add(transfer: NewTransfer): Promise<TransferRecord>
  find(id: string): Promise<TransferRecord | undefined>
  /** Youngest first. */
  list(limit: number): Promise<TransferRecord[]>
  /** The record after the move, or undefined when it was in none of `from` any more. With its audit entry. */
  move(id: string, move: TransferMove): Promise<TransferRecord | undefined>
  progress(id: string, sentBlocks: number): Promise<void>
  /** Queued or started, of these devices, oldest first. */
  open(devices: readonly string[]): Promise<TransferRecord[]>
  /** The same of the devices a front end serves. */
  openOf(served: ServedTerminals): Promise<TransferRecord[]>
  /** Undecided, queued or started ones whose time is over. */
  overdue(now: Date): Promise<TransferRecord[]>
}

const COLUMNS = `id, created_at AS "createdAt", requested_by AS "requestedBy", reason, release, device, ticket, approver, sig_operator AS "sigOperator", sig_approver AS "sigApprover",
  state, expires_at AS "expiresAt", blocks, sent_blocks AS "sentBlocks", code, dar, why`

export function createFirmwareFileStore(pool: pg.Pool): FirmwareFileStore {
  const select = async (where: string, values: readonly unknown[]): Promise<TransferRecord[]> =>
    (await pool.query<TransferRecord>(`SELECT ${COLUMNS} FROM firmware_transfer ${where}`, [...values])).rows
  return {
    addFile: (release, file, who) => transaction(pool, async (client) => {
      const { rowCount } = await client.query('INSERT INTO firmware_file (release, uploaded_by, file) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [release, who, file])
      if (rowCount !== 1) return false
      await appendAuditIn(client, [{ actor: who, action: 'firmware.upload', object: `firmware/${release}`, outcome: 'ok', detail: { bytes: file.length } }])
      return true
    }),
    file: async (release) => (await pool.query<{ file: Buffer }>('SELECT file FROM firmware_file WHERE release = $1', [release])).rows[0]?.file,
    files: async () => new Map((await pool.query<{ release: string; bytes: number }>('SELECT release, octet_length(file) AS bytes FROM firmware_file')).rows.map((row) => [row.release, row.bytes])),
    add: ({ id, requestedBy, reason, release, device, ticket, approver, expiresAt, blocks }) => transaction(pool, async (client) => {
      const { rows } = await client.query<TransferRecord>(
        `INSERT INTO firmware_transfer (id, requested_by, reason, release, device, ticket, approver, state, expires_at, blocks) VALUES ($1, $2, $3, $4, $5, $6, $7, 'accepted', $8, $9) RETURNING ${COLUMNS}`,
        [id, requestedBy, reason, release, device, ticket, approver, expiresAt, blocks])
      await appendAuditIn(client, [{ actor: requestedBy, action: 'firmware.transfer', object: `firmware-transfer/${id}`, outcome: 'accepted', ...(reason === null ? {} : { reason }), detail: { release, device, approver } }])
      return rows[0] as TransferRecord
    }),
    find: async (id) => (await select('WHERE id = $1', [id]))[0],
    list: (limit) => select('ORDER BY created_at DESC LIMIT $1', [limit]),
    move: (id, { from, to, who, sigOperator, sigApprover, code, dar, why }) => transaction(pool, async (client) => {
      const { rows } = await client.query<TransferRecord>(
        `UPDATE firmware_transfer SET state = $3, sig_operator = coalesce($4, sig_operator), sig_approver = coalesce($5, sig_approver), code = $6, dar = $7, why = $8,
           settled_at = CASE WHEN $9 THEN now() END WHERE id = $1 AND state = ANY ($2) RETURNING ${COLUMNS}`,
        [id, from, to, sigOperator ?? null, sigApprover ?? null, code ?? null, dar ?? null, why ?? null, FINAL.includes(to)])
      const [row] = rows
      if (!row) return undefined
      await appendAuditIn(client, [{ actor: who, action: 'firmware.transfer', object: `firmware-transfer/${id}`, outcome: to, ...(why === undefined ? {} : { reason: why }), detail: { release: row.release, device: row.device, ...(dar === undefined ? {} : { dar }) } }])
      return row
    }),
    progress: async (id, sentBlocks) => { await pool.query('UPDATE firmware_transfer SET sent_blocks = greatest(sent_blocks, $2) WHERE id = $1', [id, sentBlocks]) },
    open: (devices) => select('WHERE state = ANY ($1) AND device = ANY ($2) ORDER BY created_at', [OPEN, devices]),
    openOf: (served) => ofServed(served, ({ device }) => device, (limit, devices) =>
      select(`WHERE state = ANY ($1) ${devices ? 'AND device = ANY ($2)' : ''} ORDER BY created_at LIMIT ${limit}`, [OPEN, ...(devices ? [devices] : [])])),
    overdue: (now) => select("WHERE state IN ('accepted', 'awaiting_approval', 'queued', 'started') AND expires_at <= $1", [now]),
  }
}
