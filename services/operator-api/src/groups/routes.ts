import { randomUUID } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { GroupClockAnswer, GroupDetail, GroupIdInput, GroupList, NewGroupClockBody, outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, GroupAnswer, GroupState } from '@zhuzhan/contracts'
import { createGroupClockStore } from '@zhuzhan/persistence'
import type { GroupClockRecord } from '@zhuzhan/persistence'
import type { Clock } from '@zhuzhan/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { about, errors } from '../http/route.js'

export interface GroupRoutesDeps {
  pool: pg.Pool
  guard: Guard
  clock: Clock
  /** Absent where this service was started without one. */
  machine: CryptoMachine | undefined
}

const Params = z.object({ group: GroupIdInput })
const KEPT_ON_PAGE = 50

/** Words for reasons of the machine that an operator can do something about. */
const HELP: Record<string, string> = {
  'agseq-unknown': 'The crypto machine was restored from a backup: the counters of a member are read in its next session, then 24 hours pass.',
  'once-in-24-hours': 'Meters take one broadcast in 24 hours; see nextFrom.',
  'total-shift': 'Meters take 300 s in all: set the clocks of the members in sessions first.',
  'no-members': 'No member of this group can be told: suspect, without a place, or none at all.',
  'clock-not-synchronised': "The crypto machine's own clock follows no source.",
  'clock-behind': "The crypto machine's own clock is behind a time it has seen.",
}

/** Clock broadcasts to groups. docs/security/groups.md */
export const groupRoutes = ({ pool, guard, clock, machine: configured }: GroupRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const store = createGroupClockStore(pool)
  const machineHere = (): CryptoMachine => {
    if (!configured) throw new HesError('UNAVAILABLE', 'This operator API has no crypto machine: set ZHUZHAN_CRYPTO_URL and ZHUZHAN_CRYPTO_SECRET.')
    return configured
  }
  const groups = async (): Promise<GroupState[]> => outcomeValue<'groups'>((await machineHere().groups([{}]))[0]).groups

  app.get('/groups', {
    schema: { ...about('Groups', 'Groups of clock broadcasts', 'read'), response: { 200: GroupList, ...errors } },
    onRequest: guard.requires('read'),
  }, async () => ({ items: (await groups()).map((state) => groupAnswer(state, clock.now())) }))

  app.get('/groups/:group', {
    schema: { ...about('Groups', 'One group with its members and broadcasts', 'read'), params: Params, response: { 200: GroupDetail, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { group } = request.params
    const state = (await groups()).find((one) => one.group === group)
    if (!state) throw new HesError('NOT_FOUND', 'There is no such group.')
    const { devices } = outcomeValue<'groupMembers'>((await machineHere().groupMembers([{ group }]))[0])
    return { ...groupAnswer(state, clock.now()), devices, clocks: (await store.of(group, KEPT_ON_PAGE)).map(clockAnswer) }
  })

  app.post('/groups/:group/clock', {
    schema: { ...about('Groups', 'Broadcast the time to a group', 'groups.clock'), params: Params, body: NewGroupClockBody, response: { 201: GroupClockAnswer, ...errors } },
    onRequest: guard.requires('groups.clock'),
    config: { act: 'groups.clock' },
  }, async (request, reply) => {
    const { group } = request.params
    const { shiftSeconds, reason = null } = request.body
    const [outcome] = await machineHere().sealGroupClock([{ group, shiftSeconds }])
    const why = outcome?.ok === false ? HELP[String(outcome.context?.['reason'])] : undefined
    if (outcome?.ok === false && why !== undefined) throw new HesError(outcome.code, why, { object: `group/${group}` })
    const { agseq, server, clientAddress, frames } = outcomeValue<'sealGroupClock'>(outcome)
    const made = await store.add({
      id: randomUUID(), requestedBy: whoAsks(request).username, reason, groupId: group, agseq, shiftSeconds, server, clientAddress,
      frames: frames.map(({ apdu, devices }) => ({ apdu: Buffer.from(apdu).toString('base64'), devices })),
    })
    return reply.code(201).send(clockAnswer(made))
  })
}

function groupAnswer({ group, members, agseq, known, last, notBefore, shiftedSeconds }: GroupState, now: number): GroupAnswer {
  return {
    group, members, agseq, known, shiftedSeconds,
    lastAt: last && new Date(last.at).toISOString(), lastShiftSeconds: last && last.shiftSeconds, nextFrom: notBefore > now ? new Date(notBefore).toISOString() : null,
  }
}

const clockAnswer = ({ id, createdAt, groupId, agseq, shiftSeconds, requestedBy, reason, devices, sent }: GroupClockRecord): GroupClockAnswer =>
  ({ id, at: createdAt.toISOString(), group: groupId, agseq, shiftSeconds, requestedBy, reason, devices, sent })
