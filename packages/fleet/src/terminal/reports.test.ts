import { encodeApdu, leafRows, rowColumns } from '@zhuzhan/dlt698'
import type { Apdu, ReportNotification } from '@zhuzhan/dlt698'
import { fleetRegistry } from '../run/registry.js'
import type { createLedger } from '../run/ledger.js'
import type { LedgerEntry } from '../run/ledger.js'
import { meterModel } from '../meter/meter.js'
import { confirmationOf } from '../testing/memory-station.js'
import { START, startRig } from '../testing/rig.js'

const T1 = '000100000001'
const registry = fleetRegistry({ terminals: 1, meters: 3, profile: 'plain' })

function spyLedger(): ReturnType<typeof createLedger> & { list: LedgerEntry[] } {
  const list: LedgerEntry[] = []
  return { list, acknowledged: (entry) => list.push(entry), flush: () => {}, path: undefined, get entries() { return list.length } }
}

type RecordReport = Extract<ReportNotification, { choice: 'record-list' }>
const ofTask = (reports: ReportNotification[]): RecordReport[] =>
  reports.filter((r): r is RecordReport => r.choice === 'record-list' && r.records[0]?.oad === '60120300')

describe('periodic reports', () => {
  it('carry the minute freeze of each meter, as the meter holds it', async () => {
    const { station } = await startRig({ registry })
    const [report] = ofTask(station.reports(T1))
    const [record] = report!.records
    expect(rowColumns(record!.rcsd)).toEqual(['202A0200', '60400200', '60420200', '20210200', '00100200', '20000200', '20010200', '20040200'])
    const rows = leafRows(record!)
    expect(rows).toHaveLength(3)
    const stamp = Math.floor(START / 60_000) * 60_000
    rows.forEach((row, i) => {
      const meter = meterModel(registry[0]!.meters[i]!)
      expect(row[0]).toMatchObject({ tsa: { address: meter.address } })
      expect(row[3]).toMatchObject({ value: { hour: 11, minute: 7, second: 0 } })
      expect(row[4]).toEqual({ type: 'array', items: meter.forward(stamp).map((value) => ({ type: 'double-long-unsigned', value })) })
    })
  })

  it('come once a period, each with a later freeze', async () => {
    const { station, pass } = await startRig({ registry, settings: { reportSeconds: 60, heartbeatSeconds: 3600 } })
    await pass(300_000)
    const minutes = ofTask(station.reports(T1)).map((r) => (leafRows(r.records[0]!)[0]![3] as { value: { minute: number } }).value.minute)
    expect(minutes.length).toBeGreaterThanOrEqual(5)
    expect(new Set(minutes).size).toBe(minutes.length)
  })

  it('below a minute they carry present values with the storage time', async () => {
    const { station, pass } = await startRig({ registry, settings: { reportSeconds: 1, reportItems: ['00100201', '20000201'] } })
    await pass(5_000)
    const reports = ofTask(station.reports(T1))
    expect(reports.length).toBeGreaterThanOrEqual(5)
    expect(rowColumns(reports[0]!.records[0]!.rcsd)).toEqual(['202A0200', '60400200', '60420200', '00100201', '20000201'])
    const seconds = reports.slice(1).map((r) => (leafRows(r.records[0]!)[0]![2] as { value: { second: number } }).value.second)
    expect(new Set(seconds).size).toBe(seconds.length)
  })

  it('are several when one frame would not hold all meters, and none is left out', async () => {
    const many = fleetRegistry({ terminals: 1, meters: 30, profile: 'plain' })
    const { station } = await startRig({ registry: many, settings: { frameSize: 400 } })
    const rows = ofTask(station.reports(T1)).flatMap((r) => leafRows(r.records[0]!))
    expect(rows.map((row) => (row[0] as { tsa: { address: string } }).tsa.address).sort()).toEqual(many[0]!.meters)
    expect(Math.max(...station.raw.map((b) => b.length))).toBeLessThanOrEqual(402)
  })

  it('the ledger has every acknowledged reading, scaled', async () => {
    const ledger = spyLedger()
    const { fleet } = await startRig({ registry, ledger })
    const [entry] = ledger.list.filter((e) => e.readings.length > 0)
    const stamp = Math.floor(START / 60_000) * 60_000
    for (const meter of registry[0]!.meters) {
      const [total] = meterModel(meter).forward(stamp)
      expect(entry!.readings).toContainEqual({ meter, item: '00100201', time: stamp, value: (total / 100).toFixed(2) })
    }
    expect(fleet.counts.readingsAcknowledged).toBe(ledger.list.reduce((sum, e) => sum + e.readings.length, 0))
  })
})

describe('keeping reports', () => {
  const patient = { reportSeconds: 600, reportTimeoutMs: 10_000, reportRepeats: 3, reportRestMs: 60_000, heartbeatSeconds: 3_600 }

  it('the same bytes are repeated until the confirmation, then never again', async () => {
    const { station, pass, fleet } = await startRig({ registry, settings: patient, before: (s) => { s.confirms = false } })
    await pass(25_000)
    const bytes = station.heard.filter((h) => h.data[0] === 0x88).map((h) => h.data.toString('hex'))
    const kinds = new Set(bytes)
    expect(bytes.length).toBe(3 * kinds.size)
    station.confirms = true
    await pass(15_000)
    expect(fleet.terminals.get(T1)!.reports.waiting).toBe(0)
    const { length } = station.reports(T1)
    await pass(120_000)
    expect(station.reports(T1)).toHaveLength(length)
  })

  it('after the last repetition the terminal rests, then tries again', async () => {
    const { station, pass } = await startRig({ registry, settings: patient, before: (s) => { s.confirms = false } })
    await pass(45_000)
    const { length } = station.reports(T1)
    await pass(40_000)
    expect(station.reports(T1)).toHaveLength(length)
    await pass(40_000)
    expect(station.reports(T1).length).toBeGreaterThan(length)
  })

  it('a new login begins with what is unconfirmed', async () => {
    const { station, pass, fleet } = await startRig({ registry, settings: patient, before: (s) => { s.confirms = false } })
    await pass(1_000)
    const waiting = fleet.terminals.get(T1)!.reports.waiting
    expect(waiting).toBeGreaterThan(0)
    station.hangUp()
    station.confirms = true
    await pass(5_000)
    expect(fleet.terminals.get(T1)!.reports).toMatchObject({ waiting: 0, acknowledged: waiting })
  })

  it('a confirmation with another number, service or OAD confirms nothing', async () => {
    const { station, pass, fleet } = await startRig({ registry, settings: patient, before: (s) => { s.confirms = false } })
    await pass(100)
    const reports = fleet.terminals.get(T1)!.reports
    const { waiting } = reports
    const good = confirmationOf(ofTask(station.reports(T1))[0]!) as Extract<Apdu, { apdu: 'report-response' }>
    const control = { dir: 0 as const, prm: 0 as const, segmented: false, scrambled: false, fn: 3 }
    for (const wrong of [
      { ...good, piid: { ...good.piid, number: (good.piid.number + 20) % 64 } },
      { ...good, choice: 'normal-list', oads: ['60120300'] },
      { ...good, oads: ['31060200'] },
      { ...good, oads: [] },
    ] as Apdu[]) station.send(T1, encodeApdu(wrong), control)
    await pass(100)
    expect(reports.waiting).toBe(waiting)
    expect(fleet.counts.strayConfirmations).toBe(4)
    station.send(T1, encodeApdu(good), control)
    await pass(100)
    expect(reports.waiting).toBe(waiting - 1)
  })

  it('memory is finite: what does not fit is skipped and counted, and all that fits arrives later', async () => {
    const { station, pass, fleet } = await startRig({ registry, settings: { reportSeconds: 1, heartbeatSeconds: 3_600, reportRestMs: 20_000 }, before: (s) => { s.confirms = false } })
    await pass(300_000)
    const { reports } = fleet.terminals.get(T1)!
    expect(reports.waiting).toBe(256)
    expect(fleet.counts.reportsSkipped).toBeGreaterThan(30)
    fleet.terminals.get(T1)!.setReporting(false)
    station.confirms = true
    await pass(60_000)
    expect(reports).toMatchObject({ waiting: 0, acknowledged: reports.made })
  })
})

describe('faulty reports', () => {
  const calm = { reportSeconds: 60, heartbeatSeconds: 3_600 }

  it('duplicate-report: twice and once more after the confirmation, acknowledged once', async () => {
    const { station, pass, fleet } = await startRig({ registry, settings: calm })
    fleet.faults.set(T1, 'duplicate-report', true)
    const { length } = station.reports(T1)
    await pass(59_000)
    expect(station.reports(T1)).toHaveLength(length + 3)
    expect(fleet.counts.reportsAcknowledged).toBe(fleet.counts.reportsMade)
  })

  it('replay: an old report comes again with each new one', async () => {
    const { station, pass, fleet } = await startRig({ registry, settings: calm })
    const old = station.heard.filter((h) => h.data[0] === 0x88).map((h) => h.data.toString('hex'))
    fleet.faults.set(T1, 'replay', true)
    await pass(59_000)
    const later = station.heard.filter((h) => h.data[0] === 0x88).slice(old.length).map((h) => h.data.toString('hex'))
    expect(later).toHaveLength(2)
    expect(old).toContain(later[1])
  })
})

describe('events', () => {
  it('a trip of a meter is reported with the meter and the time', async () => {
    const { station, pass, fleet, now } = await startRig({ registry, settings: { reportSeconds: 600 } })
    const meter = fleet.device(registry[0]!.meters[0]!)!
    meter.meter.relay.trip(now(), now() + 60_000)
    await pass(30_000)
    const trips = () => station.reports(T1).filter((r) => r.choice === 'record-list' && r.records[0]?.oad === '301F0200')
    expect(trips()).toHaveLength(0)
    await pass(40_000)
    expect(trips()).toHaveLength(1)
    expect((trips()[0] as RecordReport).records[0]).toMatchObject({ rows: [expect.arrayContaining([
      { type: 'tsa', tsa: { flag: 5, address: meter.address } }, { type: 'date-time-s', value: { year: 2026, month: 10, day: 5, hour: 11, minute: 8, second: 21 } },
    ])] })
  })

  it('the last power event is reported after the first login', async () => {
    const { station } = await startRig({ registry })
    expect(station.reports(T1)[0]).toMatchObject({ records: [{ oad: '31060200', rcsd: [{ oad: '20220200' }, { oad: '201E0200' }, { oad: '20200200' }, { oad: '20240200' }, { oad: '33000200' }, { oad: '33090206' }] }] })
  })
})
