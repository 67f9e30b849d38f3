import { decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu, ReportNotification } from '@zhuzhan/dlt698'
import { chooseEngine } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { PURPOSE, PURPOSES, authenticatedAddressOfNumber, deriveKey, encodeStage, encodeUpdateHead, keyUpdateRequest, readKeyFile } from '@zhuzhan/osp1'
import { fleetRegistry } from '../run/registry.js'
import { keysByAddress } from '../run/key-list.js'
import { memoryState } from '../run/state-journal.js'
import { laboratoryDevice } from '../testing/laboratory-keys.js'
import type { LaboratoryDevice } from '../testing/laboratory-keys.js'
import { confirmationOf } from '../testing/memory-station.js'
import type { Heard } from '../testing/memory-station.js'
import { stationSession } from '../testing/station-session.js'
import { startRig } from '../testing/rig.js'

const T1 = '000100000001'
const piid = { number: 5, priority: false, acd: false }
const get: Apdu = { apdu: 'get-request', choice: 'normal', piid, oad: '40010200' }
const OFFER = {
  version: 0x16, protocolConformance: 'FFFFFFFFC0000000', functionConformance: 'FFFEC400000000000000000000000000', sendSize: 1024, receiveSize: 2048, window: 1,
  apduSize: 8192, timeoutSeconds: 7200,
}

let engine: Sm2Engine
beforeAll(async () => { ({ engine } = await chooseEngine()) })

describe.each(['S', 'F'] as const)('OSP-1 mode %s', (mode) => {
  const registry = fleetRegistry({ terminals: 1, meters: 2, profile: mode === 'S' ? 'sm-s' : 'sm-f' })

  async function rig(reportSeconds = 0, state = memoryState(), known?: LaboratoryDevice) {
    const device = known ?? (await laboratoryDevice(engine, T1, mode))
    const session = stationSession(engine, device, OFFER)
    const reports: ReportNotification[] = []
    const onSecured = (heard: Heard): Buffer => {
      const { apdu, confirm } = session.report(heard.data)
      reports.push(apdu as ReportNotification)
      return confirm(confirmationOf(apdu as ReportNotification))
    }
    const started = await startRig({ registry, keys: keysByAddress([device.file]), state, settings: { reportSeconds, heartbeatSeconds: 3_600 }, before: (s) => { s.onSecured = onSecured } })
    const { station, until } = started
    const answered = (): Buffer[] => station.heard.filter((h) => h.control.dir === 1 && h.control.prm === 1).map((h) => h.data)
    const exchange = async (apdu: Buffer): Promise<Buffer> => {
      const { length } = answered()
      station.send(T1, apdu)
      await until(() => answered().length > length)
      return answered().at(-1)!
    }
    return { ...started, device, session, reports, exchange, answered }
  }

  it('a session is made and carries requests and answers', async () => {
    const { session, exchange, fleet } = await rig()
    await session.connect(exchange)
    for (let i = 0; i < 3; i++) {
      expect(session.open(await exchange(session.seal(get)))).toMatchObject({ apdu: { apdu: 'get-response', piid, result: { data: { hex: T1 } } } })
    }
    expect(fleet.counts.sessions).toBe(1)
  })

  it('plain requests get silence, with and without a session', async () => {
    const { session, exchange, station, pass, answered } = await rig()
    station.sendApdu(T1, get)
    await pass(500)
    expect(answered()).toHaveLength(0)
    await session.connect(exchange)
    station.sendApdu(T1, get)
    await pass(500)
    expect(answered()).toHaveLength(1)
  })

  it('reports go out sealed and only an authentic answer confirms them', async () => {
    const { station, fleet, pass, reports, until } = await rig(60)
    await until(() => reports.length >= 2)
    expect(station.reports(T1)).toHaveLength(0)
    const { reports: queue } = fleet.terminals.get(T1)!
    await until(() => queue.waiting === 0)
    station.confirms = false
    await pass(61_000)
    expect(queue.waiting).toBe(1)
    // What a plain terminal would believe, and an answer with a wrong MAC.
    const plain = encodeApdu(confirmationOf(reports.at(-1)!))
    const control = { dir: 0 as const, prm: 0 as const, segmented: false, scrambled: false, fn: 3 }
    station.send(T1, plain, control)
    station.send(T1, encodeApdu({ apdu: 'security-response', form: 'plain', content: plain, mac: Buffer.alloc(16) }), control)
    await pass(100)
    expect(queue.waiting).toBe(1)
    station.confirms = true
    await pass(16_000)
    expect(queue.waiting).toBe(0)
  })

  it('repeats the same bytes', async () => {
    const { station, fleet, pass } = await rig()
    station.confirms = false
    fleet.terminals.get(T1)!.reportNow()
    await pass(40_000)
    const sealed = station.heard.filter((h) => h.data[0] === 0x10).map((h) => h.data.toString('hex'))
    expect(sealed).toHaveLength(3)
    expect(new Set(sealed).size).toBe(1)
  })

  it('wrong-mac: neither report nor answer is authentic any more', async () => {
    const { session, exchange, fleet, station, pass } = await rig()
    await session.connect(exchange)
    fleet.faults.set(T1, 'wrong-mac', true)
    const answer = await exchange(session.seal(get))
    expect(() => session.open(answer)).toThrow()
    station.confirms = false
    fleet.terminals.get(T1)!.reportNow()
    await pass(100)
    const report = station.heard.find((h) => h.data[0] === 0x10)!
    expect(() => session.report(report.data)).toThrow()
  })

  it('the counters outlive the program: an old CONNECT and a used report counter are never accepted again', async () => {
    const state = memoryState()
    const first = await rig(0, state)
    const sent: Buffer[] = []
    await first.session.connect((apdu) => { sent.push(apdu); return first.exchange(apdu) })
    first.fleet.terminals.get(T1)!.reportNow()
    await first.until(() => first.reports.length === 1)
    const before = first.fleet.terminals.get(T1)!.protection.counters()!
    await first.fleet.stop()
    const second = await rig(0, state)
    expect(second.fleet.terminals.get(T1)!.protection.counters()).toEqual(before)
    await second.exchange(sent[0]!)
    expect(second.fleet.terminals.get(T1)!.protection.counters()!.asctr).toBe(before.asctr)
    expect(second.fleet.counts.sessions).toBe(0)
  })

  it('keys that a key update staged outlive the program, and so does their end', async () => {
    const state = memoryState()
    const first = await rig(0, state)
    const { keys: { transport }, dispersion } = readKeyFile(first.device.file)
    const head = { updateId: Buffer.from('UPDATE-1'), newState: 1, newVersion: 2, newDispersion: dispersion }
    const ku = encodeStage(deriveKey(transport, 'transport', dispersion), { ad: authenticatedAddressOfNumber(T1), dispersion }, head,
      PURPOSES.map((purpose) => ({ purpose: PURPOSE[purpose], key: Buffer.alloc(16, PURPOSE[purpose]) })))
    await first.session.connect(first.exchange)
    first.session.open(await first.exchange(first.session.seal(decodeApdu(keyUpdateRequest(ku, 1)))))
    await first.fleet.stop()
    const second = await rig(0, state, first.device)
    const { protection } = second.fleet.terminals.get(T1)!
    expect(protection.keys()).toEqual({ keyState: 1, keyVersion: 1, pending: { keyState: 1, keyVersion: 2 } })
    await first.session.connect(second.exchange)
    const abort = keyUpdateRequest(encodeUpdateHead({ ...head, step: 'abort' }), 2)
    first.session.open(await second.exchange(first.session.seal(decodeApdu(abort))))
    await second.fleet.stop()
    expect((await rig(0, state, first.device)).fleet.terminals.get(T1)!.protection.keys()?.pending).toBeUndefined()
  })

  it('a terminal that dies seals what waits anew and is confirmed', async () => {
    const { station, fleet, pass, until, reports } = await rig()
    station.confirms = false
    const terminal = fleet.terminals.get(T1)!
    terminal.reportNow()
    await until(() => station.heard.some((h) => h.data[0] === 0x10))
    terminal.link.hangUp('test', 0)
    terminal.protection.powerLoss()
    terminal.reports.powerLoss()
    station.confirms = true
    await pass(2_000)
    await until(() => terminal.reports.waiting === 0)
    expect(reports).toHaveLength(1)
  })
})

it('without keys, or with keys of the other mode, a protected terminal does not start', async () => {
  const registry = fleetRegistry({ terminals: 1, meters: 0, profile: 'sm-s' })
  await expect(startRig({ registry })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  const other = await laboratoryDevice(engine, T1, 'F')
  await expect(startRig({ registry, keys: keysByAddress([other.file]) })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
