import { HesError, toHex } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { FirmwareReleaseAnswer, FirmwareReleaseList, FirmwareWithdrawBody, NewTransferBody, ReleaseIdInput, SignBody, TransferAnswer, TransferList } from '@zhuzhan/contracts'
import type { CryptoMachine, FirmwareRelease } from '@zhuzhan/contracts'
import { createFirmwareFileStore } from '@zhuzhan/persistence'
import type { AuditLog, TransferRecord } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import type { Tickets } from '../commands/tickets.js'
import { about, errors } from '../http/route.js'
import { createFirmwareService } from './service.js'
import type { FirmwareService } from './service.js'

export interface FirmwareRoutesDeps {
  pool: pg.Pool
  guard: Guard
  clock: Clock
  audit: AuditLog
  tickets: Pick<Tickets, 'prepareFor' | 'sign'>
  /** Absent where this service was started without one. */
  machine: CryptoMachine | undefined
}

const Release = z.object({ release: ReleaseIdInput })
const Transfer = z.object({ id: z.string().max(64) })
const MAX_FILE_BYTES = 4 * 1024 * 1024 + 4_096
const KEPT_ON_PAGE = 200

/** Firmware releases and their transfers. docs/security/firmware.md */
export const firmwareRoutes = ({ pool, guard, clock, audit, tickets, machine }: FirmwareRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const store = createFirmwareFileStore(pool)
  const service = (): FirmwareService => {
    if (!machine) throw new HesError('UNAVAILABLE', 'This operator API has no crypto machine: set ZHUZHAN_CRYPTO_URL and ZHUZHAN_CRYPTO_SECRET.')
    return createFirmwareService({ store, machine, tickets, clock })
  }
  const answer = async (release: string): Promise<z.infer<typeof FirmwareReleaseAnswer>> => {
    const found = (await service().releases()).find((one) => one.release === release)
    if (!found) throw new HesError('NOT_FOUND', 'There is no such release.')
    return releaseAnswer(found, await store.files())
  }
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer', bodyLimit: MAX_FILE_BYTES }, (_request, body, done) => done(null, body))

  app.get('/firmware/releases', {
    schema: { ...about('Firmware', 'Releases of the crypto machine', 'read'), response: { 200: FirmwareReleaseList, ...errors } },
    onRequest: guard.requires('read'),
  }, async () => {
    const files = await store.files()
    return { items: (await service().releases()).map((one) => releaseAnswer(one, files)) }
  })

  app.post('/firmware/releases/:release/file', {
    schema: { ...about('Firmware', 'Upload the file of an offered release', 'firmware.manage'), params: Release, body: z.custom<Buffer>((value) => Buffer.isBuffer(value), 'send the file as application/octet-stream'), response: { 201: FirmwareReleaseAnswer, ...errors } },
    bodyLimit: MAX_FILE_BYTES,
    onRequest: guard.requires('firmware.manage'),
    config: { act: 'firmware.upload' },
  }, async (request, reply) => {
    await service().upload(request.params.release, request.body, whoAsks(request))
    return reply.code(201).send(await answer(request.params.release))
  })

  app.post('/firmware/releases/:release/withdraw', {
    schema: { ...about('Firmware', 'Withdraw a release for good, by order of one administrator', 'firmware.manage'), params: Release, body: FirmwareWithdrawBody, response: { 200: FirmwareReleaseAnswer, ...errors } },
    onRequest: guard.requires('firmware.manage'),
    config: { act: 'firmware.withdraw' },
  }, async (request) => {
    await service().withdraw(request.params.release, request.body)
    await audit.append({ actor: whoAsks(request).username, action: 'firmware.withdraw', object: `firmware/${request.params.release}`, outcome: 'ok' })
    return answer(request.params.release)
  })

  app.post('/firmware/transfers', {
    schema: { ...about('Firmware', 'Ask for the transfer of a release to a device; it waits for a second person', 'firmware.transfer'), body: NewTransferBody, response: { 202: TransferAnswer, ...errors } },
    onRequest: guard.requires('firmware.transfer'),
    config: { act: 'firmware.transfer' },
  }, async (request, reply) => reply.code(202).send(transferAnswer(await service().ask(request.body, whoAsks(request)))))

  // The service asks for the right itself: first who asked for it, then the approver.
  app.post('/firmware/transfers/:id/sign', {
    schema: { ...about('Firmware', 'Sign the ticket of a transfer: who asked for it first, then its approver', 'read'), params: Transfer, body: SignBody, response: { 200: TransferAnswer, ...errors } },
    onRequest: guard.requires('read'),
    config: { act: 'firmware.sign' },
  }, async (request) => transferAnswer(await service().sign(known(request.params.id), whoAsks(request), request.body)))

  app.get('/firmware/transfers', {
    schema: { ...about('Firmware', 'Transfers, youngest first', 'read'), response: { 200: TransferList, ...errors } },
    onRequest: guard.requires('read'),
  }, async () => ({ items: (await store.list(KEPT_ON_PAGE)).map(transferAnswer) }))

  app.get('/firmware/transfers/:id', {
    schema: { ...about('Firmware', 'One transfer', 'read'), params: Transfer, response: { 200: TransferAnswer, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const found = await store.find(known(request.params.id))
    if (!found) throw new HesError('NOT_FOUND', 'There is no such transfer.')
    return transferAnswer(found)
  })
}

/** What is no id at all is simply not found. */
function known(id: string): string {
  if (!z.guid().safeParse(id).success) throw new HesError('NOT_FOUND', 'There is no such transfer.')
  return id
}

function releaseAnswer({ changedAt, ...release }: FirmwareRelease, files: ReadonlyMap<string, number>): z.infer<typeof FirmwareReleaseAnswer> {
  return { ...release, changedAt: new Date(changedAt).toISOString(), fileBytes: files.get(release.release) ?? null }
}

function transferAnswer({ id, createdAt, expiresAt, requestedBy, reason, release, device, approver, state, blocks, sentBlocks, code, dar, why, ticket }: TransferRecord): z.infer<typeof TransferAnswer> {
  return { id, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString(), requestedBy, reason, release, device, approver, state, blocks, sentBlocks, code, dar, why, ticket: toHex(ticket) }
}
