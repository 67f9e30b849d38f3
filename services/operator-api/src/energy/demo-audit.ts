import type { AuditRenderer } from '@zhuzhan/audit-files'
import { AuditFileQuery } from '@zhuzhan/contracts'
import type { Clock } from '@zhuzhan/core'
import { demoPlant, siteAudit } from '@zhuzhan/energy-audit'
import type { FastifyInstance } from 'fastify'
import { sendAudit } from './site-audit-routes.js'

/**
 * The audit of a made-up plant over the month before, for whoever opens the station for the first time. Nothing of it is stored or
 * secret. It needs no account, so strangers must not make the station compute: each file of a month is made once.
 */
export function demoAuditPage(app: FastifyInstance, clock: Clock, renderer: AuditRenderer): void {
  let month = ''
  const files = new Map<string, Promise<Buffer>>()

  app.get('/demo-audit', { schema: { hide: true, querystring: AuditFileQuery.omit({ version: true }) } }, async (request, reply) => {
    const { format, lang } = request.query as { format: 'html'; lang: 'zh' }
    const now = clock.now()
    const today = new Date(now)
    const lastMonth = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 1, 1)).toISOString().slice(0, 7)
    if (month !== lastMonth) files.clear()
    month = lastMonth
    const key = `${format} ${lang}`
    const file = files.get(key) ?? renderer.file(siteAudit(demoPlant(month, lang, now)), format, lang)
    files.set(key, file)
    file.catch(() => files.delete(key))
    return sendAudit(reply, await file, format, `demo-audit-${month}`)
  })
}
