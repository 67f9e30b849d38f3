import { meterModel } from '../meter/meter.js'
import { fleetRegistry } from '../run/registry.js'
import { START, startRig } from '../testing/rig.js'
import type { Rig } from '../testing/rig.js'
import { connectControl } from './client.js'
import type { ControlClient } from './client.js'
import { startControl } from './server.js'
import type { ControlServer } from './server.js'

const T1 = '000100000001'
const M1 = '200000001001'

describe('control port', () => {
  let rig: Rig
  let server: ControlServer
  let client: ControlClient
  beforeAll(async () => {
    rig = await startRig({ registry: fleetRegistry({ terminals: 3, meters: 2, profile: 'plain' }), settings: { reportSeconds: 600 } })
    server = await startControl(rig.fleet)
    client = await connectControl('127.0.0.1', server.port)
  })
  afterAll(async () => {
    client.close()
    await server.close()
    await rig.fleet.stop()
  })

  it('lists terminals in pages', async () => {
    const page = await client.ask<{ total: number; items: { address: string; link: string }[] }>('list', { offset: 1, limit: 1 })
    expect(page).toMatchObject({ total: 3, items: [{ address: '000100000002', link: 'ready', profile: 'plain', meters: 2 }] })
  })

  it('switches faults on and off', async () => {
    expect(await client.ask('fault', { address: T1, fault: 'slow', options: { ms: 5 } })).toEqual({ slow: { ms: 5 } })
    expect(await client.ask('terminal', { address: T1 })).toMatchObject({ faults: { slow: { ms: 5 } } })
    expect(await client.ask('fault', { address: T1, fault: 'slow', on: false })).toEqual({})
    await expect(client.ask('fault', { address: T1, fault: 'nonsense' })).rejects.toMatchObject({ code: 'BODY_INVALID' })
    await expect(client.ask('fault', { address: '999999999999', fault: 'slow' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('tells the truth, scaled as a station stores it', async () => {
    const time = new Date(START - 3_600_000).toISOString()
    const truth = await client.ask<{ readings: { item: string; value: string; unit: string }[] }>('truth', { address: M1, oad: '00100200', time })
    const [total] = meterModel(M1).forward(START - 3_600_000)
    expect(truth.readings[0]).toMatchObject({ item: '00100201', value: (total / 100).toFixed(2), unit: 'kWh' })
    expect(truth.readings).toHaveLength(5)
  })

  it('gives the rows of a freeze', async () => {
    const rows = await client.ask<{ time: string; readings: { item: string; value: string }[] }[]>('freeze', { address: M1, kind: 'day', n: 3, columns: ['00100201'] })
    expect(rows.map((r) => r.time)).toEqual(['2026-10-05T00:00:00+08:00', '2026-10-04T00:00:00+08:00', '2026-10-03T00:00:00+08:00'])
    expect(rows[0]!.readings).toEqual([expect.objectContaining({ item: '00100201', value: (meterModel(M1).forward(Date.parse(rows[0]!.time))[0] / 100).toFixed(2) })])
  })

  it('shows relays and lets the customer press the button', async () => {
    const { relay } = rig.fleet.device(M1)!.meter
    relay.trip(rig.now())
    expect(await client.ask('relay', { address: M1 })).toMatchObject({ open: true, intervals: [{ to: null }] })
    expect(await client.ask('button', { address: M1 })).toMatchObject({ open: true })
    relay.close(rig.now(), rig.now() + 10_000)
    expect(await client.ask('button', { address: M1 })).toMatchObject({ open: false })
  })

  it('counts, reports on demand, hangs up', async () => {
    const before = await client.ask<{ reportsMade: number; ready: number; terminals: number }>('counts')
    expect(before).toMatchObject({ terminals: 3, ready: 3 })
    await client.ask('report', { address: T1 })
    expect(await client.ask('counts')).toMatchObject({ reportsMade: before.reportsMade + 1 })
    expect(await client.ask('reports', { on: false })).toEqual({ terminals: 3 })
    await client.ask('disconnect', { address: T1, seconds: 100 })
    expect(await client.ask('counts')).toMatchObject({ ready: 2 })
    expect(await client.ask('ledger')).toMatchObject({ path: null })
  })

  it('says what is wrong with a request and goes on', async () => {
    await expect(client.ask('nonsense')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(client.ask('truth', { address: M1, oad: 'xyz' })).rejects.toMatchObject({ code: 'BODY_INVALID' })
    await expect(client.ask('truth', { address: M1, oad: '77770200' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(Object.keys(await client.ask<object>('help'))).toContain('truth')
  })
})
