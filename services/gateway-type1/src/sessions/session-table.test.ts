import { withPostgres } from '@zhuzhan/testing'
import { openDatabase } from '@zhuzhan/persistence'
import type { Database } from '@zhuzhan/persistence'
import { LINK_SECRET, startGateway } from '../test-support/in-process.js'
import type { RunningGateway } from '../test-support/in-process.js'
import { dialGateway } from '../test-support/link-client.js'
import type { LinkClient } from '../test-support/link-client.js'
import { dialTerminalPort } from '../test-support/terminal-client.js'
import type { TerminalClient } from '../test-support/terminal-client.js'
import { until } from '../test-support/until.js'

const ADDRESSES = ['000000000001', '000000000002', '000000000003']

let database: Database
afterAll(() => database.close())
const server = withPostgres()
const running: { gateways: RunningGateway[]; frontEnds: LinkClient[]; terminals: TerminalClient[] } = { gateways: [], frontEnds: [], terminals: [] }

beforeAll(async () => {
  database = openDatabase({ url: server.url })
  await database.pool.query(`INSERT INTO terminal (address, security_profile) SELECT a, 'plain' FROM unnest($1::text[]) AS a`, [ADDRESSES])
})
afterEach(async () => {
  for (const terminal of running.terminals.splice(0)) terminal.hangUp()
  for (const frontEnd of running.frontEnds.splice(0)) frontEnd.end()
  for (const gateway of running.gateways.splice(0)) await gateway.stop()
})

const start = async (id = 'gw-1'): Promise<{ gateway: RunningGateway; frontEnd: LinkClient }> => {
  const gateway = await startGateway({ url: server.url, id })
  running.gateways.push(gateway)
  const frontEnd = await dialGateway(gateway.linkUrl, { secret: LINK_SECRET })
  running.frontEnds.push(frontEnd)
  return { gateway, frontEnd }
}
/** Logs a terminal in; the front end takes it. */
const serve = async ({ gateway, frontEnd }: Awaited<ReturnType<typeof start>>, address: string): Promise<TerminalClient> => {
  const terminal = await dialTerminalPort(gateway.port, address)
  running.terminals.push(terminal)
  expect(await terminal.link('login')).toBe(0)
  await until(() => frontEnd.heard.opened.some((one) => one.open.address === address))
  frontEnd.bind(frontEnd.heard.opened.find((one) => one.open.address === address)!.connection, 'plain')
  return terminal
}
const table = async (): Promise<string[]> => (await database.pool.query<{ row: string }>(
  `SELECT address || ' at ' || gateway_id || CASE WHEN routed THEN ' by ' || frontend_id ELSE '' END AS row FROM terminal_session ORDER BY 1`)).rows.map((one) => one.row)
const shows = (...rows: string[]): Promise<void> => until(async () => JSON.stringify(await table()) === JSON.stringify(rows), 20_000)

test('the table says who is served by whom, and forgets who left and who stopped', async () => {
  const station = await start()
  await serve(station, '000000000001')
  const second = await serve(station, '000000000002')
  await shows('000000000001 at gw-1 by fep-1', '000000000002 at gw-1 by fep-1')
  second.hangUp()
  await shows('000000000001 at gw-1 by fep-1')
  await running.gateways.pop()?.stop()
  expect(await table()).toEqual([])
})

test('after a gateway died and came back its table shows the new life only', async () => {
  const former = await start()
  await serve(former, '000000000001')
  await serve(former, '000000000002')
  await shows('000000000001 at gw-1 by fep-1', '000000000002 at gw-1 by fep-1')
  // The former process hangs rather than dies: it stays, with its sockets and its timers.
  const latter = await start()
  expect(await table()).toEqual([])
  await serve(latter, '000000000002')
  await serve(former, '000000000003')
  await shows('000000000002 at gw-1 by fep-1')
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(await table()).toEqual(['000000000002 at gw-1 by fep-1'])
})

test('after the database was away the table is true again within seconds, whatever happened meanwhile', async () => {
  const station = await start()
  const other = await start('gw-2')
  // What a gateway knows of terminals it forgets when it begins to listen for changes; that may come after its first login.
  await until(async () => (await database.pool.query("SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND state = 'idle'")).rowCount === 2)
  // It has seen the terminal before; an address it never saw would have to come again, for without the registry nobody is let in.
  const earlier = await serve(other, '000000000002')
  earlier.hangUp()
  await until(() => other.frontEnd.heard.closed.length === 1)
  other.frontEnd.heard.opened.length = 0
  await serve(station, '000000000001')
  const leaving = await serve(station, '000000000002')
  await shows('000000000001 at gw-1 by fep-1', '000000000002 at gw-1 by fep-1')
  await server.kill()
  // Terminals go on: the registry knows them, and their frames do not wait for the table.
  leaving.hangUp()
  await serve(other, '000000000002')
  await server.restart()
  await shows('000000000001 at gw-1 by fep-1', '000000000002 at gw-2 by fep-1')
}, 60_000)
