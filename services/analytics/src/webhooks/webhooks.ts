import { allowedWebhook } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { moneyText } from '@zhuzhan/cost-control'
import { createWebhookDeliveries, openWebhookSecret } from '@zhuzhan/persistence'
import type { DeliveryKey, WebhookAttempt } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import { metric } from '@zhuzhan/telemetry'
import type pg from 'pg'
import type { Logger } from 'pino'
import { carry } from './carry.js'

export interface WebhookSettings {
  /** What the endpoints' secrets are derived from; without it nothing is sent. */
  master: string | undefined
  origins: ReadonlySet<string>
}

export interface Webhooks {
  /** Queues an attempt of every delivery whose turn has come. @returns how many */
  wake(): Promise<number>
  /** One attempt; nothing when it is not due, for another worker has begun it. */
  deliver(key: DeliveryKey, signal: AbortSignal): Promise<void>
}

/** Seconds from the begin of an attempt to the next: ten attempts in not quite a day. */
export const BACK_OFF = [10, 60, 300, 900, 3_600, 2 * 3_600, 4 * 3_600, 8 * 3_600, 8 * 3_600] as const
/** An attempt that died with its process is begun again so late. */
const LOST_SECONDS = 60
/** Of one endpoint at a time: one that does not answer leaves room for the others. */
const AT_A_TIME = 50

/** Carries the notices of cost control to the endpoints. What is due stands in the table; a job is one attempt, so that a lost job costs nothing. */
export function createWebhooks({ pool, queues, clock, log, settings: { master, origins } }: { pool: pg.Pool; queues: Pick<Queues, 'add'>; clock: Clock; log: Logger; settings: WebhookSettings }): Webhooks {
  const deliveries = createWebhookDeliveries(pool)
  const at = (): Date => new Date(clock.now())
  const again = (before: number): Date => new Date(clock.now() + (BACK_OFF[before] ?? LOST_SECONDS) * 1_000)
  const giveUp = async (key: DeliveryKey, why: string): Promise<void> => {
    await deliveries.givenUp(key, why, at())
    metric('analytics_webhook_attempts').add(1, { outcome: 'given-up' })
    log.warn({ ...key, why }, 'a notice was not delivered, and is not tried again')
  }

  const attempt = async ({ url: text, kept, notice }: WebhookAttempt, signal: AbortSignal): Promise<string | undefined> => {
    const url = allowedWebhook(text, origins)
    if (!url) return 'ZHUZHAN_WEBHOOK_ORIGINS does not allow this endpoint'
    if (master === undefined) return 'ZHUZHAN_WEBHOOK_SECRET is not set'
    try {
      return await carry({
        url, secret: openWebhookSecret(master, kept), now: clock.now(), signal,
        notice: { type: 'cost-notice', id: notice.id, account: notice.account, kind: notice.kind, balance: moneyText(notice.balance), createdAt: notice.createdAt.toISOString() },
      })
    } catch (error) {
      if (error instanceof HesError && error.code === 'NOT_CONFIGURED') return error.message
      throw error
    }
  }

  return {
    wake: async () => {
      const due = await deliveries.due(at(), AT_A_TIME)
      for (const { notice, endpoint, attempts } of due) await queues.add('webhook.deliver', { notice, endpoint }, { jobId: `webhook-${notice}-${endpoint}-${attempts}` })
      return due.length
    },
    deliver: async (key, signal) => {
      const begun = await deliveries.begin(key, at(), again)
      if (!begun) return
      if (begun.closed !== null) return giveUp(key, `the notice ended: ${begun.closed}`)
      const why = await attempt(begun, signal)
      if (why === undefined) {
        await deliveries.delivered(key, at())
        metric('analytics_webhook_attempts').add(1, { outcome: 'delivered' })
      } else if (begun.attempt > BACK_OFF.length) await giveUp(key, why)
      else {
        await deliveries.failed(key, why)
        metric('analytics_webhook_attempts').add(1, { outcome: 'failed' })
      }
    },
  }
}
