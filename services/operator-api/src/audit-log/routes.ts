import { DEFAULT_UTC_OFFSET, offsetMinutes, toHex } from '@zhuzhan/core'
import { AuditAnswer, AuditQuery, pageOf } from '@zhuzhan/contracts'
import { auditPage } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import type { Guard } from '../auth/guard.js'
import { instantOf } from '../http/instants.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a route does, as the audit log calls it when it is refused. */
    act?: string
  }
}

const Key = z.tuple([z.number().int().positive()])

export const auditRoutes = ({ pool, guard }: { pool: pg.Pool; guard: Guard }): FastifyPluginAsyncZod => async (app) => {
  app.get('/audit-log', {
    schema: { ...about('Audit log', 'Who did what, youngest first', 'audit.read'), querystring: AuditQuery, response: { 200: pageOf(AuditAnswer), ...errors } },
    onRequest: guard.requires('audit.read'),
    config: { act: 'audit.read' },
  }, async (request) => {
    const { cursor, from, to, ...filter } = request.query
    const offset = offsetMinutes(DEFAULT_UTC_OFFSET)
    const page = await auditPage(pool, { ...filter, from: instantOf(from, offset, 'from'), to: instantOf(to, offset, 'to'), before: decodeCursor(Key, cursor)?.[0] })
    return answerPage(page, ({ at, hash, ...entry }) => ({ ...entry, at: at.toISOString(), hash: toHex(hash) }), (entry) => [entry.id])
  })
}
