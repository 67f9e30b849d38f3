import { ERRORS, HesError } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'

export interface ErrorDetail {
  path: string
  message: string
}

/** What a caller is told: status, code, text, the wrong fields. */
export interface Refusal {
  status: number
  code: ErrorCode
  message: string
  details?: ErrorDetail[]
  /** Names the object for the audit log, where the thrower knew it. */
  object?: string
}

/** Anything thrown in a route as a row of the error table. What is not ours becomes INTERNAL, and its text stays in the log. */
export function translateError(error: unknown): Refusal {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const details = error.validation.flatMap((issue) => issueDetails(issue.instancePath, issue.message ?? 'does not fit', issue.params))
    return { status: 400, code: 'BODY_INVALID', message: ERRORS.BODY_INVALID.text, details }
  }
  if (error instanceof HesError) {
    const { path, object } = error.context
    return {
      status: ERRORS[error.code].http,
      code: error.code,
      message: error.code === 'INTERNAL' ? ERRORS.INTERNAL.text : error.message,
      ...(typeof path === 'string' ? { details: [{ path, message: error.message }] } : {}),
      ...(typeof object === 'string' ? { object } : {}),
    }
  }
  const code = codeOf(error)
  const status = statusOf(error)
  if (status === 429) return row('TOO_MANY_REQUESTS')
  if (status === 404) return row('NOT_FOUND')
  // Requests the framework could not even read: broken JSON, a foreign content type, too long a body, a broken address.
  if (status !== undefined && status >= 400 && status < 500) {
    return { status, code: 'BODY_INVALID', message: error instanceof Error ? error.message : ERRORS.BODY_INVALID.text, details: [{ path: '', message: code ?? 'request' }] }
  }
  return row(databaseCode(error, code) ?? 'INTERNAL')
}

function row(code: ErrorCode): Refusal {
  return { status: ERRORS[code].http, code, message: ERRORS[code].text }
}

/** zod names unknown keys in the issue, not in its path. */
function issueDetails(instancePath: string, message: string, params: unknown): ErrorDetail[] {
  const path = instancePath.split('/').filter((part) => part !== '').join('.')
  const keys = (params as { keys?: unknown } | undefined)?.keys
  if (Array.isArray(keys)) return keys.map((key) => ({ path: path === '' ? String(key) : `${path}.${String(key)}`, message: 'is not known here' }))
  return [{ path, message }]
}

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

function statusOf(error: unknown): number | undefined {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' ? status : undefined
}

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])
/** SQLSTATE classes: connection, resources, operator intervention (a server that stops or starts). */
const AWAY = /^(08|53|57)/
/** Prisma's codes of the connection and its pool. */
const PRISMA_AWAY = /^P(10\d\d|2024)$/
/** `pg` gives these no code. */
const PG_AWAY = /connection terminated|timeout exceeded when trying to connect|query read timeout|client has encountered a connection error/i

function databaseCode(error: unknown, code: string | undefined): ErrorCode | undefined {
  if (code !== undefined) {
    if (NETWORK.has(code) || AWAY.test(code) || PRISMA_AWAY.test(code)) return 'UNAVAILABLE'
    if (code === '23505' || code === 'P2002') return 'EXISTS_ALREADY'
    if (code === '23503') return 'STATE_CONFLICT'
    // Values PostgreSQL cannot hold, for example a text with the character 0.
    if (/^22[0-9A-Z]{3}$/.test(code)) return 'BODY_INVALID'
  }
  if (!(error instanceof Error)) return undefined
  if (PG_AWAY.test(error.message) || error.name === 'PrismaClientInitializationError') return 'UNAVAILABLE'
  return error.cause === undefined ? undefined : databaseCode(error.cause, codeOf(error.cause))
}
