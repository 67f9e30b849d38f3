import { HesError, isoWithOffset } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { NewTheftCasesBody, TheftCaseAnswer, TheftCaseItem, TheftCaseQuery, TheftCasesOpened, TheftStepBody, pageOf } from '@zhuzhan/contracts'
import { findTheftCase, listTheftCases, openTheftCases, stepTheftCase, theftLabels } from '@zhuzhan/persistence'
import type { TheftCase } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import type { Right } from '../auth/rights.js'
import { csvLine } from '../http/csv.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'

const GROUP = 'Theft cases'
const Params = z.object({ id: z.coerce.number().int().positive() })
const Rank = z.tuple([z.number(), z.number(), z.number()])
const LABELS_HEAD = ['series', 'theft', 'since', 'opened', 'decided']
/** Who inspects does not decide. */
const STEPS: readonly { path: string; state: 'inspected' | 'confirmed' | 'cleared'; right: Right; says: string }[] = [
  { path: 'inspect', state: 'inspected', right: 'case.work', says: 'Say what an inspection found' },
  { path: 'confirm', state: 'confirmed', right: 'case.decide', says: 'Decide that it is theft; an inspection comes before' },
  { path: 'clear', state: 'cleared', right: 'case.decide', says: 'Decide that it is none' },
]

/** Cases of suspected theft: opened by line loss, scores or people; inspected, confirmed or cleared by people. docs/analytics.md */
export const theftCaseRoutes = ({ pool, guard, clock }: { pool: pg.Pool; guard: Guard; clock: Clock }): FastifyPluginAsyncZod => async (app) => {
  const read = guard.requires('read')

  app.get('/theft-cases', { schema: { ...about(GROUP, 'Cases, those with the most to recover first', 'read'), querystring: TheftCaseQuery, response: { 200: pageOf(TheftCaseItem), ...errors } }, onRequest: read },
    async (request) => {
      const { state = ['open', 'inspected'], meter, limit, cursor } = request.query
      const page = await listTheftCases(pool, { states: state, meter, after: decodeCursor(Rank, cursor), limit })
      return answerPage(page, caseAnswer, ({ rank }) => rank)
    })

  app.get('/theft-cases/labels', {
    schema: { ...about(GROUP, 'What inspections said by meter, as CSV for `zhuzhan analyse anomaly train --cases`', 'read'), response: { 200: { description: 'CSV', content: { 'text/csv': { schema: z.string() } } }, ...errors } }, onRequest: read,
  }, async (_request, reply) => {
    const lines = (await theftLabels(pool)).map(({ meter, theft, since, opened, decided }) => csvLine([meter, theft, since, opened.toISOString(), decided.toISOString()]))
    return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="theft-labels.csv"').send([csvLine(LABELS_HEAD), ...lines].join('') as never)
  })

  app.get('/theft-cases/:id', { schema: { ...about(GROUP, 'A case with all its steps', 'read'), params: Params, response: { 200: TheftCaseAnswer, ...errors } }, onRequest: read },
    async (request) => {
      const found = await findTheftCase(pool, request.params.id)
      if (!found) throw notFound(request.params.id)
      return { ...caseAnswer(found), steps: found.steps.map(({ at, ...step }) => ({ at: isoWithOffset(at.getTime(), found.utcOffsetMinutes), ...step })) }
    })

  app.post('/theft-cases', {
    schema: { ...about(GROUP, 'Open cases; a meter has at most one that is not decided', 'case.work'), body: NewTheftCasesBody, response: { 200: TheftCasesOpened, ...errors } },
    onRequest: guard.requires('case.work'),
    config: { act: 'theft-case.open' },
  }, async (request) => {
    const opened = await openTheftCases(pool, request.body.cases, whoAsks(request).username, new Date(clock.now()))
    return { items: opened.map((one) => ({ meter: one.meter, id: 'id' in one ? one.id : null, refused: 'refused' in one ? one.refused : null })), nextCursor: null }
  })

  for (const { path, state, right, says } of STEPS) {
    app.post(`/theft-cases/:id/${path}`, {
      schema: { ...about(GROUP, says, right), params: Params, body: TheftStepBody, response: { 200: TheftCaseItem, ...errors } },
      onRequest: guard.requires(right),
      config: { act: `theft-case.${state}` },
    }, async (request) => {
      const { id } = request.params
      const outcome = await stepTheftCase(pool, id, state, { who: whoAsks(request).username, why: request.body.why, now: new Date(clock.now()) })
      if (!outcome) throw notFound(id)
      const { made, case: now } = outcome
      if (!made && now.state === 'inspected') throw new HesError('SAME_PERSON', 'Who inspected does not decide: another person must.')
      if (!made) throw new HesError('STATE_CONFLICT', now.state === 'open' ? 'The case was not inspected yet.' : `The case is ${now.state} already.`)
      return caseAnswer(now)
    })
  }
}

const notFound = (id: number): HesError => new HesError('NOT_FOUND', `There is no case ${id}.`)

function caseAnswer({ id, meter, utcOffsetMinutes, state, source, why, evidence, score, recoverableKwh, since, openedBy, openedAt, decidedAt }: TheftCase): z.infer<typeof TheftCaseItem> {
  const time = (at: Date): string => isoWithOffset(at.getTime(), utcOffsetMinutes)
  return { id, meter, state, source, why, evidence, score, recoverableKwh, since, openedBy, openedAt: time(openedAt), decidedAt: decidedAt && time(decidedAt) }
}
