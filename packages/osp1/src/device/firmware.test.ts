import { randomBytes } from 'node:crypto'
import { decodeApdu } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { decodeFirmwareFile, encodeFirmwareFile, prepareFirmware } from '../firmware-file.js'
import type { FirmwareTerms } from '../firmware-file.js'
import { stationReleaseInput, wrapImageKey } from '../firmware.js'
import { fileBlockRequest, firmwareStart } from '../file-transfer.js'
import { deriveKey } from '../keys.js'
import { ad, dispersion, engine, keysOf, meter, piid, stationSession } from './conformance/station.js'
import type { Send } from './conformance/station.js'

/** Firmware at the device, §7.9: nothing runs before every check held, and what does not start leaves the old image. */

const BLOCK = 256
const RELEASE = Buffer.from('RELEASE1')
const IMAGE = randomBytes(1_000)
const IK = randomBytes(16)
const TERMS: FirmwareTerms = { vendor: 'Example Works', model: 'ZZ-MGT-1', moduleType: 0, relId: RELEASE, version: 7, minVersion: 3 }
let vendor: Sm2KeyPair
let station: Sm2KeyPair
beforeAll(async () => {
  vendor = await engine.generateKeyPair()
  station = await engine.generateKeyPair()
})

interface Made {
  file: Buffer
  /** W of the device under test, unless another is asked for. */
  wrapped: Buffer
}
interface Wrong {
  terms?: Partial<FirmwareTerms>
  vendorKey?: Sm2KeyPair
  stationKey?: Sm2KeyPair
  /** Changes the manifest before it is signed. */
  fwm?(fwm: Buffer): Buffer
  sent?(sent: Buffer): Buffer
  of?: { ad?: Buffer; dispersion?: Buffer; firmware?: Buffer; relId?: Buffer; fwm?: Buffer }
}
async function release(wrong: Wrong = {}): Promise<Made> {
  const made = prepareFirmware(IMAGE, IK, { ...TERMS, ...wrong.terms })
  const fwm = wrong.fwm?.(made.fwm) ?? made.fwm
  const sigVendor = await engine.sign((wrong.vendorKey ?? vendor).privateKey, SM2_DEFAULT_ID, fwm)
  const sigStation = await engine.sign((wrong.stationKey ?? station).privateKey, SM2_DEFAULT_ID, stationReleaseInput(fwm, sigVendor))
  const whose = { ad, dispersion, fwm, relId: RELEASE, ...wrong.of }
  const key = deriveKey(wrong.of?.firmware ?? keysOf(1).firmware, 'firmware', whose.dispersion)
  return { file: encodeFirmwareFile({ fwm, sigVendor, sigStation, sent: wrong.sent?.(made.sent) ?? made.sent }), wrapped: wrapImageKey(key, whose, IK) }
}

async function device({ installed = 5, starts = true } = {}) {
  const ran: { image: Buffer; version: number }[] = []
  let version = installed
  const rig = await meter({
    firmware: {
      model: TERMS.model,
      moduleType: TERMS.moduleType,
      vendors: new Map([[TERMS.vendor, vendor.publicKey]]),
      releaseKey: station.publicKey,
      installed: () => version,
      start: async (image, next) => {
        ran.push({ image, version: next })
        if (starts) version = next
        return starts
      },
    },
  })
  return { rig, ran, send: await stationSession(rig), version: () => version, reasons: () => rig.events.flatMap((event) => (event.kind === 'firmware-refused' ? [event.reason] : [])) }
}

const darOf = (answer: Awaited<ReturnType<Send>>): number => {
  const apdu = answer && 'apdu' in answer ? decodeApdu(answer.apdu) : undefined
  return apdu?.apdu === 'action-response' && apdu.choice === 'normal' ? apdu.dar : -1
}
const startOf = ({ file, wrapped }: Made, blockSize = BLOCK): Apdu => ({ apdu: 'action-request', choice: 'normal', piid, omd: 'F0010700', parameter: firmwareStart(file.length, blockSize, wrapped) })
const blockOf = (file: Buffer, number: number): Apdu => fileBlockRequest(number, file.subarray(number * BLOCK, (number + 1) * BLOCK), 1)
const blocks = (file: Buffer): number[] => Array.from({ length: Math.ceil(file.length / BLOCK) }, (_, i) => i)
/** DARs of all blocks, the last one's being the verdict. */
async function transfer(send: Send, made: Made, order = blocks(made.file)): Promise<number[]> {
  const dars = [darOf(await send(startOf(made), 6))]
  for (const number of order) dars.push(darOf(await send(blockOf(made.file, number), 6)))
  return dars
}

describe('firmware at the device', () => {
  it('runs what holds every check, whatever the order of its blocks; the next one must be newer', async () => {
    const { send, ran, version } = await device()
    const made = await release()
    const order = blocks(made.file)
    expect(await transfer(send, made, [...order.slice(2), 0, 0, 1])).toEqual(Array.from({ length: order.length + 2 }, () => 0))
    expect(ran).toEqual([{ image: IMAGE, version: 7 }])
    expect(version()).toBe(7)
    expect((await transfer(send, made)).at(-1)).toBe(255)
    expect(ran).toHaveLength(1)
  })

  it('goes on after a break with the blocks that are missing', async () => {
    const { send, ran } = await device()
    const made = await release()
    await send(startOf(made), 6)
    for (const number of [0, 3]) await send(blockOf(made.file, number), 6)
    expect(darOf(await send(startOf(made), 6))).toBe(0)
    const answer = await send({ apdu: 'get-request', choice: 'normal', piid, oad: 'F0010400' }, 3)
    expect(answer && 'apdu' in answer && decodeApdu(answer.apdu)).toMatchObject({ result: { data: { type: 'bit-string', bits: blocks(made.file).length, hex: '90' } } })
    for (const number of blocks(made.file).filter((one) => one !== 0 && one !== 3)) await send(blockOf(made.file, number), 6)
    expect(ran).toHaveLength(1)
  })

  // Each seen failing with its line taken out of firmwareFileFault (firmware-file.ts), `judge` (firmware.ts), or the AAD of wrapImageKey.
  it.each<[string, string, number, () => Wrong]>([
    ['an unknown vendor', 'vendor', 255, () => ({ terms: { vendor: 'Somebody' } })],
    ['a signature that is not the vendor\'s', 'vendor-signature', 30, () => ({ vendorKey: station })],
    ['a signature that is not the station\'s', 'station-signature', 30, () => ({ stationKey: vendor })],
    ['another size than the file has', 'size', 255, () => ({ fwm: (fwm) => at(fwm, -68 + 3, 1) })],
    ['a sent image that was changed', 'sent-hash', 255, () => ({ sent: (sent) => at(sent, 500, 1) })],
    ['an image that is not the one signed', 'image-hash', 255, () => ({ fwm: (fwm) => at(fwm, -64, 1) })],
    ['another model', 'model', 255, () => ({ terms: { model: 'ZZ-MET-1' } })],
    ['another module', 'module-type', 255, () => ({ terms: { moduleType: 2 } })],
    ['an older version', 'version', 255, () => ({ terms: { version: 4, minVersion: 1 } })],
    ['the version that runs', 'version', 255, () => ({ terms: { version: 5, minVersion: 1 } })],
    ['a step over a version that must come first', 'min-version', 255, () => ({ terms: { minVersion: 6 } })],
    ['W of another device', 'image-key', 255, () => ({ of: { dispersion: Buffer.from('0000000000000042', 'hex') } })],
    ['W for another address of it', 'image-key', 255, () => ({ of: { ad: Buffer.from('0106575883968925', 'hex') } })],
    ['W of another release', 'image-key', 255, () => ({ of: { relId: Buffer.from('RELEASE2') } })],
    ['W of another manifest', 'image-key', 255, () => ({ of: { fwm: Buffer.from('something else') } })],
  ])('refuses %s', async (_name, reason, dar, wrong) => {
    const { send, ran, reasons, version } = await device()
    expect((await transfer(send, await release(wrong()))).at(-1)).toBe(dar)
    expect([ran, reasons(), version()]).toEqual([[], [reason], 5])
  })

  it('what is no firmware file at all is refused, and blocks without a start, too long, or of no number', async () => {
    const { send, ran, reasons } = await device()
    const made = await release()
    expect(darOf(await send(blockOf(made.file, 0), 6))).toBe(13)
    await send(startOf(made), 6)
    for (const request of [fileBlockRequest(0, made.file.subarray(0, BLOCK - 1), 1), fileBlockRequest(0, made.file.subarray(0, BLOCK + 1), 1), fileBlockRequest(99, made.file.subarray(0, BLOCK), 1)])
      expect(darOf(await send(request, 6))).toBe(14)
    const rubbish = { ...made, file: randomBytes(600) }
    rubbish.file.writeUInt16BE(2, 0)
    expect((await transfer(send, rubbish)).at(-1)).toBe(255)
    expect([ran, reasons()]).toEqual([[], ['form']])
    for (const broken of [{ ...made, file: Buffer.alloc(0) }, { ...made, wrapped: Buffer.alloc(31) }]) expect(darOf(await send(startOf(broken), 6))).toBe(8)
    expect(darOf(await send(startOf(made, 0), 6))).toBe(8)
  })

  it('an image that does not start leaves the old one running, and may be sent again', async () => {
    const { send, ran, version, rig } = await device({ starts: false })
    const made = await release()
    expect((await transfer(send, made)).at(-1)).toBe(255)
    expect(version()).toBe(5)
    expect(rig.events.filter(({ kind }) => kind.startsWith('firmware'))).toEqual([{ kind: 'firmware-fell-back', version: 7 }])
    await transfer(send, made)
    expect(ran).toHaveLength(2)
  })

  it('files that are no firmware are not its business', async () => {
    const { send, rig } = await device()
    const parameter = firmwareStart(100, 100, Buffer.alloc(0))
    const crc: Apdu = { apdu: 'action-request', choice: 'normal', piid, omd: 'F0010700', parameter: { ...parameter, items: [...(parameter.type === 'structure' ? parameter.items.slice(0, 2) : []), { type: 'structure', items: [{ type: 'enum', value: 0 }, { type: 'octet-string', hex: '' }] }] } as typeof parameter }
    await send(crc, 6)
    expect(rig.acted).toHaveLength(1)
  })
})

describe('the file', () => {
  it('is read as it was written, and nothing shorter', async () => {
    const { file } = await release()
    const read = decodeFirmwareFile(file)
    expect(encodeFirmwareFile(read)).toEqual(file)
    expect(read.manifest).toMatchObject({ version: 7, minVersion: 3, size: 1_000, relId: RELEASE })
    for (const length of [0, 1, 2, 40, file.length - 1_000]) expect(() => decodeFirmwareFile(file.subarray(0, length))).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
  })
})

/** One byte changed, counted from the end when negative. */
function at(bytes: Buffer, offset: number, mask: number): Buffer {
  const out = Buffer.from(bytes)
  const i = offset < 0 ? out.length + offset : offset
  out[i] = (out[i] ?? 0) ^ mask
  return out
}
