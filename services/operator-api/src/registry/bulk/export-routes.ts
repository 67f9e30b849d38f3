import { Readable } from 'node:stream'
import { offsetText } from '@zhuzhan/core'
import { listMeters, listTerminals } from '@zhuzhan/persistence'
import type { MeterView, Page, TerminalView } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { csvLine } from '../../http/csv.js'
import { about, errors } from '../../http/route.js'
import type { RegistryRoutesDeps } from '../terminal-routes.js'

const PAGE = 1_000

const TERMINAL_HEAD = ['address', 'name', 'securityProfile', 'mode', 'area', 'utcOffset', 'createdAt', 'online'] as const
const terminalLine = (terminal: TerminalView): string => csvLine([
  terminal.address, terminal.name, terminal.securityProfile, terminal.mode, terminal.area, offsetText(terminal.utcOffsetMinutes), terminal.createdAt.toISOString(), String(terminal.session !== null),
], new Set([5]))

const METER_HEAD = ['address', 'terminal', 'name', 'securityProfile', 'mode', 'area', 'ctRatio', 'ptRatio', 'tariff', 'createdAt', 'online'] as const
const meterLine = (meter: MeterView): string => csvLine([
  meter.address, meter.terminal, meter.name, meter.securityProfile, meter.mode, meter.area, meter.ctRatio, meter.ptRatio, meter.tariff, meter.createdAt.toISOString(), String(meter.online),
])

/** The registry as CSV files; an import of such a file creates the same again. */
export const exportRoutes = ({ pool, guard }: Omit<RegistryRoutesDeps, 'production'>): FastifyPluginAsyncZod => async (app) => {
  const schema = (what: string) => ({
    ...about('Bulk', `Export all ${what} as CSV`, 'read'),
    response: { 200: { description: 'CSV', content: { 'text/csv': { schema: z.string() } } }, ...errors },
  })
  const onRequest = guard.requires('read')

  app.get('/terminals/export', { schema: schema('terminals'), onRequest }, async (_request, reply) => {
    const pages = byAddress((after) => listTerminals(pool, { after, limit: PAGE }))
    return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="terminals.csv"').send(Readable.from(lines(TERMINAL_HEAD, pages, terminalLine)) as never)
  })
  app.get('/meters/export', { schema: schema('meters'), onRequest }, async (_request, reply) => {
    const pages = byAddress((after) => listMeters(pool, { after, limit: PAGE }))
    return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="meters.csv"').send(Readable.from(lines(METER_HEAD, pages, meterLine)) as never)
  })
}

/** Page after page by keyset, so that no cursor stays open in the database while a slow caller reads. */
async function* byAddress<T extends { address: string }>(page: (after: string | undefined) => Promise<Page<T>>): AsyncGenerator<T[]> {
  let after: string | undefined
  for (;;) {
    const { rows, more } = await page(after)
    yield rows
    if (!more) return
    after = rows.at(-1)?.address
  }
}

async function* lines<T>(head: readonly string[], pages: AsyncIterable<T[]>, line: (row: T) => string): AsyncGenerator<string> {
  yield csvLine(head)
  for await (const rows of pages) yield rows.map(line).join('')
}
