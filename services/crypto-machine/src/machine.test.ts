import { mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@zhuzhan/service-kit'
import { CRYPTO_OPERATIONS } from '@zhuzhan/contracts'
import { configSchema } from './config.js'
import { GET_CLOCK, MASTER_KEY, ask, connect, exchange, makeDevice, openRequest, startMachine, testEngine } from './conformance/rig.js'
import { machineHealth } from './health.js'
import { readMasterKeyFile } from './keys/master-key-file.js'
import { selfTest } from './selftest/selftest.js'
import { createMemoryStore } from './store/memory-store.js'

afterAll(() => testEngine().close())

describe('keys at rest', () => {
  it('are wrapped: no device, root or SM2 key stands in the store in clear', async () => {
    const rig = await startMachine()
    const { deviceKeys, devicePrivateKey } = (await makeDevice(rig, 'F')).keys
    const stored = Buffer.concat([
      ...rig.disk.rootKeys.map((row) => row.wrapped),
      ...rig.disk.ownKeys.flatMap((row) => [row.wrapped, row.publicKey]),
      ...rig.disk.devices.flatMap((row) => [row.issuedKey ?? Buffer.alloc(0), row.certificate ?? Buffer.alloc(0)]),
    ])
    for (const key of Object.values(deviceKeys)) expect(stored.includes(Buffer.from(key, 'hex'))).toBe(false)
    expect(stored.toString('latin1')).not.toContain(devicePrivateKey?.split('\n')[1])
    expect(rig.disk.rootKeys).toHaveLength(12)
    expect(new Set(rig.disk.rootKeys.map((row) => row.wrapped.toString('hex'))).size).toBe(12)
  })

  it('open only with their own master key and for their own station', async () => {
    const rig = await startMachine()
    await expect(startMachine({ disk: rig.disk, masterKey: Buffer.alloc(32, 8) })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(startMachine({ disk: rig.disk, stationId: Buffer.from('OTHERHES') })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(startMachine({ disk: rig.disk, masterKey: MASTER_KEY })).resolves.toBeDefined()
  })

  it('cannot be swapped between rows or changed', async () => {
    const rig = await startMachine()
    const [one, two] = rig.disk.rootKeys
    if (!one || !two) throw new Error('no keys')
    ;[one.wrapped, two.wrapped] = [two.wrapped, one.wrapped]
    await expect(startMachine({ disk: rig.disk })).rejects.toMatchObject({ code: 'ENGINE_FAULT' })
  })

  it.each(['mode', 'certificate', 'dispersion', 'status'] as const)("a device's %s changed in the database is found out", async (field) => {
    const rig = await startMachine()
    await makeDevice(rig, 'F', '000000000001')
    const other = await makeDevice(rig, 'F', '000000000002')
    const [row, second] = rig.disk.devices
    if (!row || !second) throw new Error('no rows')
    rig.disk.devices = [{ ...row, [field]: field === 'mode' ? 'S' : field === 'status' ? 'suspect' : second[field] }, second]
    const restarted = await startMachine({ disk: rig.disk, clock: rig.clock })
    await expect(ask(restarted.port, 'connectOpen', openRequest('000000000001'))).rejects.toMatchObject({ code: 'ENGINE_FAULT' })
    await connect(restarted, other)
  })

  it('the master key file must be there, long enough, and in production private', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'master-'))
    const file = join(folder, 'master-key')
    try {
      await expect(readMasterKeyFile(file, false)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
      writeFileSync(file, 'short')
      await expect(readMasterKeyFile(file, false)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
      writeFileSync(file, Buffer.alloc(32, 1))
      chmodSync(file, 0o644)
      expect(await readMasterKeyFile(file, false)).toHaveLength(32)
      await expect(readMasterKeyFile(file, true)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
      chmodSync(file, 0o600)
      expect(await readMasterKeyFile(file, true)).toHaveLength(32)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('production', () => {
  it('issues no keys', async () => {
    const rig = await startMachine({ production: true })
    await expect(ask(rig.port, 'issueKeys', { address: '000000000001', mode: 'S' })).rejects.toMatchObject({ code: 'PROFILE_REFUSED' })
    expect(rig.disk.devices).toEqual([])
  })
})

describe('ownership', () => {
  it('a second process fences the first off: its commits fail, it forgets its sessions and stays silent', async () => {
    const first = await startMachine()
    const peer = await makeDevice(first, 'S')
    const handle = await connect(first, peer)
    const second = await startMachine({ disk: first.disk, clock: first.clock })
    const report = await peer.device.sealReport(Buffer.from('8801010000', 'hex'))
    const opened = await ask(first.port, 'openReport', { address: peer.keys.address, apdu: report.apdu })
    await expect(
      ask(first.port, 'confirmReport', { address: peer.keys.address, token: opened.token, apdu: Buffer.from('0801', 'hex') }),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(first.machine.serving).toBe(false)
    expect(first.machine.sessions).toBe(0)
    await expect(ask(first.port, 'seal', { handle, apdu: GET_CLOCK })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await machineHealth(first.machine, createMemoryStore(first.disk))()).toMatchObject({
      ok: false,
      checks: { lease: { ok: false } },
    })
    expect(await exchange(second, peer, await connect(second, peer))).toMatchObject({ seq: 0 })
  })
})

describe('bad input', () => {
  it('unknown operations and shapes are refused with a code', async () => {
    const { machine } = await startMachine()
    await expect(machine.run('exportRootKeys', [{}], 'x')).rejects.toMatchObject({ code: 'BODY_INVALID' })
    await expect(machine.run('__proto__', [{}], 'x')).rejects.toMatchObject({ code: 'BODY_INVALID' })
    for (const op of Object.keys(CRYPTO_OPERATIONS)) {
      const outcomes = await machine.run(op, [null, 1, 'x', [], { extra: 1 }], 'x')
      expect(outcomes.map((outcome) => outcome.ok || outcome.code)).toEqual(Array(5).fill('BODY_INVALID'))
    }
  })

  it('a device nobody enrolled has no session, no report, no proof', async () => {
    const { port } = await startMachine()
    const apdu = Buffer.from('1000', 'hex')
    await expect(ask(port, 'connectOpen', openRequest('000000000001'))).rejects.toMatchObject({ code: 'DEVICE_NOT_ENROLLED' })
    await expect(ask(port, 'openReport', { address: '000000000001', apdu })).rejects.toMatchObject({ code: 'DEVICE_NOT_ENROLLED' })
    await expect(ask(port, 'proofSeal', { address: '000000000001', apdu: GET_CLOCK })).rejects.toMatchObject({
      code: 'DEVICE_NOT_ENROLLED',
    })
  })
})

describe('start', () => {
  it('proves the known answers with either engine', async () => {
    for (const name of ['openssl', 'noble'] as const) {
      const { engine } = await selfTest([name])
      expect(engine.name).toBe(name)
      engine.close()
    }
  }, 30_000)

  it('reads its configuration and names what is wrong', () => {
    const good = { DATABASE_URL: 'postgresql://u:p@127.0.0.1/x', ZHUZHAN_CRYPTO_SECRET: 'x'.repeat(16), ZHUZHAN_MASTER_KEY_FILE: '/k' }
    expect(loadConfig(configSchema, good)).toMatchObject({
      ZHUZHAN_CRYPTO_PORT: 9520,
      ZHUZHAN_STATION_ID: '4F53503148455330',
      ZHUZHAN_CRYPTO_ENGINE: 'auto',
    })
    expect(() => loadConfig(configSchema, { ...good, ZHUZHAN_STATION_ID: 'zz', ZHUZHAN_CRYPTO_SECRET: 'short' })).toThrow(
      /ZHUZHAN_CRYPTO_SECRET.*ZHUZHAN_STATION_ID/s,
    )
  })
})
