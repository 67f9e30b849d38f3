import { randomBytes } from 'node:crypto'
import { systemClock } from '@zhuzhan/core'
import { withFakeDevice, wrapForFake } from '../conformance/fake-device.js'
import { describeProvider } from '../conformance/provider-suite.js'
import { MASTER_KEY, STATION_ID, testEngine } from '../conformance/rig.js'
import { LABORATORY_KEYS, openSdf, startSdf } from '../conformance/sdf-rig.js'
import { openVault } from '../keys/vault.js'
import { createMemoryStore, memoryDisk } from '../store/memory-store.js'
import type { MemoryDisk } from '../store/memory-store.js'
import { createSoftProvider } from './soft-provider.js'

afterAll(() => testEngine().close())

async function openSoft(disk: MemoryDisk, root?: Buffer) {
  const store = createMemoryStore(disk)
  const vault = await openVault(store, MASTER_KEY, randomBytes, 16)
  await store.takeOver('test')
  const rooms = (['session', 'report'] as const).map((purpose) => ({ keyState: 1, keyVersion: 1, purpose }))
  const rows = rooms.map((name) => ({
    ...name,
    wrapped: vault.wrap(`root-key/1/1/${name.purpose}`, name.purpose === 'session' && root ? root : randomBytes(16)),
  }))
  if (root) await store.addRootKeys(rows, { kind: 'test', subject: 'roots' })
  return createSoftProvider({ engine: testEngine(), store, vault, random: randomBytes, clock: systemClock, stationId: STATION_ID })
}

describeProvider('in software', {
  open: async (root) => {
    const disk = memoryDisk()
    return { disk, provider: await openSoft(disk, root) }
  },
  reopen: (disk) => openSoft(disk),
  rig: {},
})

const fake = withFakeDevice()
if (fake) {
  fake.control()
  const keysWith = (root: Buffer) => ({
    ...LABORATORY_KEYS,
    roots: LABORATORY_KEYS.roots.map((row) => (row.purpose === 'session' ? { ...row, wrapped: wrapForFake(row.index, root).toString('hex') } : row)),
  })
  describeProvider('in a cipher device', {
    open: async (root) => {
      const provider = await startSdf(fake, { keys: keysWith(root) })
      return { provider, disk: provider.disk }
    },
    reopen: (disk) => startSdf(fake, { disk }),
    rig: { openProvider: openSdf(fake) },
  })
}

// Switched off (no comparison in soft-provider.ts), whoever writes the database names an authority of his own.
test('an authority whose certificate was exchanged in the database opens nothing', async () => {
  const disk = memoryDisk()
  await openSoft(disk)
  const of = (name: string) => disk.ownKeys.find((row) => row.name === name)?.certificate
  disk.ownKeys = disk.ownKeys.map((row) => (row.name === 'device-ca' ? { ...row, certificate: of('station-ca') } : row))
  await expect(openSoft(disk)).rejects.toMatchObject({ code: 'ENGINE_FAULT' })
})
