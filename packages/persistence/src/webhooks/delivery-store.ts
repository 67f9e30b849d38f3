import type { Money, NoticeKind } from '@zhuzhan/cost-control'
import type pg from 'pg'
import { transaction } from '../database.js'
import type { KeptSecret } from './secret.js'

export type DeliveryState = 'waiting' | 'delivered' | 'given-up'
export interface DeliveryKey { notice: number; endpoint: string }
export interface DeliveryRow extends DeliveryKey { state: DeliveryState; attempts: number; nextAt: Date | null; settledAt: Date | null; why: string | null }

/** An attempt that has begun: nobody else begins one before `nextAt` of its row. */
export interface WebhookAttempt {
  /** 1 at the first. */
  attempt: number
  url: string
  kept: KeptSecret
  notice: { id: number; account: string; kind: NoticeKind; balance: Money; createdAt: Date }
  /** The notice's cause has ended, or somebody said that it failed: why. */
  closed: string | null
}

/** Notices on their way to endpoints. A row is written with its notice ([decisions](../cost-control/decisions.ts)). */
export interface WebhookDeliveries {
  /** Deliveries whose turn has come, the oldest of each endpoint first. @param most of one endpoint */
  due(now: Date, most: number): Promise<(DeliveryKey & { attempts: number })[]>
  /** Begins the next attempt. @param again by attempts begun before: when the one after this may begin @returns undefined when it is not due */
  begin(key: DeliveryKey, now: Date, again: (before: number) => Date): Promise<WebhookAttempt | undefined>
  /** The endpoint has taken it: the notice is `sent`, unless it was closed meanwhile. Said again it changes nothing. */
  delivered(key: DeliveryKey, now: Date): Promise<void>
  failed(key: DeliveryKey, why: string): Promise<void>
  givenUp(key: DeliveryKey, why: string, now: Date): Promise<void>
  page(filter: { state?: readonly DeliveryState[] | undefined; notice?: number | undefined; after?: readonly [number, string] | undefined; limit: number }): Promise<DeliveryRow[]>
}

const COLUMNS = 'notice, endpoint, state, attempts, next_at AS "nextAt", settled_at AS "settledAt", why'
const DUE = `SELECT notice, endpoint, attempts FROM webhook_endpoint e CROSS JOIN LATERAL (
    SELECT notice, endpoint, attempts, next_at FROM webhook_delivery WHERE endpoint = e.id AND state = 'waiting' AND next_at <= $1 ORDER BY next_at LIMIT $2) AS d
  WHERE e.ended_at IS NULL ORDER BY next_at`
const BEGIN = `SELECT d.attempts, e.url, e.id, e.salt, e.check_value AS "checkValue", n.account, n.kind, n.balance::text AS balance, n.created_at AS "createdAt", n.failed AS closed
  FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint JOIN cost_notice n ON n.id = d.notice
  WHERE d.notice = $1 AND d.endpoint = $2 AND d.state = 'waiting' AND d.next_at <= $3 FOR UPDATE OF d SKIP LOCKED`
const SETTLE = "UPDATE webhook_delivery SET state = $3, next_at = NULL, settled_at = $4, why = $5 WHERE notice = $1 AND endpoint = $2 AND state = 'waiting'"

interface Begun extends KeptSecret { attempts: number; url: string; account: string; kind: NoticeKind; balance: string; createdAt: Date; closed: string | null }

export function createWebhookDeliveries(pool: pg.Pool): WebhookDeliveries {
  return {
    due: async (now, most) => (await pool.query<DeliveryKey & { attempts: number }>(DUE, [now, most])).rows,
    begin: ({ notice, endpoint }, now, again) => transaction(pool, async (client) => {
      const { rows: [row] } = await client.query<Begun>(BEGIN, [notice, endpoint, now])
      if (!row) return undefined
      await client.query('UPDATE webhook_delivery SET attempts = attempts + 1, next_at = $3 WHERE notice = $1 AND endpoint = $2', [notice, endpoint, again(row.attempts)])
      const { account, kind, balance, createdAt, url, closed, id, salt, checkValue } = row
      return { attempt: row.attempts + 1, url, closed, kept: { id, salt, checkValue }, notice: { id: notice, account, kind, balance: BigInt(balance), createdAt } }
    }),
    delivered: ({ notice, endpoint }, now) => transaction(pool, async (client) => {
      await client.query(SETTLE, [notice, endpoint, 'delivered', now, null])
      await client.query('UPDATE cost_notice SET sent_at = COALESCE(sent_at, $2) WHERE id = $1 AND failed IS NULL', [notice, now])
    }),
    failed: async ({ notice, endpoint }, why) => {
      await pool.query("UPDATE webhook_delivery SET why = $3 WHERE notice = $1 AND endpoint = $2 AND state = 'waiting'", [notice, endpoint, why])
    },
    givenUp: async ({ notice, endpoint }, why, now) => {
      await pool.query(SETTLE, [notice, endpoint, 'given-up', now, why])
    },
    page: async ({ state, notice, after, limit }) => (await pool.query<DeliveryRow>(
      `SELECT ${COLUMNS} FROM webhook_delivery WHERE ($1::text[] IS NULL OR state = ANY($1)) AND ($2::bigint IS NULL OR notice = $2) AND (notice, endpoint) > ($3, $4::uuid) ORDER BY notice, endpoint LIMIT $5`,
      [state ?? null, notice ?? null, after?.[0] ?? 0, after?.[1] ?? '00000000-0000-0000-0000-000000000000', limit])).rows,
  }
}
