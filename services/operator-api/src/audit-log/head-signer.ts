import { auditHead, lastSignedEntry, saveSignedHead } from '@zhuzhan/persistence'
import { rateLimited } from '@zhuzhan/service-kit'
import type { Logger, Part } from '@zhuzhan/service-kit'
import type { Clock } from '@zhuzhan/core'
import type pg from 'pg'

/** The crypto machine's signature over a chain head and the moment it was made. */
export type SignHead = (head: Buffer, at: Date) => Promise<{ keyId: string; signature: Buffer }>

export interface HeadSignerDeps {
  pool: pg.Pool
  sign: SignHead
  clock: Clock
  log: Logger
  everyMs?: number
}

/** Signs the head of the audit chain unless nothing was added since. @returns whether it did */
export async function signHeadOnce({ pool, sign, clock }: Pick<HeadSignerDeps, 'pool' | 'sign' | 'clock'>): Promise<boolean> {
  const head = await auditHead(pool)
  if (!head || head.id <= (await lastSignedEntry(pool))) return false
  const at = new Date(clock.now())
  await saveSignedHead(pool, head, { ...(await sign(head.hash, at)), at })
  return true
}

/**
 * At intervals: whoever rewrites the chain from an old entry on would have to forge these signatures too, and their key never
 * leaves the crypto machine.
 */
export function headSigner(deps: HeadSignerDeps): Part {
  const noisy = rateLimited(deps.log, { perMinute: 1, clock: deps.clock })
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> | undefined
  const run = (): void => {
    running ??= signHeadOnce(deps)
      .catch((error: unknown) => noisy.warn({ err: error }, 'the head of the audit log could not be signed'))
      .finally(() => { running = undefined })
  }
  return {
    name: 'audit-head-signer',
    start: async () => { timer = setInterval(run, deps.everyMs ?? 60_000) },
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
