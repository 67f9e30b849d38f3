import { randomBytes } from 'node:crypto'
import type { CryptoMachine, OrderBody } from '@zhuzhan/contracts'
import { SM2_DEFAULT_ID, createEngine, sm3 } from '@zhuzhan/gm-crypto'
import type { Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { prepareFirmware, stationReleaseInput } from '@zhuzhan/osp1'
import { buildFirmware, inspectFirmware, readFirmware, verifyFirmware } from './file.js'

const engine = createEngine('noble')
const image = randomBytes(900)
const terms = { vendor: 'Example Works', model: 'ZZ-MGT-1', moduleType: 0, version: 4, minVersion: 2, image }
let vendor: Sm2KeyPair
let station: Sm2KeyPair
beforeAll(async () => {
  vendor = await engine.generateKeyPair()
  station = await engine.generateKeyPair()
})

/** A machine that prepares, and signs what was ordered; `lie` changes what it says it prepared. */
function machineOf(lie: Partial<typeof terms> = {}) {
  const made = prepareFirmware(lie.image ?? image, randomBytes(16), { ...terms, ...lie, relId: Buffer.from('RELEASE1') })
  let sigVendor = Buffer.alloc(0)
  const machine = {
    prepareFirmware: async () => [{ ok: true as const, value: { release: '52454C4541534531', ...made } }],
    firmwareSignatures: async () => [{ ok: true as const, value: { fwm: made.fwm, sigVendor, sigStation: await engine.sign(station.privateKey, SM2_DEFAULT_ID, stationReleaseInput(made.fwm, sigVendor)) } }],
  } as unknown as CryptoMachine
  const order = async (body: OrderBody): Promise<void> => {
    if (body.kind === 'firmware-release') sigVendor = Buffer.from(body.sigVendor, 'hex')
  }
  return { machine, order }
}
const build = (lie?: Partial<typeof terms>) => buildFirmware({ ...machineOf(lie), engine, terms, vendorKey: vendor.privateKey })

test('a file is built, read and verified', async () => {
  const { release, file } = await build()
  const read = readFirmware(file, 'x')
  expect(inspectFirmware(read)).toMatchObject({ release, vendor: 'Example Works', model: 'ZZ-MGT-1', version: 4, minVersion: 2, size: 900, imageHash: sm3(image).toString('hex').toUpperCase(), bytes: file.length })
  expect(await verifyFirmware(engine, read, vendor.publicKey, station.publicKey)).toEqual({ ok: true, why: null })
  expect(file.includes(image.subarray(0, 16))).toBe(false)
})

// Seen failing with firmwareFileFault that finds nothing.
test.each<[string, (file: Buffer) => Buffer, (keys: { vendor: Buffer; station: Buffer }) => [Buffer | undefined, Buffer], RegExp]>([
  ['one byte of its content changed', (file) => Buffer.concat([file.subarray(0, -1), Buffer.of((file.at(-1) ?? 0) ^ 1)]), ({ vendor: v, station: s }) => [v, s], /changed/],
  ['its end cut off', (file) => file.subarray(0, -1), ({ vendor: v, station: s }) => [v, s], /longer or shorter/],
  ['another vendor', (file) => file, ({ station: s }) => [s, s], /vendor's/],
  ['another station', (file) => file, ({ vendor: v }) => [v, v], /station's/],
  ['no key of the vendor', (file) => file, ({ station: s }) => [undefined, s], /no public key/],
])('with %s it does not hold', async (_name, change, keysFor, why) => {
  const { file } = await build()
  expect(await verifyFirmware(engine, readFirmware(change(file), 'x'), ...keysFor({ vendor: vendor.publicKey, station: station.publicKey }))).toMatchObject({ ok: false, why: expect.stringMatching(why) })
})

// Seen failing without the comparison in buildFirmware.
test.each([{ version: 9 }, { model: 'ZZ-MET-1' }, { image: randomBytes(900) }, { vendor: 'Somebody' }, { minVersion: 0 }, { moduleType: 3 }])('a manifest of something else is not signed: %j', async (lie) => {
  await expect(build(lie)).rejects.toMatchObject({ code: 'AUTH_FAILED' })
})

test('what is no firmware file is said to be none', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('hello, this is a text'), randomBytes(300)]) expect(() => readFirmware(bytes, 'x.bin')).toThrow('x.bin is no firmware file')
})
