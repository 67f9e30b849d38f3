import { PolicyAnswer } from '@zhuzhan/contracts'
import type { PolicySettings } from '@zhuzhan/policy'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { Guard } from '../auth/guard.js'
import { about, errors } from '../http/route.js'
import { policyAnswer } from './answer.js'
import { policyPage } from './page.js'

/** Which algorithms protect which module and boundary, and how this station carries them out. */
export const policyRoutes = ({ guard, policy }: { guard: Guard; policy: PolicySettings }): FastifyPluginAsyncZod => async (app) => {
  const answer = policyAnswer(policy)
  app.get('/policy', {
    schema: { ...about('Policy', 'The policy matrix: algorithms, keys and access by module and boundary', 'read'), response: { 200: PolicyAnswer, ...errors } },
    onRequest: guard.requires('read'),
  }, async () => answer)
}

/** The tables as a page for people. They are public; how this station is configured is not on it. */
export const policyPages = (): FastifyPluginAsyncZod => async (app) => {
  const page = policyPage()
  app.get('/policy', { schema: { hide: true } }, async (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
}
