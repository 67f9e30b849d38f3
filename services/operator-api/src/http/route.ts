import { ErrorBody } from '@zhuzhan/contracts'
import { RIGHTS } from '../auth/rights.js'
import type { Right } from '../auth/rights.js'

/** Error answers of every route. */
export const errors = { '4xx': ErrorBody, '5xx': ErrorBody } as const

/** What the OpenAPI document says of a route: its group, its purpose, who may call it. */
export function about(group: string, summary: string, right?: Right): { tags: string[]; summary: string; description?: string; security: Record<string, string[]>[] } {
  if (right === undefined) return { tags: [group], summary, security: [] }
  return { tags: [group], summary, description: `Roles: ${RIGHTS[right].join(', ')}.`, security: [{ bearer: [] }] }
}
