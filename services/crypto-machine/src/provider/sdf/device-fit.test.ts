import { sm4CbcMac, sm4EcbEncrypt } from '@zhuzhan/gm-crypto'
import { wrapForFake } from '../../conformance/fake-device.js'
import { connect, exchange, flip, makeDevice, startMachine } from '../../conformance/rig.js'
import { LABORATORY_KEYS, PASSWORDS, openSdf, onFakeDevice, until } from '../../conformance/sdf-rig.js'
import { createSoftProvider } from '../soft-provider.js'

/** Device, model and keys file must fit each other: what does not is found at the start, in words. */

const ROOT = { keyState: 1, keyVersion: 1, purpose: 'session' } as const
const D = Buffer.from('0000259689583757', 'hex')
const refusal = (reason: RegExp) => ({ code: 'CONFIG_INVALID', message: expect.stringMatching(reason) as string })

onFakeDevice((fake, start) => {
  describe('structures', () => {
    it('of 256-bit fields work with the model that says so', async () => {
      fake.control('field 32')
      const rig = await startMachine({ openProvider: openSdf(fake, { model: 'gmt0018-256' }) })
      const peer = await makeDevice(rig, 'F')
      expect(await exchange(rig, peer, await connect(rig, peer))).toMatchObject({ seq: 0 })
      await rig.stop()
    })

    it('smaller than the model says are found out', async () => {
      fake.control('field 32')
      await expect(start()).rejects.toMatchObject(refusal(/SDF_ExportSignPublicKey_ECC: layout/))
    })

    it('larger than the model says are found out', async () => {
      await expect(start({ model: 'gmt0018-256' })).rejects.toMatchObject(refusal(/SDF_ExportSignPublicKey_ECC: layout/))
    })
  })

  it('a library that writes a single byte too many is not believed any more', async () => {
    const provider = await start()
    fake.control('spill')
    // Seen failing with `overrun` ignored.
    await expect(provider.random(16)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(provider.health().detail).toContain('SDF_GenerateRandom: layout')
    fake.control()
    await until(provider, true)
  })

  describe('algorithm ids', () => {
    it.each([
      ['gmt0018-sm2-100', /SDF_ExternalVerify_ECC: SDR_ALGNOTSUPPORT/],
      ['gmt0018-sm4-2000', /SDF_|SM4/],
    ])('of the model %s are refused by a device that knows others', async (model, reason) => {
      await expect(start({ model })).rejects.toMatchObject(refusal(reason))
    })

    it('that name another cipher than SM4 are found out: no meter would understand those keys', async () => {
      fake.control('altered')
      // Seen failing without the comparison in examine.ts.
      await expect(start()).rejects.toMatchObject(refusal(/its SM4 is not what it should be/))
    })

    it('without a key to compare, SM4 is believed; nothing else is', async () => {
      fake.control('fail SDF_GenerateKeyWithEPK_ECC 01000002')
      const provider = await start()
      expect(provider.ciphers).toEqual(['SM4'])
      expect(await provider.deviceKey(ROOT, D)).toHaveLength(16)
    })
  })

  describe('SM1 and SM7', () => {
    const working = [
      { name: 'data', algorithm: 'SM1', index: 20, wrapped: wrapForFake(20, Buffer.alloc(16, 1)).toString('hex') },
      { name: 'seal', algorithm: 'SM7', index: 21, wrapped: wrapForFake(21, Buffer.alloc(16, 2)).toString('hex') },
      { name: 'plain', algorithm: 'SM4', index: 22, wrapped: wrapForFake(22, Buffer.alloc(16, 3)).toString('hex') },
    ]
    const keys = { ...LABORATORY_KEYS, working }
    const marker = (data: Buffer) => Buffer.from(data.map((byte) => byte ^ 0x5a)).reverse()

    it('are not offered by a device that does not have them', async () => {
      const provider = await start({ keys, model: 'gmt0018-sm7-8000' })
      expect(provider.ciphers).toEqual(['SM4'])
      for (const key of ['data', 'seal'])
        await expect(provider.crypt({ key, mode: 'ecb', data: Buffer.alloc(16) })).rejects.toMatchObject({ code: 'PROFILE_REFUSED' })
    })

    it('are not offered when the table does not name them, whatever the device has', async () => {
      fake.control('marker')
      const provider = await start({ keys })
      expect(provider.ciphers).toEqual(['SM1', 'SM4'])
      await expect(provider.crypt({ key: 'seal', mode: 'ecb', data: Buffer.alloc(8) })).rejects.toMatchObject({ code: 'PROFILE_REFUSED' })
    })

    it('go through to the device by their ids, in every mode', async () => {
      fake.control('marker')
      const provider = await start({ keys, model: 'gmt0018-sm7-8000' })
      expect(provider.ciphers).toEqual(['SM1', 'SM4', 'SM7'])
      const data = Buffer.from('0123456789abcdef')
      expect(await provider.crypt({ key: 'data', mode: 'ecb', data })).toEqual(marker(data))
      const iv = Buffer.alloc(8, 1)
      const chained = await provider.crypt({ key: 'seal', mode: 'cbc', iv, data })
      expect(chained).toHaveLength(16)
      expect(await provider.crypt({ key: 'seal', mode: 'mac', iv, data })).toEqual(chained.subarray(8))
      expect(iv).toEqual(Buffer.alloc(8, 1))
      await expect(provider.crypt({ key: 'seal', mode: 'ecb', data: Buffer.alloc(9) })).rejects.toThrow(RangeError)
    })

    it('and SM4 beside them is SM4', async () => {
      const provider = await start({ keys })
      const key = Buffer.alloc(16, 3)
      const data = Buffer.from('two blocks of 16 bytes make 32.!')
      const sealed = await provider.crypt({ key: 'plain', mode: 'ecb', data })
      expect(sealed).toEqual(sm4EcbEncrypt(key, data))
      expect(await provider.crypt({ key: 'plain', mode: 'ecb', decrypt: true, data: sealed })).toEqual(data)
      expect(await provider.crypt({ key: 'plain', mode: 'mac', data })).toEqual(sm4CbcMac(key, data))
    })
  })

  describe('keys', () => {
    it('stored in the device are used by index, with the call of the vendor', async () => {
      const provider = await start({ model: 'gmt0018-stored' })
      const [session, group] = await Promise.all([provider.deviceKey(ROOT, D), provider.deviceKey({ ...ROOT, purpose: 'group' }, D)])
      expect(session).not.toEqual(group)
      expect(provider.disk.rootKeys).toEqual([])
      const again = await start({ model: 'gmt0018-stored' })
      expect(await again.deviceKey(ROOT, D)).toEqual(session)
    })

    it('that sign and that agree must be one: a meter pins one certificate', async () => {
      const keys = { ...LABORATORY_KEYS, station: 100 }
      // Seen failing without the comparison of both pairs.
      await expect(start({ keys })).rejects.toMatchObject(refusal(/pairs at index 100/))
    })

    it('that serve two purposes are refused', async () => {
      await expect(start({ keys: { ...LABORATORY_KEYS, audit: 1 } })).rejects.toMatchObject(refusal(/index of its own/))
    })

    it('that do not exist are named', async () => {
      await expect(start({ keys: { ...LABORATORY_KEYS, audit: 30 }, passwords: `${PASSWORDS}30 fake-pin\n` })).rejects.toMatchObject(refusal(/SDR_KEYNOTEXIST/))
      const roots = [{ keyState: 1, keyVersion: 1, purpose: 'session', index: 60 }]
      await expect(start({ keys: { ...LABORATORY_KEYS, roots } })).rejects.toMatchObject(refusal(/SDR_KEYNOTEXIST/))
    })

    it('of another device in its place are not accepted while the station runs, nor at the next start', async () => {
      const provider = await start()
      fake.control('vanished')
      await until(provider, false)
      fake.control('another')
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      // Seen failing without `expected` in examine.ts: the station went on with keys no meter knows.
      expect(provider.health()).toMatchObject({ ok: false, detail: expect.stringContaining('is not what it should be') as string })
      await expect(start({ disk: provider.disk })).rejects.toMatchObject(refusal(/another key of the device/))
      fake.control()
      await until(provider, true)
    })

    it('of a database that software made are not taken for the device\'s, nor the other way round', async () => {
      const soft = await startMachine({ openProvider: createSoftProvider })
      await expect(start({ disk: soft.disk })).rejects.toMatchObject(refusal(/not those of a cipher device/))
      const device = await start()
      await expect(startMachine({ disk: device.disk })).rejects.toMatchObject({ code: 'ENGINE_FAULT' })
    })

    it('of the keys file that contradict the database are refused', async () => {
      const given = (fill: number) => ({
        ...LABORATORY_KEYS,
        roots: [{ ...LABORATORY_KEYS.roots[0], wrapped: wrapForFake(1, Buffer.alloc(16, fill)).toString('hex') }],
      })
      const first = await start({ keys: given(1) })
      await expect(start({ disk: first.disk, keys: given(2) })).rejects.toMatchObject(refusal(/another sdf-root-key\/1\/1\/session/))
      await expect(start({ disk: first.disk, keys: given(1) })).resolves.toBeDefined()
    })

    it('wrapped under another KEK do not load', async () => {
      const roots = [{ ...LABORATORY_KEYS.roots[0], index: 2, wrapped: wrapForFake(1, Buffer.alloc(16)).toString('hex') }]
      await expect(start({ keys: { ...LABORATORY_KEYS, roots } })).rejects.toMatchObject(refusal(/SDF_ImportKeyWithKEK: SDR_KEYERR/))
    })
  })

  describe('certificates', () => {
    it('changed in the database are found out', async () => {
      const { disk } = await start()
      const [first, ...rest] = disk.ownKeys
      if (!first?.certificate) throw new Error('no certificate')
      // Seen failing with `sealOf` over the public key alone.
      const changed = { ...disk, ownKeys: [{ ...first, certificate: flip(first.certificate, first.certificate.length - 1) }, ...rest] }
      await expect(start({ disk: changed })).rejects.toMatchObject({ code: 'ENGINE_FAULT' })
    })

    it('are not made in production: the keys file names them, and they must be those of the device', async () => {
      await expect(start({ production: true })).rejects.toMatchObject(refusal(/must name a certificate/))
      const laboratory = await start()
      const pem = (der: Uint8Array) => `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`
      fake.file('station.pem', pem(laboratory.stationCertificate.der))
      fake.file('ca.pem', pem(laboratory.deviceAuthority.der))
      const named = { station: 1, audit: 2, roots: LABORATORY_KEYS.roots, certificates: { station: 'station.pem', deviceAuthority: 'ca.pem' } }
      const provider = await start({ production: true, keys: named })
      expect(provider.stationCertificate.der).toEqual(laboratory.stationCertificate.der)
      await expect(provider.issueCertificate('device-ca', {} as never)).rejects.toMatchObject({ code: 'PROFILE_REFUSED' })
      await expect(start({ production: true, keys: { ...named, station: 3 } })).rejects.toMatchObject(refusal(/not that of the key in the device/))
      const swapped = { ...named, certificates: { station: 'ca.pem', deviceAuthority: 'ca.pem' } }
      await expect(start({ production: true, keys: swapped })).rejects.toMatchObject(refusal(/not that of ZHUZHAN_STATION_ID/))
    })
  })

  it('a library that is none, or is not there, is named', async () => {
    const text = fake.file('text.so', 'no library')
    await expect(start({ libraryPath: text })).rejects.toMatchObject(refusal(/load: .*text\.so/))
    await expect(start({ libraryPath: '/nonexistent/libsdf.so' })).rejects.toMatchObject(refusal(/load/))
  })
})
