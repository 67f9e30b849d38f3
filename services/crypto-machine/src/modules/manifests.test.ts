import { onEveryStore } from '../conformance/every-store.js'
import { describeManifests } from '../conformance/manifest-suite.js'
import { ask, connect, makeDevice, startMachine } from '../conformance/rig.js'
import type { RigOptions } from '../conformance/rig.js'

onEveryStore([describeManifests])

/** A device as it stands in a database from before there were modules, at a machine of these options. */
async function unbound(options: RigOptions) {
  const first = await startMachine()
  const peer = await makeDevice(first, 'S')
  first.disk.field.modules.clear()
  const rig = await startMachine({ disk: first.disk, clock: first.clock, ...options })
  const handle = await connect(rig, peer)
  const sealed = await ask(rig.port, 'manifestSeal', { handle, piid: 1 })
  const answer = (await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0)
  const opened = await ask(rig.port, 'open', { handle, apdu: answer })
  return { opened, rig, peer }
}

// Seen failing with `unbound` always 'tolerate'.
it('a device of which no modules are bound is left alone in a laboratory and suspect in production, unless said', async () => {
  expect((await unbound({})).opened).toMatchObject({ modules: { state: 'unknown', became: false } })
  expect((await unbound({ production: true })).opened).toMatchObject({ modules: { state: 'suspect', became: true, why: expect.stringContaining('no modules bound') as string } })
  expect((await unbound({ production: true, unboundModules: 'tolerate' })).opened).toMatchObject({ modules: { state: 'unknown' } })
  expect((await unbound({ unboundModules: 'suspect' })).opened).toMatchObject({ modules: { state: 'suspect' } })
})

it('key issue binds the modules of a device from before there were any', async () => {
  const { rig, peer } = await unbound({})
  expect(await ask(rig.port, 'deviceModules', { address: peer.keys.address })).toMatchObject({ state: 'unknown' })
  const again = await ask(rig.port, 'issueKeys', { address: peer.keys.address, mode: 'S' })
  expect(again.modules?.map(({ slot }) => slot)).toEqual([0, 1, 2])
  expect(await ask(rig.port, 'deviceModules', { address: peer.keys.address })).toMatchObject({ state: 'unchecked' })
  await expect(ask(rig.port, 'deviceModules', { address: '999999999999' })).rejects.toMatchObject({ code: 'DEVICE_NOT_ENROLLED' })
})

// Seen failing without the row MAC: whoever could write the table bound any module he liked.
it('a module bound by whoever can write the table makes its device suspect', async () => {
  const rig = await startMachine()
  const peer = await makeDevice(rig, 'S')
  const [id, rows] = [...rig.disk.field.modules][0] ?? [0, []]
  rig.disk.field.modules.set(id, rows.map((row) => (row.slot === 2 ? { ...row, model: Buffer.from('ZZ-PLC-9') } : row)))
  const handle = await connect(rig, peer)
  const sealed = await ask(rig.port, 'manifestSeal', { handle, piid: 1 })
  const answer = (await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0)
  expect(await ask(rig.port, 'open', { handle, apdu: answer })).toMatchObject({ modules: { state: 'suspect', why: expect.stringContaining('2 row changed outside') as string } })
})
