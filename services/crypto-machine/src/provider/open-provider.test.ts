import { randomBytes } from 'node:crypto'
import { systemClock } from '@zhuzhan/core'
import { loadConfig } from '@zhuzhan/service-kit'
import pino from 'pino'
import { configSchema } from '../config.js'
import { MASTER_KEY, STATION_ID, testEngine } from '../conformance/rig.js'
import { openVault } from '../keys/vault.js'
import { createMemoryStore } from '../store/memory-store.js'
import { openProvider } from './open-provider.js'

afterAll(() => testEngine().close())

const least = { DATABASE_URL: 'postgresql://u:p@127.0.0.1/x', ZHUZHAN_CRYPTO_SECRET: 'x'.repeat(16), ZHUZHAN_MASTER_KEY_FILE: '/k' }

async function open(env: Record<string, string>) {
  const store = createMemoryStore()
  const vault = await openVault(store, MASTER_KEY, randomBytes, 16)
  await store.takeOver('test')
  const parts = { engine: testEngine(), store, vault, random: randomBytes, clock: systemClock, stationId: STATION_ID, log: pino({ level: 'silent' }) }
  return openProvider(loadConfig(configSchema, { ...least, ...env }), parts)
}

it('is the software one unless told otherwise', async () => {
  expect((await open({})).name).toBe('soft')
})

it('remote is refused with the reason and the page that describes it', async () => {
  await expect(open({ ZHUZHAN_CRYPTO_PROVIDER: 'remote' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('docs/security/remote-provider.md') as string,
  })
})

it.each(['ZHUZHAN_SDF_LIBRARY', 'ZHUZHAN_SDF_KEYS_FILE', 'ZHUZHAN_SDF_PASSWORD_FILE'])('a device needs %s', async (name) => {
  const all = { ZHUZHAN_SDF_LIBRARY: '/lib.so', ZHUZHAN_SDF_KEYS_FILE: '/keys.json', ZHUZHAN_SDF_PASSWORD_FILE: '/passwords' }
  await expect(open({ ...all, ZHUZHAN_CRYPTO_PROVIDER: 'sdf', [name]: '' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `${name} is needed with ZHUZHAN_CRYPTO_PROVIDER=sdf`,
  })
})

it('no other provider is known', () => {
  expect(() => loadConfig(configSchema, { ...least, ZHUZHAN_CRYPTO_PROVIDER: 'pkcs11' })).toThrow('ZHUZHAN_CRYPTO_PROVIDER must be one of soft, sdf, remote')
})
