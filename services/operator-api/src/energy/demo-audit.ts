import { AuditFileQuery } from '@zhuzhan/contracts'
import type { Clock } from '@zhuzhan/core'
import { demoPlant, siteAudit } from '@zhuzhan/energy-audit'
import type { FastifyInstance } from 'fastify'
import { sendAudit } from './site-audit-routes.js'

/** The audit of a made-up plant over the month before, for whoever opens the station for the first time. Nothing of it is stored or secret. */
export function demoAuditPage(app: FastifyInstance, clock: Clock): void {
  app.get('/demo-audit', { schema: { hide: true, querystring: AuditFileQuery.omit({ version: true }) } }, async (request, reply) => {
    const { format, lang } = request.query as { format: 'html'; lang: 'zh' }
    const now = clock.now()
    const today = new Date(now)
    const month = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 1, 1)).toISOString().slice(0, 7)
    return sendAudit(reply, siteAudit(demoPlant(month, lang, now)), format, lang, `demo-audit-${month}`)
  })
}
