import { createHmac } from 'node:crypto'

/**
 * HMAC-SM3 over `ID.TIMESTAMP.BODY` with the endpoint's secret as it was shown, hexadecimal after `sm3=`. Whoever gets a notice computes the same
 * over the bytes of the body, before reading them (docs/analytics.md, "Notices by webhook").
 * @param timestamp seconds since 1970
 */
export function webhookSignature(secret: string, id: string, timestamp: number, body: string): string {
  return `sm3=${createHmac('sm3', secret).update(`${id}.${timestamp}.${body}`).digest('hex')}`
}
