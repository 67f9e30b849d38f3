import { Readable } from 'node:stream'
import { HesError, offsetMinutes } from '@zhuzhan/core'
import { IMPORT_MAX_BYTES, ImportQuery, ImportReport, NewMeterBody, NewTerminalBody } from '@zhuzhan/contracts'
import type { NewMeter } from '@zhuzhan/contracts'
import { registerMeters, registerTerminals } from '@zhuzhan/persistence'
import type { NewTerminalRow } from '@zhuzhan/persistence'
import type { Logger } from '@zhuzhan/service-kit'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { whoAsks } from '../../auth/guard.js'
import { about, errors } from '../../http/route.js'
import { terminalProfileAllowed } from '../profiles.js'
import type { RegistryRoutesDeps } from '../terminal-routes.js'
import { METER_COLUMNS, TERMINAL_COLUMNS, readHeader } from './columns.js'
import { csvRecords } from './csv-rows.js'
import { importRows } from './import-run.js'
import type { ImportKind } from './import-run.js'
import { reportText } from './report.js'
import { spool } from './spool.js'

/** Imports that run at once; each holds a connection to the database most of the time. */
const MAX_PARALLEL = 2

const ImportedTerminal: z.ZodType<NewTerminalRow> = NewTerminalBody.transform(({ utcOffset, ...row }) => ({ ...row, utcOffsetMinutes: offsetMinutes(utcOffset) }))

/** Bulk import: the whole file comes up first, then each row is stored or refused on its own and reported. */
export const importRoutes = ({ pool, guard, production, log }: RegistryRoutesDeps & { log: Logger }): FastifyPluginAsyncZod => async (app) => {
  // The stream itself: nothing is read before the guard has let the caller in.
  app.addContentTypeParser('text/csv', (_request, payload, done) => { done(null, payload) })
  let running = 0

  const terminals: ImportKind<NewTerminalRow> = {
    header: (cells) => readHeader(cells, TERMINAL_COLUMNS, ['address', 'securityProfile']),
    schema: ImportedTerminal,
    allowed: (row) => terminalProfileAllowed(row.securityProfile, production),
    register: (rows, options) => registerTerminals(pool, rows, options),
  }
  const meters: ImportKind<NewMeter> = {
    header: (cells) => readHeader(cells, METER_COLUMNS, ['address', 'terminal']),
    schema: NewMeterBody,
    allowed: () => undefined,
    register: (rows, options) => registerMeters(pool, rows, options),
  }

  const run = async <T extends { address: string }>(kind: ImportKind<T>, upload: unknown, dryRun: boolean, who: string, reply: FastifyReply): Promise<void> => {
    if (!(upload instanceof Readable)) throw new HesError('BODY_INVALID', 'send the file as text/csv', { path: '' })
    if (running >= MAX_PARALLEL) throw new HesError('UNAVAILABLE', 'Other imports are running; try again when they are done.')
    running += 1
    const file = await spool(upload, IMPORT_MAX_BYTES).catch((error: unknown) => {
      running -= 1
      throw error
    })
    let finished = false
    const finish = (): void => {
      if (finished) return
      finished = true
      running -= 1
      void file.remove()
    }
    const records = csvRecords(file)
    try {
      const first = await records.next()
      if (first.done) throw new HesError('BODY_INVALID', 'the file is empty', { path: 'header' })
      const header = kind.header(first.value)
      const detail = { file: file.sha256 }
      const text = reportText(dryRun, importRows(kind, header, records, { who, dryRun, detail }), (totals, failure) => {
        if (failure !== undefined) log.warn({ err: failure, who, ...detail, ...totals }, 'import ended early')
        else log.info({ who, ...detail, ...totals }, 'import done')
      })
      // `close` comes after the last piece and also when the caller goes away, even before the first.
      const answer = Readable.from(text).once('close', finish)
      await reply.type('application/json; charset=utf-8').send(answer)
    } catch (error) {
      await records.return(undefined)
      finish()
      throw error
    }
  }

  const schema = (what: string) => ({
    ...about('Bulk', `Import ${what} from CSV`, 'registry.change'),
    consumes: ['text/csv'],
    querystring: ImportQuery,
    body: z.unknown().describe('CSV with a header row, English or Chinese column names, UTF-8 or GB 18030, up to 50 MB'),
    response: { 200: ImportReport, ...errors },
  })
  const options = { onRequest: guard.requires('registry.change'), bodyLimit: IMPORT_MAX_BYTES }

  app.post('/terminals/import', { schema: schema('terminals'), ...options, config: { act: 'terminal.import' } }, async (request, reply) => {
    await run(terminals, request.body, request.query.dryRun, whoAsks(request).username, reply)
    return reply
  })
  app.post('/meters/import', { schema: schema('meters'), ...options, config: { act: 'meter.import' } }, async (request, reply) => {
    await run(meters, request.body, request.query.dryRun, whoAsks(request).username, reply)
    return reply
  })
}
