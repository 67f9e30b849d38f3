import { randomBytes } from 'node:crypto'
import { systemClock } from '@zhuzhan/core'
import pino from 'pino'
import { openVault } from '../keys/vault.js'
import type { KeyProvider } from '../provider/provider.js'
import type { SoftProviderOptions } from '../provider/soft-provider.js'
import type { AgreementLimits } from '../provider/sdf/agreements.js'
import type { DeviceLimits } from '../provider/sdf/device.js'
import { createSdfProvider } from '../provider/sdf/sdf-provider.js'
import { createMemoryStore, memoryDisk } from '../store/memory-store.js'
import type { MemoryDisk } from '../store/memory-store.js'
import { withFakeDevice } from './fake-device.js'
import type { FakeDevice } from './fake-device.js'
import { MASTER_KEY, STATION_ID, testEngine } from './rig.js'

/** Root keys of state 1, version 1, each under a KEK of its own, made by the device. */
const ROOTS = ['session', 'report', 'group', 'transport', 'pairing', 'firmware'].map((purpose, i) => ({
  keyState: 1,
  keyVersion: 1,
  purpose,
  index: i + 1,
}))

export const LABORATORY_KEYS = { station: 1, audit: 2, stationAuthority: 3, deviceAuthority: 4, roots: ROOTS }
export const PASSWORDS = '# SM2 keys of the fake device\n1 fake-pin\n2 fake-pin\n3 fake-pin\n4 fake-pin\n100 fake-pin\n'

/** Short enough for tests, long enough for a busy machine. */
const LIMITS: Partial<DeviceLimits> = { callMs: 2_000, probeMs: 150, backoffMs: { first: 50, last: 200 }, deniedMs: 1_000, waitMs: 5_000 }

export interface SdfRigOptions {
  disk?: MemoryDisk
  libraryPath?: string
  model?: string
  keys?: object
  passwords?: string
  sessions?: number
  limits?: Partial<DeviceLimits>
  agreements?: Partial<AgreementLimits>
  production?: boolean
}

/** A provider over the fake device, on a store in memory: give the same disk again for a restart. */
export async function startSdf(fake: FakeDevice, options: SdfRigOptions = {}): Promise<KeyProvider & { disk: MemoryDisk }> {
  const { disk = memoryDisk() } = options
  const store = createMemoryStore(disk)
  const vault = await openVault(store, MASTER_KEY, randomBytes, 16)
  await store.takeOver('test')
  const parts = { engine: testEngine(), store, vault, random: randomBytes, clock: systemClock, stationId: STATION_ID }
  return { ...(await openSdf(fake, options)(parts)), disk }
}

/** The same for `startMachine`, which brings the other parts. */
export function openSdf(fake: FakeDevice, options: SdfRigOptions = {}): (parts: SoftProviderOptions) => Promise<KeyProvider> {
  return (parts) =>
    createSdfProvider({
      ...parts,
      libraryPath: options.libraryPath ?? fake.libraryPath,
      program: fake.program,
      model: options.model ?? 'gmt0018',
      keysFile: fake.file('keys.json', JSON.stringify(options.keys ?? LABORATORY_KEYS)),
      passwordFile: fake.file('passwords', options.passwords ?? PASSWORDS),
      sessions: options.sessions ?? 3,
      production: options.production ?? false,
      log: pino({ level: 'silent' }),
      limits: { ...LIMITS, ...options.limits },
      agreements: options.agreements ?? {},
    })
}

/** Wait until the provider serves, or does not. @throws Error after the limit */
export async function until(provider: KeyProvider, ok: boolean, limitMs = 10_000): Promise<void> {
  for (const end = Date.now() + limitMs; provider.health().ok !== ok; ) {
    if (Date.now() > end) throw new Error(`still ${ok ? 'away' : 'there'}: ${provider.health().detail}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

type Start = (options?: SdfRigOptions) => Promise<KeyProvider & { disk: MemoryDisk }>

/**
 * Run a suite over the fake device where a C compiler is at hand; elsewhere one test says that it did not run. The device
 * behaves again before and after each test, and the providers that `start` opened are closed.
 */
export function onFakeDevice(suite: (fake: FakeDevice, start: Start) => void): void {
  const fake = withFakeDevice()
  if (!fake) {
    test('cipher device: not run, there is no C compiler here', () => expect(fake).toBeUndefined())
    return
  }
  const open: KeyProvider[] = []
  beforeEach(() => fake.control())
  afterEach(async () => {
    fake.control()
    for (const provider of open.splice(0)) await provider.close()
  })
  afterAll(() => testEngine().close())
  suite(fake, async (options) => {
    const provider = await startSdf(fake, options)
    open.push(provider)
    fake.calls()
    return provider
  })
}
