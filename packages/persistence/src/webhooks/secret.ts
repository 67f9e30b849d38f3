import { createHmac, timingSafeEqual } from 'node:crypto'
import { HesError } from '@zhuzhan/core'

/** What is kept of an endpoint's secret: nothing that tells it without ZHUZHAN_WEBHOOK_SECRET. */
export interface KeptSecret { id: string; salt: Uint8Array; checkValue: Uint8Array }

const CHECK_BYTES = 8

/** 43 characters of base64url, which are the key of the signatures as they stand. */
export function webhookSecret(master: string, { id, salt }: Pick<KeptSecret, 'id' | 'salt'>): string {
  return createHmac('sm3', master).update(`zhuzhan webhook 1 ${id} `).update(salt).digest('base64url')
}

export function webhookCheckValue(secret: string): Buffer {
  return createHmac('sm3', secret).update('zhuzhan webhook check').digest().subarray(0, CHECK_BYTES)
}

/** @throws HesError NOT_CONFIGURED when ZHUZHAN_WEBHOOK_SECRET is another than the one the endpoint was made under */
export function openWebhookSecret(master: string, kept: KeptSecret): string {
  const secret = webhookSecret(master, kept)
  if (!timingSafeEqual(webhookCheckValue(secret), kept.checkValue)) throw new HesError('NOT_CONFIGURED', 'ZHUZHAN_WEBHOOK_SECRET is not the one this endpoint was made under.')
  return secret
}
