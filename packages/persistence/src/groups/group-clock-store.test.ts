import { randomUUID } from 'node:crypto'
import { withPostgres } from '@zhuzhan/testing'
import { listen } from '../listener.js'
import { until } from '../test-support/until.js'
import { withDatabase } from '../test-support/open.js'
import { GROUP_CLOCK_CHANNEL, createGroupClockStore } from './group-clock-store.js'

const db = withDatabase(() => postgres)
const postgres = withPostgres()
const clock = (more: object = {}) => ({
  id: randomUUID(), requestedBy: 'anna', reason: 'autumn', groupId: 'A000000000000001', agseq: 20_780, shiftSeconds: -40, server: 'AA', clientAddress: 16,
  frames: [{ apdu: 'EAA=', devices: ['000000000001', '000000000002'] }, { apdu: 'EAE=', devices: ['000000000003'] }], ...more,
})

// Seen failing without pg_notify, and with `fresh` that does not look at the age.
test('a broadcast is kept, audited and told at its commit; after ten seconds nobody gets it any more', async () => {
  const store = createGroupClockStore(db.pool)
  const told: string[] = []
  let ready = false
  const listener = listen({ url: postgres.url, channel: GROUP_CLOCK_CHANNEL, onNotify: (id) => told.push(id), onConnected: () => { ready = true } })
  try {
    await until(() => ready)
    const made = clock()
    expect(await store.add(made)).toMatchObject({ id: made.id, agseq: 20_780, shiftSeconds: -40, devices: 3, sent: 0 })
    await until(() => told.length > 0)
    expect(told).toEqual([made.id])
    const found = await store.fresh(made.id)
    expect(found?.frames).toEqual(made.frames)
    await store.sentTo(made.id, 2)
    await store.sentTo(made.id, 1)
    expect(await store.of('A000000000000001', 5)).toMatchObject([{ id: made.id, sent: 3, requestedBy: 'anna', reason: 'autumn' }])
    expect(await store.of('A000000000000002', 5)).toEqual([])
    const { rows } = await db.pool.query<{ object: string }>("SELECT object FROM audit_entry WHERE action = 'groups.clock'")
    expect(rows).toEqual([{ object: 'group/A000000000000001' }])

    await db.pool.query("UPDATE group_clock SET created_at = now() - interval '11 seconds' WHERE id = $1", [made.id])
    expect(await store.fresh(made.id)).toBeUndefined()
    expect(await store.fresh(randomUUID())).toBeUndefined()
  } finally {
    await listener.close()
  }
})
