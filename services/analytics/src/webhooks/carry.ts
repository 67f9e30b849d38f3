import { WEBHOOK_HEADERS } from '@zhuzhan/contracts'
import type { WebhookNotice } from '@zhuzhan/contracts'
import { webhookSignature } from './signature.js'

export interface Carried { url: URL; secret: string; notice: WebhookNotice; now: number; signal: AbortSignal }

/** For the whole exchange, until the answer's status is there. */
const LONGEST_MS = 5_000

/**
 * One attempt: POST without following redirects. Only the status of the answer counts (2xx: taken); its body is not read, so that its size is nobody's
 * trouble. @returns undefined when it was taken, else why not, in words without address, secret or body
 */
export async function carry({ url, secret, notice, now, signal }: Carried): Promise<string | undefined> {
  const body = JSON.stringify(notice)
  const [id, timestamp] = [`${notice.type}-${notice.id}`, Math.floor(now / 1_000)]
  try {
    const response = await fetch(url, {
      method: 'POST', body, redirect: 'manual', signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
      headers: {
        'content-type': 'application/json', 'user-agent': 'zhuzhan',
        [WEBHOOK_HEADERS.id]: id, [WEBHOOK_HEADERS.timestamp]: String(timestamp), [WEBHOOK_HEADERS.signature]: webhookSignature(secret, id, timestamp, body),
      },
    })
    await response.body?.cancel()
    return response.ok ? undefined : `status ${response.status}`
  } catch (error) {
    if (signal.aborted) throw signal.reason
    return reasonOf(error)
  }
}

/** `fetch` hides what happened behind one sentence; the code of its cause says it. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: unknown; cause?: { code?: unknown } }
  if (name === 'TimeoutError') return `no answer within ${LONGEST_MS / 1_000} s`
  return `not reached: ${typeof cause?.code === 'string' ? cause.code : 'the connection failed'}`
}
