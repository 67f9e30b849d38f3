/** Cost control on the real station: a customer runs out of money, two people approve, the meter trips, he pays, supply is allowed again. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addDays, localDay } from '@zhuzhan/core'
import { connectControl, fleetRegistry } from '@zhuzhan/fleet'
import type { ControlClient } from '@zhuzhan/fleet'
import { startStation } from '@zhuzhan/testing'
import type { StationRest, TestStation } from '@zhuzhan/testing'
import pg from 'pg'
import { until } from './wait.js'

const [POOR, PATIENT] = fleetRegistry({ terminals: 1, meters: 10, profile: 'mixed' })[0]!.meters as [string, string]

describe('cost control', () => {
  let station: TestStation
  let fleet: ControlClient
  let database: pg.Client
  let people: Record<'dispatcher' | 'approver', StationRest>
  const secret = (name: string) => ({ password: `${name}-of-the-test` })
  const post = (path: string, body?: object) => station.rest.call('POST', `/api/v1/${path}`, body)
  const account = async (id: string) => (await station.rest.call('GET', `/api/v1/cost-accounts/${id}`)).body
  const look = async (id: string) => (await post(`cost-accounts/${id}/clear-fault`)).body
  const relay = (meter: string) => fleet.ask<{ open: boolean }>('relay', { address: meter })

  beforeAll(async () => {
    station = await startStation({ ZHUZHAN_DEMO_TERMINALS: '1' })
    const { fleetControl, databaseUrl } = JSON.parse(readFileSync(join(station.dataDir, 'run/supervisor.json'), 'utf8')) as { fleetControl: string; databaseUrl: string }
    const [host, port] = fleetControl.split(':') as [string, string]
    fleet = await connectControl(host, Number(port))
    database = new pg.Client({ connectionString: databaseUrl })
    await database.connect()
    for (const role of ['dispatcher', 'approver']) expect((await post('users', { username: role, ...secret(role), roles: [role] })).status).toBe(201)
    people = { dispatcher: station.rest.as('dispatcher', 'dispatcher-of-the-test'), approver: station.rest.as('approver', 'approver-of-the-test') }
    const today = localDay(Date.now(), 480)
    const ahead = Array.from({ length: 9 }, (_, day) => addDays(today, day))
    for (const year of new Set(ahead.map((day) => day.slice(0, 4)))) {
      expect((await station.rest.call('PUT', `/api/v1/holiday-years/${year}`, { source: 'invented for tests', holidays: [], workingDays: ahead.filter((day) => day.startsWith(year)) })).status).toBe(200)
    }
    await until('the meters', 60, async () => ((await station.rest.call('GET', `/api/v1/meters/${PATIENT}`)).status === 200 && (await station.rest.call('GET', `/api/v1/meters/${POOR}`)).body.online) || undefined)
  }, 240_000)
  afterAll(async () => {
    await database?.end()
    fleet?.close()
    await station?.stop()
  }, 60_000)

  const decided = async (action: 'trip' | 'allow-close'): Promise<string> => {
    const ordered = await people.dispatcher.call('POST', '/api/v1/cost-proposals/order', { action, approver: 'approver', ...secret('dispatcher') })
    expect(ordered).toMatchObject({ status: 202, body: { ordered: 1, skipped: [] } })
    expect(await people.dispatcher.call('POST', `/api/v1/command-batches/${ordered.body.batch}/approve`, secret('dispatcher'))).toMatchObject({ status: 403, body: { code: 'SAME_PERSON' } })
    expect((await people.approver.call('POST', `/api/v1/command-batches/${ordered.body.batch}/approve`, secret('approver'))).status).toBe(200)
    return ordered.body.batch as string
  }

  test('from an empty account to the dark and back, and a protected neighbour stays on', async () => {
    const contract = {
      remoteControl: true, prices: { flat: '0.5' }, limits: { alarm1: '0', alarm2: '0', overdraft: '0', closing: '5' }, periods: { overdueDays: 1, noticeHours: 24, finalNoticeMinutes: 0 }, window: { from: 0, to: 1_440 },
    }
    const yesterday = addDays(localDay(Date.now(), 480), -1)
    for (const [id, meter] of [['poor', POOR], ['patient', PATIENT]] as const) expect((await post('cost-accounts', { account: id, meter, contract, chargedFrom: yesterday })).status).toBe(201)
    // Of the day the station has seen nothing of yet: the same row its own figures write.
    await database.query(`INSERT INTO daily_energy (meter_id, day, item, start_value, end_value, energy, state, computed_at) SELECT id, $2, $3, 0, 400, 400, 'measured', now() FROM meter WHERE address = ANY($1)
      ON CONFLICT (meter_id, day, item) DO UPDATE SET energy = 400, computed_at = now()`, [[POOR, PATIENT], yesterday, 0x00100201])
    await until('the charge of yesterday', 100, async () => (await account('patient')).charges === '200.0000' && (await account('poor')).charges === '200.0000' || undefined)

    for (let notice = 0; notice < 2; notice++) for (const id of ['poor', 'patient']) await look(id)
    for (const { id } of await station.rest.all('/api/v1/cost-notices?waiting=true')) expect((await post(`cost-notices/${id}/outcome`, { outcome: 'delivered' })).status).toBe(200)
    expect((await account('poor')).state).toBe('alarm-2')
    expect((await look('poor')).refusals.map(({ code }: { code: string }) => code)).toEqual(['OVERDUE', 'ALARM_2'])

    expect((await post('cost-protections', { kind: 'medical', scope: 'account', of: 'patient', evidence: 'ventilator' })).status).toBe(201)
    // Nobody waits three days for a test: what happened is dated back.
    await database.query(`UPDATE cost_account SET overdue_since = overdue_since - interval '3 days', episode_since = episode_since - interval '3 days', alarm2_since = alarm2_since - interval '3 days'`)
    await database.query(`UPDATE cost_notice SET created_at = created_at - interval '3 days', sent_at = sent_at - interval '3 days', delivered_at = delivered_at - interval '3 days'`)
    expect((await look('poor')).state).toBe('pending-trip')
    expect((await look('patient')).state).toBe('protected')

    await decided('trip')
    await until('the relay to open', 60, async () => (await relay(POOR)).open || undefined)
    await until('the account to know', 100, async () => (await look('poor')).state === 'tripped' || undefined)
    expect((await relay(PATIENT)).open).toBe(false)
    expect(await people.dispatcher.call('POST', `/api/v1/meters/${PATIENT}/commands`, { action: 'trip', ...secret('dispatcher') })).toMatchObject({ status: 409, body: { message: expect.stringContaining('ventilator') } })

    const paid = await post('cost-accounts/poor/payments', { number: 'bank-1', amount: '2000.5' })
    expect(paid).toMatchObject({ status: 200, body: { state: 'pending-close', balance: '1800.5000' } })
    expect((await post('cost-accounts/poor/payments', { number: 'bank-1', amount: '2000.5' })).body.balance).toBe('1800.5000')
    const closing = await decided('allow-close')
    await until('supply to be allowed', 60, async () => {
      const { state } = await look('poor')
      if (state !== 'normal') throw new Error(`${state}: ${JSON.stringify((await station.rest.call('GET', `/api/v1/commands?batch=${closing}`)).body.items)}`)
      return true
    })
    expect((await station.rest.all('/api/v1/cost-accounts/poor/ledger')).map(({ key, balance }) => [key, balance])).toEqual([[`charge/${yesterday}`, '-200.0000'], ['payment/bank-1', '1800.5000']])
  }, 400_000)
})
