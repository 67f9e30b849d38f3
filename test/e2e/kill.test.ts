import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectControl, fleetRegistry } from '@zhuzhan/fleet'
import type { ControlClient } from '@zhuzhan/fleet'
import { freePorts } from '@zhuzhan/supervisor'
import { PROJECT, startStation } from '@zhuzhan/testing'
import type { TestStation } from '@zhuzhan/testing'
import { oadNumber } from '@zhuzhan/core'
import pg from 'pg'
import { until } from './wait.js'

/** Must hold whichever single process dies: what was acknowledged to a terminal is in PostgreSQL, once. */
const VICTIMS = ['gateway-type1', 'front-end-processor', 'crypto-machine', 'analytics', 'operator-api', 'postgres'] as const
const REGISTRY = fleetRegistry({ terminals: 20, meters: 10, profile: 'plain' })
const SECONDS = 60

interface LedgerLine { readings: [meter: string, item: string, time: string, value: string][] }

let station: TestStation
let fleet: ReturnType<typeof spawn>
let control: ControlClient
let ledger: string

beforeAll(async () => {
  station = await startStation()
  const rows = (header: string, lines: string[]) => [header, ...lines, ''].join('\n')
  expect((await station.rest.call('POST', '/api/v1/terminals/import', rows('address,securityProfile', REGISTRY.map(({ address }) => `${address},plain`)))).body).toMatchObject({ refused: 0 })
  expect((await station.rest.call('POST', '/api/v1/meters/import', rows('address,terminal', REGISTRY.flatMap(({ address, meters }) => meters.map((meter) => `${meter},${address}`))))).body).toMatchObject({ refused: 0 })
  ledger = join(station.dataDir, 'ledger.ndjson')
  const [port = 0] = await freePorts(1)
  fleet = spawn(process.execPath, [
    join(PROJECT, 'packages/fleet/dist/main.js'), '--gateway', station.endpoints().gateway4g, '--terminals', '20', '--meters', '10', '--report-seconds', '1',
    '--ledger', ledger, '--state', join(station.dataDir, 'fleet-of-the-test'), '--control', `127.0.0.1:${port}`,
  ], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } })
  control = await until('the control port of the fleet', 30, () => connectControl('127.0.0.1', port))
}, 240_000)

afterAll(async () => {
  control?.close()
  fleet?.kill('SIGTERM')
  await station?.stop()
}, 60_000)

test(`SIGKILL of each service and of PostgreSQL in turn while 200 meters report every second for ${SECONDS} s`, async () => {
  const endsAt = Date.now() + SECONDS * 1_000
  const kills: string[] = []
  for (let turn = 0; Date.now() < endsAt; turn += 1) {
    await sleep(4_000)
    const victim = VICTIMS[turn % VICTIMS.length]!
    const pid = station.signal(victim, 'SIGKILL')
    kills.push(victim)
    await station.restarted(victim, pid)
  }
  expect(new Set(kills)).toEqual(new Set(VICTIMS))

  await control.ask('reports', { on: false })
  await until('confirmation of every report', 120, async () => ((await control.ask<{ reportsWaiting: number }>('counts')).reportsWaiting === 0 ? true : undefined))
  await control.ask('ledger')
  const acknowledged = new Map<string, string>()
  for (const line of readFileSync(ledger, 'utf8').trim().split('\n')) {
    for (const [meter, item, time, value] of (JSON.parse(line) as LedgerLine).readings) acknowledged.set(`${meter}/${oadNumber(item) | 0}/${Date.parse(time)}`, value)
  }

  const { databaseUrl } = JSON.parse(readFileSync(join(station.dataDir, 'run/supervisor.json'), 'utf8')) as { databaseUrl: string }
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const compare = async () => {
      const { rows } = await client.query<{ address: string; item: number; time: Date; value: string }>(
        "SELECT m.address, r.item, r.time, r.value::text FROM reading_value r JOIN meter m ON m.id = r.meter_id WHERE r.source = 'report'")
      const stored = new Map<string, string>()
      let doubled = 0
      let different = 0
      for (const { address, item, time, value } of rows) {
        const key = `${address}/${item}/${time.getTime()}`
        if (stored.has(key)) doubled += 1
        stored.set(key, value)
        const told = acknowledged.get(key)
        if (told !== undefined && told !== value) different += 1
      }
      const lost = [...acknowledged.keys()].filter((key) => !stored.has(key)).length
      return { acknowledged: acknowledged.size, stored: stored.size, lost, doubled, different }
    }
    const settledAt = Date.now()
    const result = await until('the queue to drain', 60, async () => {
      const now = await compare()
      if (now.lost > 0) throw new Error(JSON.stringify(now))
      return now
    })
    process.stderr.write(`kill test: ${JSON.stringify({ ...result, caughtUpSeconds: Math.round((Date.now() - settledAt) / 1000), kills: kills.length })}\n`)
    expect(result).toMatchObject({ lost: 0, doubled: 0, different: 0 })
    expect(result.acknowledged).toBeGreaterThan(1_000)
    const conflicts = await client.query('SELECT count(*)::int AS count FROM reading_conflict')
    expect(conflicts.rows[0]).toEqual({ count: 0 })
  } finally {
    await client.end()
  }
}, 420_000)
