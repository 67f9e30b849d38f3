import { randomBytes, randomUUID } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { webhookCheckValue, webhookSecret } from './secret.js'

export interface WebhookEndpoint { id: string; name: string; url: string; createdBy: string; createdAt: Date; endedAt: Date | null }

/** Endpoints that notices are carried to. */
export interface WebhookEndpoints {
  list(): Promise<WebhookEndpoint[]>
  /** Notices written from now on go there. @returns its secret too, which nobody can be told again @throws HesError STATE_CONFLICT for one too many */
  make(endpoint: { name: string; url: string }, master: string, who: string, at: Date): Promise<{ endpoint: WebhookEndpoint; secret: string }>
  /** What still waits for it is given up. @throws HesError NOT_FOUND for none that has not ended */
  end(id: string, who: string, at: Date): Promise<WebhookEndpoint>
}

/** More would be a mailing list: every notice goes to all of them. */
const MOST = 10
const COLUMNS = 'id, name, url, created_by AS "createdBy", created_at AS "createdAt", ended_at AS "endedAt"'
const MAKE = `INSERT INTO webhook_endpoint (id, name, url, salt, check_value, created_by, created_at) SELECT $1, $2, $3, $4, $5, $6, $7
  WHERE (SELECT count(*) FROM webhook_endpoint WHERE ended_at IS NULL) < ${MOST} RETURNING ${COLUMNS}`
const END = `UPDATE webhook_endpoint SET ended_by = $2, ended_at = $3 WHERE id = $1 AND ended_at IS NULL RETURNING ${COLUMNS}`
// A statement of its own: it sees what was written for the endpoint until the one before had its row.
const GIVE_UP = "UPDATE webhook_delivery SET state = 'given-up', next_at = NULL, settled_at = $2, why = 'the endpoint was removed' WHERE endpoint = $1 AND state = 'waiting'"

export function createWebhookEndpoints(pool: pg.Pool): WebhookEndpoints {
  return {
    list: async () => (await pool.query<WebhookEndpoint>(`SELECT ${COLUMNS} FROM webhook_endpoint ORDER BY created_at DESC, id`)).rows,
    make: async ({ name, url }, master, who, at) => {
      const [id, salt] = [randomUUID(), randomBytes(32)]
      const secret = webhookSecret(master, { id, salt })
      const endpoint = await transaction(pool, async (client) => {
        const { rows: [made] } = await client.query<WebhookEndpoint>(MAKE, [id, name, url, salt, webhookCheckValue(secret), who, at])
        if (!made) throw new HesError('STATE_CONFLICT', `There are ${MOST} endpoints already.`)
        await appendAuditIn(client, [{ actor: who, action: 'webhook.make', object: `webhook/${id}`, outcome: 'ok', detail: { name, origin: new URL(url).origin } }])
        return made
      })
      return { endpoint, secret }
    },
    end: (id, who, at) => transaction(pool, async (client) => {
      const { rows: [endpoint] } = await client.query<WebhookEndpoint>(END, [id, who, at])
      if (!endpoint) throw new HesError('NOT_FOUND', `There is no endpoint ${id}.`)
      await client.query(GIVE_UP, [id, at])
      await appendAuditIn(client, [{ actor: who, action: 'webhook.remove', object: `webhook/${id}`, outcome: 'ok' }])
      return endpoint
    }),
  }
}
