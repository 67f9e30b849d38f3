import { randomBytes } from 'node:crypto'
import { decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import { SM2_DEFAULT_ID, sm4Ctr } from '@zhuzhan/gm-crypto'
import type { Sm2KeyPair } from '@zhuzhan/gm-crypto'
import type { CryptoResult } from '@zhuzhan/contracts'
import { decodeFirmwareManifest, encodeFirmwareFile, fileBlockRequest, fileStartOf, firmwareStart, prepareFirmware, stationReleaseInput } from '@zhuzhan/osp1'
import { makeBackup } from '../backup/backup.js'
import { openVault } from '../keys/vault.js'
import type { FreshData } from './fresh-store.js'
import { codeOf, commandable } from './office.js'
import { MASTER_KEY, STATION_ID, ask, makeDevice, startMachine, testEngine } from './rig.js'
import type { MachineRig, TestDevice } from './rig.js'
import { REFUSED, lastEvent, number, piid, reasonsAfter, station } from './ticket-station.js'
import type { Station } from './ticket-station.js'

/** Firmware from image to running device (§7.9): machine and virtual device, with the real codecs; for every store alike. */

const VENDOR = 'Example Works'
/** What laboratory key issue binds in slot 0. */
const MODEL = 'ZZ-MGT-1'
const BLOCK = 512
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

interface Terms {
  vendor?: string
  model?: string
  moduleType?: number
  version?: number
  minVersion?: number
}
type Prepared = CryptoResult<'prepareFirmware'>

async function works(fresh: FreshData) {
  const at = await station(fresh)
  const vendor = await testEngine().generateKeyPair()
  await at.office.order({ kind: 'firmware-vendor', vendor: VENDOR, publicKey: hex(vendor.publicKey) })
  const { releaseKey } = await ask(at.rig.port, 'firmwareKeys', {})
  const image = randomBytes(3_000)
  const prepare = (terms: Terms = {}, rig = at.rig): Promise<Prepared> =>
    ask(rig.port, 'prepareFirmware', { vendor: VENDOR, model: MODEL, moduleType: 0, version: 7, minVersion: 1, image, ...terms })
  const offer = async ({ fwm }: Pick<Prepared, 'fwm'>, key: Sm2KeyPair = vendor) =>
    at.office.order({ kind: 'firmware-release', fwm: hex(fwm), sigVendor: hex(await testEngine().sign(key.privateKey, SM2_DEFAULT_ID, fwm)) })
  const fileOf = async ({ release, sent }: Prepared): Promise<Buffer> => {
    const { fwm, sigVendor, sigStation } = await ask(at.rig.port, 'firmwareSignatures', { release })
    return encodeFirmwareFile({ fwm: Buffer.from(fwm), sigVendor: Buffer.from(sigVendor), sigStation: Buffer.from(sigStation), sent: Buffer.from(sent) })
  }
  /** An offered release and its file. */
  const release = async (terms: Terms = {}) => {
    const prepared = await prepare(terms)
    await offer(prepared)
    return { ...prepared, file: await fileOf(prepared) }
  }
  return { ...at, vendor, image, prepare, offer, fileOf, release, releaseKey: Buffer.from(releaseKey, 'hex') }
}
type Works = Awaited<ReturnType<typeof works>>

async function device(at: Works, mode: 'S' | 'F' = 'S', starts = true) {
  const ran: Buffer[] = []
  let version = 5
  const address = number()
  const peer = await makeDevice(at.rig, mode, address, {
    firmware: {
      model: MODEL, moduleType: 0, vendors: new Map([[VENDOR, at.vendor.publicKey]]), releaseKey: at.releaseKey, installed: () => version,
      start: async (image, next) => {
        ran.push(image)
        if (starts) version = next
        return starts
      },
    },
  })
  await at.office.place([address])
  return { peer, address, ran, version: () => version, handle: await commandable(at.rig, peer) }
}
type Dut = Awaited<ReturnType<typeof device>>

const start = (file: Buffer, release: string | Buffer): Apdu => ({
  apdu: 'action-request', choice: 'normal', piid, omd: 'F0010700', parameter: firmwareStart(file.length, BLOCK, typeof release === 'string' ? Buffer.from(release, 'hex') : release),
})
const ticketFor = (at: Station, apdu: Apdu, devices: string[]) => at.office.ticket({ operator: at.operator, approver: at.approver, apdu, devices, validSeconds: 3_600 })

async function answered(rig: Pick<MachineRig, 'port'>, { peer, handle }: { peer: TestDevice; handle: string }, apdu: Uint8Array): Promise<number> {
  const bytes = await peer.device.receive({ address: peer.address, apdu })
  const opened = await ask(rig.port, 'open', { handle, apdu: bytes ?? Buffer.alloc(0) })
  const response = 'apdu' in opened ? decodeApdu(opened.apdu) : undefined
  return response?.apdu === 'action-response' && response.choice === 'normal' ? response.dar : -1
}
const ticketId = (tkt: Uint8Array): string => hex(tkt.subarray(25, 41))

/** Start and blocks by one ticket; DARs. */
async function transfer(at: Works, dut: Dut, file: Buffer, release: string): Promise<number[]> {
  const signed = await ticketFor(at, start(file, release), [dut.address])
  const dars = [await answered(at.rig, dut, (await ask(at.rig.port, 'sealTicket', { handle: dut.handle, piid: 1, ...signed })).apdu)]
  for (let n = 0; n * BLOCK < file.length; n++) {
    const apdu = encodeApdu(fileBlockRequest(n, file.subarray(n * BLOCK, (n + 1) * BLOCK), 1))
    dars.push(await answered(at.rig, dut, (await ask(at.rig.port, 'sealBlock', { handle: dut.handle, ticket: ticketId(signed.tkt), apdu })).apdu))
  }
  return dars
}

export function describeFirmware(name: string, fresh: FreshData): void {
  describe(`firmware, ${name}`, () => {
    it('goes from an image to a running device, by one ticket for several, each with a key of its own', async () => {
      const at = await works(fresh)
      const { file, release } = await at.release()
      for (const mode of ['S', 'F'] as const) {
        const dut = await device(at, mode)
        expect(new Set(await transfer(at, dut, file, release))).toEqual(new Set([0]))
        expect(dut.ran).toEqual([at.image])
        expect(dut.version()).toBe(7)
        // The version that runs now is not taken again.
        expect((await transfer(at, dut, file, release)).at(-1)).toBe(255)
        expect(dut.ran).toHaveLength(1)
      }
      expect(await ask(at.rig.port, 'firmwareReleases', {})).toMatchObject({ releases: [{ release, state: 'offered', vendor: VENDOR, model: MODEL, version: 7, minVersion: 1, size: 3_000 }] })
      const lame = await device(at, 'S', false)
      expect((await transfer(at, lame, file, release)).at(-1)).toBe(255)
      expect([lame.ran.length, lame.version()]).toEqual([1, 5])
    })

    it('one ticket names the release for all; each device gets its own W, and the W of one opens nothing at another', async () => {
      const at = await works(fresh)
      const { file, release } = await at.release()
      const [one, two] = [await device(at), await device(at)]
      const signed = await ticketFor(at, start(file, release), [one.address, two.address])
      const seen: Buffer[] = []
      for (const { peer, handle } of [one, two]) {
        const { device: real } = peer
        const { apdu } = await ask(at.rig.port, 'sealTicket', { handle, piid: 1, ...signed })
        // What came out of the record: nothing of it is in the ticket.
        peer.answerWith(() => Buffer.alloc(0))
        await real.receive({ address: peer.address, apdu })
        seen.push(Buffer.from(apdu))
      }
      expect(seen[0]?.equals(seen[1] ?? Buffer.alloc(0))).toBe(false)
      expect(fileStartOf(decodedStart(start(file, release)).parameter)?.check.value).toEqual(Buffer.from(release, 'hex'))
      // A start with the release's name in the place of W, as a station without this rule would send it, is no start.
      const raw = await at.office.ticket({ operator: at.operator, approver: at.approver, apdu: start(file, randomBytes(32)), devices: [one.address], validSeconds: 600 })
      await ask(at.rig.port, 'giveUp', { handle: one.handle, seq: 1 })
      const before = await lastEvent(at.rig)
      expect(await codeOf(ask(at.rig.port, 'sealTicket', { handle: one.handle, piid: 1, ...raw }))).toBe(REFUSED)
      expect(await reasonsAfter(at.rig, before)).toEqual(['firmware-names-no-release'])
    })

    // Each seen failing with its line of fill.ts, firmware-effects.ts or tickets.ts taken out.
    it('the machine seals no start of what is not offered for this device', async () => {
      const at = await works(fresh)
      const dut = await device(at)
      const before = await lastEvent(at.rig)
      const refuse = async (apdu: Apdu): Promise<void> => {
        expect(await codeOf(ask(at.rig.port, 'sealTicket', { handle: dut.handle, piid: 1, ...(await ticketFor(at, apdu, [dut.address])) }))).toBe(REFUSED)
      }
      const good = await at.release()
      const prepared = await at.prepare()
      const withdrawn = await at.release({ version: 8 })
      await at.office.order({ kind: 'firmware-withdraw', release: withdrawn.release }, { second: null })
      const otherModel = await at.release({ model: 'ZZ-MGT-2' })
      const otherModule = await at.release({ moduleType: 1 })
      await refuse(start(good.file, '00'.repeat(8)))
      await refuse(start(good.file, prepared.release))
      await refuse(start(withdrawn.file, withdrawn.release))
      await refuse(start(otherModel.file, otherModel.release))
      await refuse(start(otherModule.file, otherModule.release))
      await refuse(start(good.file.subarray(1), good.release))
      await refuse(start(good.file, Buffer.from(good.release, 'hex').subarray(1)))
      await at.office.order({ kind: 'firmware-vendor-withdraw', vendor: VENDOR }, { second: null })
      await refuse(start(good.file, good.release))
      expect(await reasonsAfter(at.rig, before)).toEqual([
        'release-unknown', 'release-unknown', 'release-withdrawn', 'release-of-another-model', 'release-of-another-model', 'release-size', 'firmware-names-no-release', 'vendor-withdrawn',
      ])
      expect(dut.ran).toEqual([])
    })

    it('a release that is withdrawn stops in the middle of its transfer', async () => {
      const at = await works(fresh)
      const dut = await device(at)
      const { file, release } = await at.release()
      const signed = await ticketFor(at, start(file, release), [dut.address])
      await answered(at.rig, dut, (await ask(at.rig.port, 'sealTicket', { handle: dut.handle, piid: 1, ...signed })).apdu)
      const block = () => ask(at.rig.port, 'sealBlock', { handle: dut.handle, ticket: ticketId(signed.tkt), apdu: encodeApdu(fileBlockRequest(0, file.subarray(0, BLOCK), 1)) })
      expect(await answered(at.rig, dut, (await block()).apdu)).toBe(0)
      await at.office.order({ kind: 'firmware-withdraw', release }, { second: null })
      expect(await codeOf(block())).toBe(REFUSED)
      expect(await codeOf(ask(at.rig.port, 'firmwareSignatures', { release }))).toBe('NOT_FOUND')
      // Also for the next process.
      const next = await startMachine({ store: at.open(), clock: at.rig.clock })
      expect(await ask(next.port, 'firmwareReleases', {})).toMatchObject({ releases: [{ release, state: 'withdrawn' }] })
    })

    it('a release is offered by two administrators, with the signature of a known vendor over what was prepared here', async () => {
      const at = await works(fresh)
      const prepared = await at.prepare()
      const { fwm } = prepared
      const refused = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'done', (error: { code: string; context: { reason?: string } }) => error.context.reason ?? error.code)
      expect(await refused(at.offer(prepared, await testEngine().generateKeyPair()))).toBe('vendor-signature')
      expect(await refused(at.office.order({ kind: 'firmware-release', fwm: hex(fwm), sigVendor: hex(await testEngine().sign(at.vendor.privateKey, SM2_DEFAULT_ID, fwm)) }, { second: null }))).toBe('two-administrators')
      // An image encrypted elsewhere, under a key the machine does not hold; and ours with another hash.
      const foreign = prepareFirmware(at.image, randomBytes(16), { vendor: VENDOR, model: MODEL, moduleType: 0, relId: randomBytes(8), version: 9, minVersion: 1 })
      expect(await refused(at.offer(foreign))).toBe('not-prepared-here')
      const changed = Buffer.from(fwm)
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
      expect(await refused(at.offer({ fwm: changed }))).toBe('not-prepared-here')
      expect(await refused(at.offer(await at.prepare({ vendor: 'Somebody' })))).toBe('unknown-vendor')
      expect(await codeOf(at.prepare({ minVersion: 7 }))).toBe('BODY_INVALID')
      await at.offer(prepared)
      expect(await refused(at.offer(prepared))).toBe('offered')
      const { sigVendor, sigStation } = await ask(at.rig.port, 'firmwareSignatures', { release: prepared.release })
      expect(await testEngine().verify(at.releaseKey, SM2_DEFAULT_ID, stationReleaseInput(fwm, sigVendor), sigStation)).toBe(true)
      await at.office.order({ kind: 'firmware-withdraw', release: prepared.release }, { second: null })
      expect(await refused(at.offer(prepared))).toBe('withdrawn')
    })

    it('the key of an image stays in the machine: wrapped at rest and in a backup, another for every release; what waits for ever is dropped', async () => {
      const at = await works(fresh)
      const [one, two] = [await at.prepare(), await at.prepare()]
      expect(Buffer.from(one.sent).equals(Buffer.from(two.sent))).toBe(false)
      const vault = await openVault(at.open(), MASTER_KEY, randomBytes, 16)
      const row = await at.open().firmwareRelease(Buffer.from(one.release, 'hex'))
      const imageKey = vault.unwrap(`firmware/${one.release}`, row?.wrapped ?? Buffer.alloc(0))
      expect(sm4Ctr(imageKey, Buffer.alloc(16), one.sent)).toEqual(at.image)
      expect(decodeFirmwareManifest(one.fwm).size).toBe(at.image.length)
      expect(JSON.stringify(row).includes(JSON.stringify(imageKey).slice(20, -2))).toBe(false)
      const backup: Buffer[] = []
      for await (const part of makeBackup({ store: at.open(), vault, clock: at.rig.clock, random: randomBytes, stationId: STATION_ID })) backup.push(part)
      expect(Buffer.concat(backup).includes(imageKey)).toBe(false)
      at.rig.clock.advance(1_000)
      await at.offer(two)
      for (let i = 0; i < 33; i++) {
        at.rig.clock.advance(1_000)
        await at.prepare()
      }
      const { releases } = await ask(at.rig.port, 'firmwareReleases', {})
      expect(releases.filter(({ state }) => state === 'prepared')).toHaveLength(32)
      expect(releases.find(({ release }) => release === two.release)?.state).toBe('offered')
      expect(releases.find(({ release }) => release === one.release)).toBeUndefined()
    })
  })
}

const decodedStart = (apdu: Apdu): Extract<Apdu, { apdu: 'action-request'; choice: 'normal' }> => decodeApdu(encodeApdu(apdu)) as Extract<Apdu, { apdu: 'action-request'; choice: 'normal' }>
