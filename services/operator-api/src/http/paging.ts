import { HesError } from '@zhuzhan/core'
import type { Page } from '@zhuzhan/persistence'
import type { z } from 'zod'

/** A cursor is the key of the last item, opaque to callers. Nothing secret is in it, and every use checks it again. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** @throws HesError BODY_INVALID when it is not one of ours for this list */
export function decodeCursor<T extends z.ZodType>(schema: T, cursor: string | undefined): z.output<T> | undefined {
  if (cursor === undefined) return undefined
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch {
    throw new HesError('BODY_INVALID', 'not a cursor of this list', { path: 'cursor' })
  }
}

/** A page as the caller sees it. */
export function answerPage<T, A>(page: Page<T>, answer: (row: T) => A, key: (row: T) => readonly (string | number)[]): { items: A[]; nextCursor: string | null } {
  const last = page.rows.at(-1)
  return { items: page.rows.map(answer), nextCursor: page.more && last !== undefined ? encodeCursor(key(last)) : null }
}
