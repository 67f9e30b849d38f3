import { withPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { REPORT, REPORT_RESPONSE, ask, connect, exchange, makeDevice, startMachine, testEngine } from '../conformance/rig.js'
import { describeAuthorityStore } from '../conformance/authority-store-suite.js'
import { describeModuleStore } from '../conformance/module-store-suite.js'
import { freshMemory, freshPostgres } from '../conformance/fresh-store.js'
import { describeStore } from '../conformance/store-suite.js'
import { describeReportStore } from '../conformance/report-store-suite.js'
import { describeGroupStore } from '../conformance/group-store-suite.js'
import { createMemoryStore, memoryDisk } from './memory-store.js'
import { createPgStore } from './pg-store.js'

const disk = memoryDisk()
describeStore('in memory', async () => createMemoryStore(disk))
describeAuthorityStore('in memory', async () => createMemoryStore(disk))
describeGroupStore('in memory', async () => createMemoryStore(disk))
describeReportStore('in memory', async () => createMemoryStore(disk))
describeModuleStore('in memory', freshMemory)

describe('with a real database', () => {
  const db = withPostgres()
  const pools: pg.Pool[] = []
  const pool = () => {
    const made = new pg.Pool({ connectionString: db.url, max: 3 })
    made.on('error', () => undefined)
    pools.push(made)
    return made
  }
  afterAll(async () => {
    for (const made of pools) await made.end()
    testEngine().close()
  })

  describeStore('in PostgreSQL', async () => createPgStore(pool()))
  describeAuthorityStore('in PostgreSQL', async () => createPgStore(pool()))
  describeGroupStore('in PostgreSQL', async () => createPgStore(pool()))
  let shared: pg.Pool | undefined
  describeReportStore('in PostgreSQL', async () => createPgStore((shared ??= pool())))
  describeModuleStore('in PostgreSQL', freshPostgres(pool))

  it('refuses changes of key events', async () => {
    const client = pool()
    await expect(client.query('DELETE FROM crypto_machine.key_event')).rejects.toThrow('append only')
    await expect(client.query('TRUNCATE crypto_machine.key_event')).rejects.toThrow('append only')
  })

  it('runs the machine; a second process takes over and the first stops serving', async () => {
    const client = pool()
    await client.query('TRUNCATE crypto_machine.root_key, crypto_machine.own_key, crypto_machine.machine')
    const first = await startMachine({ store: createPgStore(client) })
    const peer = await makeDevice(first, 'F', '700000000001')
    expect(await exchange(first, peer, await connect(first, peer))).toMatchObject({ seq: 0 })
    const second = await startMachine({ store: createPgStore(pool()), clock: first.clock })
    await expect(connect({ port: first.port }, peer).then(() => connect({ port: first.port }, peer))).resolves.toBeDefined() // counters already reserved: harmless gaps
    for (let i = 0; i < 8 && first.machine.serving; i++) await connect(first, peer).catch(() => undefined)
    expect(first.machine.serving).toBe(false)
    await expect(ask(first.port, 'status', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    first.clock.advance(10_000)
    expect(await exchange(second, peer, await connect(second, peer))).toMatchObject({ seq: 0 })
    const { rows } = await client.query<{ wrapped: Buffer }>('SELECT wrapped FROM crypto_machine.root_key')
    expect(rows).toHaveLength(12)
    expect(rows.every(({ wrapped }) => wrapped.length === 1 + 12 + 16 + 16)).toBe(true)
  })

  // Mutation seen failing: without the trigger report_windows_go the window stays.
  it('lets the windows of reports go with their device, and no others', async () => {
    const [client, store] = [pool(), createPgStore(pool())]
    const rig = await startMachine({ store })
    for (const number of ['700000000003', '700000000004']) {
      const peer = await makeDevice(rig, 'S', number)
      const { token } = await ask(rig.port, 'openReport', { address: number, apdu: (await peer.device.sealReport(REPORT)).apdu })
      await ask(rig.port, 'confirmReport', { address: number, token, apdu: REPORT_RESPONSE })
    }
    // A start folds what is on record.
    const again = await startMachine({ store: createPgStore(client), clock: rig.clock })
    await connect(again, await makeDevice(again, 'S', '700000000004'))
    await client.query("DELETE FROM crypto_machine.device WHERE address = '700000000003'")
    const { rows } = await client.query('SELECT d.address FROM crypto_machine.report_window w LEFT JOIN crypto_machine.device d ON d.id = w.device_id WHERE d.id IS NULL OR d.address = ANY ($1)', [['700000000003', '700000000004']])
    expect(rows).toEqual([{ address: '700000000004' }])
  })

  it('says UNAVAILABLE while the database is away, and goes on after it', async () => {
    const rig = await startMachine({ store: createPgStore(pool()) })
    const peer = await makeDevice(rig, 'S', '700000000002')
    const handle = await connect(rig, peer)
    await db.kill()
    expect(await exchange(rig, peer, handle)).toMatchObject({ seq: 0 }) // live sessions need no database
    const unavailable = []
    for (let i = 0; i < 9; i++)
      unavailable.push(
        await connect(rig, peer).then(
          () => 'ok',
          (error: { code: string }) => error.code,
        ),
      )
    expect(unavailable).toContain('UNAVAILABLE')
    expect(new Set(unavailable)).toEqual(new Set(['ok', 'UNAVAILABLE']))
    await db.restart()
    const again = await connect(rig, peer).catch(() => connect(rig, peer))
    expect(await exchange(rig, peer, again)).toMatchObject({ seq: 0 })
  }, 30_000)
})
