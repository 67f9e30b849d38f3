/** Start, crash, stop and start again of the real station. */
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { startStation } from '@zhuzhan/testing'
import type { TestStation } from '@zhuzhan/testing'

const PROCESSES = ['analytics', 'crypto-machine', 'front-end-processor', 'gateway-type1', 'operator-api', 'postgres']
let station: TestStation

beforeAll(async () => { station = await startStation() }, 240_000)
afterAll(async () => { await station?.stop() }, 60_000)

/** Living processes that carry this station's folder in command line or environment. */
function leftovers(): string[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,stat='], { encoding: 'utf8' }).trim().split('\n').map((line) => line.trim().split(/\s+/))
  return lines.flatMap(([pid = '', state = '']) => (!state.startsWith('Z') && belongs(pid) ? [pid] : []))
}

function belongs(pid: string): boolean {
  try {
    const text = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8')).join('\0')
    return text.includes(station.dataDir)
  } catch {
    return false
  }
}

test('endpoints.json tells where everything is, to its owner only', async () => {
  const endpoints = station.endpoints()
  expect(Object.keys(endpoints.processes).sort()).toEqual(PROCESSES)
  expect(endpoints.gatewayHplc).toBeNull()
  expect(endpoints.gateway4g).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(endpoints.metrics).toHaveLength(5)
  for (const file of ['endpoints.json', 'secrets.json', 'master-key', 'run/supervisor.json']) expect(statSync(join(station.dataDir, file)).mode & 0o777).toBe(0o600)
  for (const address of endpoints.metrics) expect((await fetch(address)).status).toBe(200)
  expect((await station.rest.call('GET', '/api/v1/meters')).status).toBe(200)
})

test.each(PROCESSES)('%s comes back after SIGKILL, on the same ports', async (name) => {
  const before = station.endpoints()
  const pid = station.signal(name, 'SIGKILL')
  await station.restarted(name, pid)
  const after = station.endpoints()
  expect({ ...after, processes: null }).toEqual({ ...before, processes: null })
  await eventually(async () => (await station.rest.call('GET', '/api/v1/terminals')).status === 200)
}, 60_000)

test('Ctrl-C stops everything and takes endpoints.json away; the data stay', async () => {
  const body = { address: '000000000042', securityProfile: 'plain' }
  expect((await station.rest.call('POST', '/api/v1/terminals', body)).status).toBe(201)
  expect(await station.interrupt()).toBe(0)
  expect(leftovers()).toEqual([])
  expect(() => station.endpoints()).toThrow(/ENOENT/)

  const begun = Date.now()
  await station.startAgain()
  // 20 s on a machine that has nothing else to do; a busy one takes longer in proportion.
  expect(Date.now() - begun).toBeLessThan(20_000 * Math.max(1, loadavg()[0]! / cpus().length))
  expect((await station.rest.call('GET', '/api/v1/terminals/000000000042')).body).toMatchObject(body)
}, 120_000)

test('after a kill -9 of the supervisor the services leave, and a second start goes on', async () => {
  station.killSupervisor()
  await station.startAgain()
  expect((await station.rest.call('GET', '/api/v1/terminals/000000000042')).status).toBe(200)
}, 120_000)

test('a second start on the same folder says who is there and changes nothing', async () => {
  const before = station.endpoints()
  const { code, output } = await station.startBeside()
  expect(code).toBe(1)
  expect(output).toMatch(/a station is running on .* already \(process \d+\)/)
  expect(station.endpoints()).toEqual(before)
}, 60_000)

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('it did not come true within 20 s')
}
