import { HesError, toHex } from '@zhuzhan/core'
import { ApprovalBody, MandateAnswer, MandateIdInput, MandateInWords, MandateStopAnswer, NewMandateBody, RejectionBody, SignBody } from '@zhuzhan/contracts'
import type { CryptoMachine, Described, MandateState } from '@zhuzhan/contracts'
import { askMachine } from '@zhuzhan/dispatch'
import type { Clock } from '@zhuzhan/core'
import { createMandateStore } from '@zhuzhan/persistence'
import type { MandateRecord } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { noMachine } from '../authority/office.js'
import type { Office } from '../authority/office.js'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import type { Tickets } from '../commands/tickets.js'
import { about, errors } from '../http/route.js'
import { createMandates } from './service.js'

export interface MandateRoutesDeps {
  pool: pg.Pool
  guard: Guard
  clock: Clock
  tickets: Pick<Tickets, 'peopleFor' | 'sign' | 'words'>
  machine: CryptoMachine | undefined
  office: Office | undefined
}

const Params = z.object({ mandate: MandateIdInput })
const LIST = 200

/** Standing mandates: two people let the service allow closing alone. docs/security/service.md */
export const mandateRoutes = ({ pool, guard, clock, tickets, machine = noMachine(), office }: MandateRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const store = createMandateStore(pool)
  const mandates = createMandates({ store, machine, tickets, office, clock })
  const states = async (): Promise<ReadonlyMap<string, MandateState>> => {
    try {
      return new Map((await askMachine(machine, 'mandates', {})).mandates.map((one) => [one.mandate, one]))
    } catch (error) {
      if (error instanceof HesError) return new Map()
      throw error
    }
  }
  const answer = (record: MandateRecord, known: ReadonlyMap<string, MandateState>): MandateAnswer => {
    const { mandate, service, area, areaName, notBefore, notAfter, perHour, perDay, state, requestedBy, approver, stoppedBy, tkm, sigOperator } = record
    const told = known.get(mandate)
    return {
      mandate, service, area: areaName, areaCode: area, perHour, perDay, requestedBy, approver, stoppedBy, notBefore: notBefore.toISOString(), notAfter: notAfter.toISOString(),
      state: state === 'in-force' && notAfter.getTime() <= clock.now() ? 'over' : state, message: toHex(tkm), sigOperator: sigOperator && toHex(sigOperator),
      machine: told ? { usedLastHour: told.usedLastHour, usedLastDay: told.usedLastDay, revoked: told.revoked } : null,
    }
  }
  const inWords = async (record: MandateRecord): Promise<MandateAnswer & { words: Described | null }> => ({ ...answer(record, await states()), words: await tickets.words(record.tkm) })

  app.get('/mandates', {
    schema: { ...about('Mandates', 'Standing mandates, newest first', 'read'), response: { 200: z.object({ items: z.array(MandateAnswer), nextCursor: z.null() }), ...errors } },
    onRequest: guard.requires('read'),
  }, async () => {
    const [rows, known] = await Promise.all([store.list(LIST), states()])
    return { items: rows.map((row) => answer(row, known)), nextCursor: null }
  })

  app.get('/mandates/:mandate', {
    schema: { ...about('Mandates', 'One standing mandate with its words', 'read'), params: Params, response: { 200: MandateInWords, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => inWords(await mandates.find(request.params.mandate)))

  app.post('/mandates', {
    schema: { ...about('Mandates', 'Draft a standing mandate: the service may allow closing in an area, within rates; it waits for a second person', 'command.control'), body: NewMandateBody, response: { 202: MandateInWords, ...errors } },
    onRequest: guard.requires('command.control'),
    config: { act: 'mandate.draft' },
  }, async (request, reply) => reply.code(202).send(await inWords(await mandates.draft(request.body, whoAsks(request)))))

  app.post('/mandates/:mandate/sign', {
    schema: { ...about('Mandates', 'Sign a mandate I drafted', 'command.control'), params: Params, body: SignBody, response: { 200: MandateInWords, ...errors } },
    onRequest: guard.requires('command.control'),
    config: { act: 'mandate.sign' },
  }, async (request) => inWords(await mandates.sign(request.params.mandate, whoAsks(request), request.body)))

  // The service asks for the right itself: who drafted it is told that he is the same person, whatever his roles.
  app.post('/mandates/:mandate/approve', {
    schema: { ...about('Mandates', 'Approve a mandate somebody else drafted, by signing it', 'command.decide'), params: Params, body: ApprovalBody, response: { 200: MandateInWords, ...errors } },
    onRequest: guard.requires('read'),
    config: { act: 'mandate.approve' },
  }, async (request) => {
    const { reason: _, ...proof } = request.body ?? {}
    return inWords(await mandates.approve(request.params.mandate, whoAsks(request), proof))
  })

  app.post('/mandates/:mandate/reject', {
    schema: { ...about('Mandates', 'Reject a mandate somebody else drafted', 'command.decide'), params: Params, body: RejectionBody, response: { 200: MandateInWords, ...errors } },
    onRequest: guard.requires('read'),
    config: { act: 'mandate.reject' },
  }, async (request) => inWords(await mandates.reject(request.params.mandate, whoAsks(request))))

  app.post('/mandates/:mandate/stop', {
    schema: { ...about('Mandates', 'Use it no more; the answer holds the order by which administrators take it from the crypto machine too', 'command.submit'), params: Params, response: { 200: MandateStopAnswer, ...errors } },
    onRequest: guard.requires('command.submit'),
    config: { act: 'mandate.stop' },
  }, async (request) => {
    const { record, carriedOut } = await mandates.stop(request.params.mandate, whoAsks(request))
    return { ...answer(record, await states()), order: { kind: 'mandate-revoke' as const, mandate: record.mandate }, carriedOut }
  })
}
