import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectControl, fleetRegistry } from '@zhuzhan/fleet'
import type { ControlClient } from '@zhuzhan/fleet'
import { startStation } from '@zhuzhan/testing'
import type { StationRest, TestStation } from '@zhuzhan/testing'
import { until } from './wait.js'

/** One terminal of each profile of the demo: plain, sm S, plain, sm F. */
const DEMO = fleetRegistry({ terminals: 4, meters: 10, profile: 'mixed' })
const PLAIN = DEMO[0]!
const SECURED = DEMO[1]!
const SECURED_F = DEMO[3]!
const METERS = DEMO.flatMap((terminal) => terminal.meters)

const passwordOf = (role: string) => ({ password: `${role}-of-the-test` })

interface TruthRow { time: string; readings: { item: string; value: string; unit: string }[] }

/** The whole station as processes, with the demo fleet on real sockets: from a terminal's socket to an operator's answer and back to the relay. */
export function stationSuite(name: string, env: () => Record<string, string>): void {
  describe(`the station on ${name}`, () => {
    let station: TestStation
    let fleet: ControlClient
    let people: { dispatcher: StationRest; approver: StationRest }

    beforeAll(async () => {
      station = await startStation({ ZHUZHAN_DEMO_TERMINALS: '4', ...env() })
      const { fleetControl } = JSON.parse(readFileSync(join(station.dataDir, 'run/supervisor.json'), 'utf8')) as { fleetControl: string }
      const [host, port] = fleetControl.split(':') as [string, string]
      fleet = await connectControl(host, Number(port))
      for (const role of ['dispatcher', 'approver']) {
        expect((await station.rest.call('POST', '/api/v1/users', { username: role, ...passwordOf(role), roles: [role] })).status).toBe(201)
      }
      people = { dispatcher: station.rest.as('dispatcher', 'dispatcher-of-the-test'), approver: station.rest.as('approver', 'approver-of-the-test') }
    }, 240_000)
    afterAll(async () => {
      fleet?.close()
      await station?.stop()
    }, 60_000)

    const readings = (meter: string, query = '') => station.rest.all(`/api/v1/meters/${meter}/readings?limit=1000${query}`)
    const command = async (id: string) => (await station.rest.call('GET', `/api/v1/commands/${id}`)).body
    const inState = (id: string, ...states: string[]) => until(`state ${states.join('/')} of ${id}`, 100, async () => {
      const now = await command(id)
      if (!states.includes(now.state)) throw new Error(`${now.state}: ${JSON.stringify(now.steps)}`)
      return now
    })
    const trip = async (meter: string, action = 'trip') => {
      const asked = await people.dispatcher.call('POST', `/api/v1/meters/${meter}/commands`, { action, reason: 'test of the relay', ...passwordOf('dispatcher') })
      expect(asked).toMatchObject({ status: 202, body: { state: 'awaiting_approval', approver: 'approver' } })
      return asked.body.id as string
    }
    const approve = async (id: string, more: object = {}) =>
      expect(await people.approver.call('POST', `/api/v1/commands/${id}/approve`, { ...passwordOf('approver'), ...more })).toMatchObject({ status: 200, body: { decidedBy: 'approver' } })

    test('every demo meter is read within 90 s', async () => {
      await until('a reading of every meter', 90, async () => {
        for (const meter of METERS) if ((await station.rest.call('GET', `/api/v1/meters/${meter}/readings?limit=1`)).body.items.length === 0) return undefined
        return true
      })
    }, 100_000)

    test('both OSP-1 modes hold a secured session', async () => {
      await until('sessions S and F', 60, async () => {
        const { items } = (await station.rest.call('GET', '/api/v1/terminals?limit=50')).body
        const found = items.map((terminal: { session: { security: string } | null }) => terminal.session?.security)
        return ['plain', 'S', 'F'].every((security) => found.includes(security)) || undefined
      })
    }, 70_000)

    test('the clock of every plain meter is read, and is the station\'s as far as the reading is certain', async () => {
      const clocks = await until('a clock of every meter', 60, async () => {
        const last = await Promise.all(PLAIN.meters.map(async (meter) => (await station.rest.call('GET', `/api/v1/meters/${meter}/clock?limit=1`)).body.items[0]))
        return last.every((one) => one && one.deviationSeconds !== null) ? last : undefined
      })
      expect(clocks.filter(({ deviationSeconds, uncertaintySeconds }) => Math.abs(deviationSeconds) > uncertaintySeconds + 0.05)).toEqual([])
      expect((await station.rest.call('GET', '/api/v1/energy/clocks')).body.items).toEqual([])
    }, 70_000)

    test('values at freeze times equal the virtual meters\' own registers: all of them', async () => {
      // Day freezes of every meter are there once the first pass is through.
      await until('day freezes of every meter', 90, async () => {
        for (const meter of METERS) if ((await readings(meter, '&item=00100201')).length < 30) return undefined
        return true
      })
      let compared = 0
      const wrong: object[] = []
      for (const meter of METERS) {
        const truth = new Map<string, { value: string; unit: string }>()
        for (const [kind, n] of [['minute', 3_000], ['day', 62], ['month', 13]] as const) {
          for (const row of await fleet.ask<TruthRow[]>('freeze', { address: meter, kind, n })) {
            for (const { item, value, unit } of row.readings) truth.set(`${Date.parse(row.time)}/${item}`, { value, unit })
          }
        }
        for (const reading of await readings(meter)) {
          if (reading.quality === 'received-time') continue
          const expected = truth.get(`${Date.parse(reading.time)}/${reading.item}`)
          if (expected === undefined) continue
          compared += 1
          // One assertion for all: a hundred thousand of them would take longer than the station.
          if (reading.value !== expected.value || reading.unit !== expected.unit || !['terminal', 'recollected'].includes(reading.quality)) wrong.push({ ...reading, expected })
        }
      }
      process.stderr.write(`compared ${compared} readings of ${METERS.length} meters with the meters' own registers (${name})\n`)
      expect(wrong).toEqual([])
      expect(compared).toBeGreaterThan(METERS.length * 100)
    }, 240_000)

    test('a trip waits for another person, moves the relay, is read back, and every step is audited', async () => {
      const meter = PLAIN.meters[0]!
      const id = await trip(meter)
      expect(await people.dispatcher.call('POST', `/api/v1/commands/${id}/approve`, {})).toMatchObject({ status: 403, body: { code: 'SAME_PERSON' } })
      expect(await fleet.ask('relay', { address: meter })).toMatchObject({ open: false })
      await approve(id, { reason: 'seen' })
      const done = await inState(id, 'verified')
      expect(done.steps.map((step: { state: string }) => step.state)).toEqual(['accepted', 'awaiting_approval', 'approved', 'queued', 'sent', 'confirmed', 'verified'])
      expect(await fleet.ask('relay', { address: meter })).toMatchObject({ open: true })

      const log = (await station.rest.all('/api/v1/audit-log?limit=500')).filter((entry) => entry.object === `command/${id}`)
      const acts = log.map((entry) => entry.action).sort()
      expect(acts).toEqual(expect.arrayContaining(['command.accepted', 'command.approved', 'command.confirmed', 'command.queued', 'command.sent', 'command.verified']))
      expect(log.find((entry) => entry.action === 'command.approved')).toMatchObject({ actor: 'approver', reason: 'seen' })
      expect(log.find((entry) => entry.action === 'command.accepted')).toMatchObject({ actor: 'dispatcher', reason: 'test of the relay' })

      const back = await trip(meter, 'close')
      await approve(back)
      await inState(back, 'verified')
      expect(await fleet.ask('relay', { address: meter })).toMatchObject({ open: false })
    }, 120_000)

    test.each([['acted before it died', 1, 'verified', true], ['died before it acted', 0, 'expired', false]])('a terminal that %s leaves unknown, is never sent to again, and its return settles it', async (_what, acted, settled, open) => {
      const meter = PLAIN.meters[1 + acted]!
      await fleet.ask('fault', { address: PLAIN.address, fault: 'die-after-receive', on: true, options: { seconds: 4, acted, times: 1 } })
      const id = await trip(meter)
      await approve(id)
      await inState(id, 'unknown')
      const done = await inState(id, settled)
      expect(done.steps.filter((step: { state: string }) => step.state === 'sent')).toHaveLength(1)
      expect(await fleet.ask('relay', { address: meter })).toMatchObject({ open })
    }, 220_000)

    test.each([['S', SECURED], ['F', SECURED_F]])('a trip through a terminal of mode %s goes by a ticket that both people have signed, and never without', async (_mode, terminal) => {
      const meter = terminal.meters[0]!
      const { status, body } = await people.dispatcher.call('POST', `/api/v1/meters/${meter}/commands`, { action: 'trip' })
      expect({ status, state: body.state }).toEqual({ status: 202, state: 'accepted' })
      expect(JSON.stringify(body.words)).toMatch(new RegExp(`跳闸.*${meter}|${meter}.*跳闸`))
      // Unsigned, signed by one, or by one with another's password: nothing goes on.
      expect((await people.approver.call('POST', `/api/v1/commands/${body.id}/approve`, passwordOf('approver'))).status).toBe(409)
      expect((await people.dispatcher.call('POST', `/api/v1/commands/${body.id}/sign`, passwordOf('approver'))).status).toBe(401)
      expect((await people.dispatcher.call('POST', `/api/v1/commands/${body.id}/sign`, passwordOf('dispatcher'))).status).toBe(200)
      expect(await fleet.ask('relay', { address: meter })).toMatchObject({ open: false })
      await approve(body.id)
      await inState(body.id, 'verified')
      expect(await fleet.ask('relay', { address: meter })).toMatchObject({ open: true })
      const back = await trip(meter, 'close')
      await approve(back)
      await inState(back, 'verified')
      expect(await fleet.ask('relay', { address: meter })).toMatchObject({ open: false })
    }, 120_000)

    test('a read through a secured terminal comes back with its value', async () => {
      const { body } = await station.rest.call('POST', `/api/v1/meters/${SECURED.meters[0]}/commands`, { action: 'read', oads: ['20000201'] })
      const done = await inState(body.id, 'confirmed', 'expired')
      expect(done).toMatchObject({ state: 'confirmed', result: { readings: [{ item: '20000201', unit: 'V' }] } })
    }, 70_000)

    test('a second start keeps the data and is ready in under 20 s', async () => {
      const before = (await readings(METERS[0]!, '&item=00100201')).length
      fleet.close()
      expect(await station.interrupt()).toBe(0)
      const startedAt = performance.now()
      await station.startAgain()
      const seconds = (performance.now() - startedAt) / 1000
      process.stderr.write(`second start on ${name}: ${seconds.toFixed(1)} s\n`)
      expect(seconds).toBeLessThan(20)
      expect((await readings(METERS[0]!, '&item=00100201')).length).toBeGreaterThanOrEqual(before)
    }, 120_000)

    test('no secret of the station stands in any log', async () => {
      const secrets = Object.values(JSON.parse(readFileSync(join(station.dataDir, 'secrets.json'), 'utf8')) as Record<string, string>).filter((secret) => typeof secret === 'string' && secret.length >= 16)
      const keys = readFileSync(join(station.dataDir, 'fleet/keys.json'), 'utf8')
      const deviceKeys = [...keys.matchAll(/"(?:session|report|group|transport|pairing|firmware)":\s*"([0-9A-Fa-f]{32})"/g)].map(([, key]) => key as string)
      expect(secrets.length).toBeGreaterThan(2)
      expect(deviceKeys.length).toBeGreaterThanOrEqual(12)
      const logs = readdirSync(join(station.dataDir, 'logs')).map((file) => readFileSync(join(station.dataDir, 'logs', file), 'utf8')).join('\n') + station.output()
      for (const secret of [...secrets, ...deviceKeys]) expect(logs.toLowerCase().includes(secret.toLowerCase())).toBe(false)
    }, 30_000)
  })
}
