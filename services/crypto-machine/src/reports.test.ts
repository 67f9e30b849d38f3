import { decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { SecurityRequest } from '@zhuzhan/dlt698'
import { ReportWindow, memoryStore } from '@zhuzhan/osp1'
import {
  GET_ENERGY,
  REPORT,
  REPORT_RESPONSE,
  ask,
  connect,
  exchange,
  flip,
  makeDevice,
  startMachine,
  testEngine,
} from './conformance/rig.js'
import { createMarks } from './reports/marks.js'
import type { WindowMark } from './reports/report-windows.js'

/** Reports and read proofs, both sides against each other. OSP-1 §7.5, §7.10, §8. */

afterAll(() => testEngine().close())
const AUTH = { code: 'AUTH_FAILED' }
const address = '259689583757'
const counters = (report: number) =>
  encodeApdu({
    apdu: 'get-response',
    choice: 'normal',
    piid: { number: 1, priority: false, acd: false },
    result: {
      oad: 'F1000700',
      data: { type: 'structure', items: [1, report, 0].map((value) => ({ type: 'double-long-unsigned' as const, value })) },
    },
  })
const GET_COUNTERS = encodeApdu({
  apdu: 'get-request',
  choice: 'normal',
  piid: { number: 1, priority: false, acd: false },
  oad: 'F1000700',
})

describe.each(['cipher', 'plain'] as const)('a report in %s', (form) => {
  it('is opened, confirmed, and dropped by the meter only then', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S')
    const report = await peer.device.sealReport(REPORT, form)
    expect(report.apdu.includes(REPORT.subarray(4))).toBe(form === 'plain')
    const opened = await ask(rig.port, 'openReport', { address, apdu: report.apdu })
    expect(opened).toMatchObject({ state: 'new', replayChecked: true })
    expect(Buffer.from(opened.apdu)).toEqual(REPORT)
    expect(peer.device.unconfirmed).toEqual([report.id])
    const { apdu } = await ask(rig.port, 'confirmReport', { address, token: opened.token, apdu: REPORT_RESPONSE })
    expect(peer.device.confirmReport(apdu)).toEqual({ id: report.id, answer: REPORT_RESPONSE })
    expect(peer.device.unconfirmed).toEqual([])
  })

  it('is refused with any byte changed', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S')
    const { apdu } = await peer.device.sealReport(REPORT, form)
    for (let at = 0; at < apdu.length; at++)
      await expect(ask(rig.port, 'openReport', { address, apdu: flip(apdu, at) })).rejects.toMatchObject(AUTH)
    expect(rig.disk.reports.records).toEqual([])
  })
})

describe('confirmations', () => {
  it('forged, changed or of another report leave the report where it is', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S')
    const [first, second] = [await peer.device.sealReport(REPORT), await peer.device.sealReport(REPORT)]
    const opened = await ask(rig.port, 'openReport', { address, apdu: first.apdu })
    const { apdu } = await ask(rig.port, 'confirmReport', { address, token: opened.token, apdu: REPORT_RESPONSE })
    for (let at = 0; at < apdu.length; at++) expect(peer.device.confirmReport(flip(apdu, at))).toBeUndefined()
    expect(
      peer.device.confirmReport(encodeApdu({ apdu: 'security-response', form: 'plain', content: REPORT_RESPONSE, mac: Buffer.alloc(16) })),
    ).toBeUndefined()
    expect(peer.device.confirmReport(REPORT_RESPONSE)).toBeUndefined()
    expect(peer.device.unconfirmed).toEqual([first.id, second.id])
    expect(peer.device.confirmReport(apdu)?.id).toBe(first.id)
    expect(peer.device.unconfirmed).toEqual([second.id])
  })

  it('a lost one: the repetition is answered again and processed no second time', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S')
    const report = await peer.device.sealReport(REPORT)
    const opened = await ask(rig.port, 'openReport', { address, apdu: report.apdu })
    await ask(rig.port, 'confirmReport', { address, token: opened.token, apdu: REPORT_RESPONSE })
    const again = await peer.device.repeatReport(report.id)
    expect(again?.apdu).toEqual(report.apdu)
    const restarted = await startMachine({ disk: rig.disk, clock: rig.clock })
    const repeated = await ask(restarted.port, 'openReport', { address, apdu: report.apdu })
    expect(repeated.state).toBe('repeat')
    const { apdu } = await ask(restarted.port, 'confirmReport', { address, token: repeated.token, apdu: REPORT_RESPONSE })
    expect(peer.device.confirmReport(apdu)?.id).toBe(report.id)
  })

  it('is not made when the mark could not be stored, and the report stays new', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S')
    const report = await peer.device.sealReport(REPORT)
    const opened = await ask(rig.port, 'openReport', { address, apdu: report.apdu })
    rig.disk.failNext = new Error('disk full')
    await expect(ask(rig.port, 'confirmReport', { address, token: opened.token, apdu: REPORT_RESPONSE })).rejects.toThrow('disk full')
    expect((await ask(rig.port, 'openReport', { address, apdu: report.apdu })).state).toBe('new')
  })

  it('needs its own token, its own caller, and a REPORT-Response', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S')
    const opened = await ask(rig.port, 'openReport', { address, apdu: (await peer.device.sealReport(REPORT)).apdu })
    const request = { address, token: opened.token, apdu: REPORT_RESPONSE }
    await expect(ask(rig.machine.as('fep-2'), 'confirmReport', request)).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
    await expect(ask(rig.port, 'confirmReport', { ...request, address: '000000000001' })).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
    await expect(ask(rig.port, 'confirmReport', { ...request, apdu: REPORT })).rejects.toMatchObject({ code: 'BODY_INVALID' })
  })
})

describe('the window of reports', () => {
  const take = async (rig: Awaited<ReturnType<typeof startMachine>>, apdu: Uint8Array) => {
    const opened = await ask(rig.port, 'openReport', { address, apdu })
    await ask(rig.port, 'confirmReport', { address, token: opened.token, apdu: REPORT_RESPONSE })
    return opened.state
  }

  it('takes late ones inside 64, refuses older ones, and stays right over a restart', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S')
    const reports: Buffer[] = []
    for (let i = 0; i < 80; i++) reports.push((await peer.device.sealReport(REPORT)).apdu)
    expect(await take(rig, reports[79] ?? Buffer.alloc(0))).toBe('new')
    expect(await take(rig, reports[20] ?? Buffer.alloc(0))).toBe('new')
    expect(await take(rig, reports[20] ?? Buffer.alloc(0))).toBe('repeat')
    await expect(take(rig, reports[10] ?? Buffer.alloc(0))).rejects.toMatchObject({ code: 'COUNTER', context: { reason: 'stale' } })
    const restarted = await startMachine({ disk: rig.disk, clock: rig.clock })
    expect(await take(restarted, reports[20] ?? Buffer.alloc(0))).toBe('repeat')
    expect(await take(restarted, reports[21] ?? Buffer.alloc(0))).toBe('new')
    await expect(take(restarted, reports[10] ?? Buffer.alloc(0))).rejects.toMatchObject({ code: 'COUNTER' })
  })

  it('refuses a known counter with another random number, and only a reading in a session moves it back', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S')
    for (let i = 0; i < 3; i++) await take(rig, (await peer.device.sealReport(REPORT)).apdu)
    // The meter lost its memory and counts from the beginning.
    const amnesiac = await makeDevice(rig, 'S', address, { store: memoryStore() })
    const { apdu } = await amnesiac.device.sealReport(REPORT)
    await expect(take(rig, apdu)).rejects.toMatchObject({ code: 'COUNTER', context: { reason: 'conflict' } })
    const handle = await connect(rig, amnesiac)
    amnesiac.answerWith(() => counters(0))
    await exchange(rig, amnesiac, handle, GET_COUNTERS)
    expect(await take(rig, apdu)).toBe('new')
    expect(rig.disk.events.map(({ kind }) => kind)).toContain('report-counter-set')
    // A reading that is not behind changes nothing.
    amnesiac.answerWith(() => counters(500))
    await exchange(rig, amnesiac, handle, GET_COUNTERS)
    expect(await take(rig, apdu)).toBe('repeat')
  })

  it('the meter never uses a counter twice, seals anew after 16 later reports, and refuses to forget', async () => {
    const rig = await startMachine()
    const store = memoryStore()
    const peer = await makeDevice(rig, 'S', address, { store })
    const counterOf = (apdu: Buffer): number => {
      const { verification } = decodeApdu(apdu) as SecurityRequest
      return verification.kind === 'rn-mac' ? verification.rn.readUInt32BE(0) : -1
    }
    const first = await peer.device.sealReport(REPORT)
    const seen = [counterOf(first.apdu)]
    for (let i = 0; i < 16; i++) seen.push(counterOf((await peer.device.sealReport(REPORT)).apdu))
    const anew = await peer.device.repeatReport(first.id)
    seen.push(counterOf(anew?.apdu ?? Buffer.alloc(0)))
    expect(anew?.apdu).not.toEqual(first.apdu)
    const reborn = await makeDevice(rig, 'S', address, { store })
    seen.push(counterOf((await reborn.device.sealReport(REPORT)).apdu))
    expect(new Set(seen).size).toBe(seen.length)
    expect([...seen].sort((a, b) => a - b)).toEqual(seen)
    expect(store.writes).toBeLessThan(seen.length / 2)
  })
})

describe('read proofs', () => {
  it('prove one answer to one GET, once, within five minutes, to the caller who asked', async () => {
    const rig = await startMachine()
    const peer = await makeDevice(rig, 'S')
    peer.answerWith(() => counters(7))
    const ask1 = async () => {
      const sealed = await ask(rig.port, 'proofSeal', { address, apdu: GET_ENERGY })
      return { sealed, answer: (await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0) }
    }
    const { sealed, answer } = await ask1()
    for (let at = 0; at < answer.length; at++)
      await expect(ask(rig.port, 'proofOpen', { address, token: sealed.token, apdu: flip(answer, at) })).rejects.toMatchObject(AUTH)
    const other = await ask1()
    await expect(ask(rig.port, 'proofOpen', { address, token: sealed.token, apdu: other.answer })).rejects.toMatchObject(AUTH)
    await expect(ask(rig.machine.as('fep-2'), 'proofOpen', { address, token: sealed.token, apdu: answer })).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
    })
    expect(Buffer.from((await ask(rig.port, 'proofOpen', { address, token: sealed.token, apdu: answer })).apdu)).toEqual(counters(7))
    await expect(ask(rig.port, 'proofOpen', { address, token: sealed.token, apdu: answer })).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
    })
    rig.clock.advance(301_000)
    await expect(ask(rig.port, 'proofOpen', { address, token: other.sealed.token, apdu: other.answer })).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
    })
    const trip = encodeApdu({
      apdu: 'action-request',
      choice: 'normal',
      piid: { number: 1, priority: false, acd: false },
      omd: '80008100',
      parameter: { type: 'null' },
    })
    await expect(ask(rig.port, 'proofSeal', { address, apdu: trip })).rejects.toMatchObject({ code: 'TICKET_REFUSED' })
  })
})

describe('marks of the windows', () => {
  const row = (n: number): WindowMark => ({ deviceId: n, window: new ReportWindow(), rn: Buffer.alloc(12), mac: Buffer.alloc(8) })

  it('wait for a database that stands still, in one statement, and nobody is told before', async () => {
    const statements: { ids: number[]; end: (error?: Error) => void }[] = []
    const mark = createMarks({
      markReports: (rows) => new Promise((resolve, reject) => {
        statements.push({ ids: rows.map(({ deviceId }) => deviceId), end: (error) => { if (error) reject(error); else resolve(statements.length) } })
      }),
    }, { marked: (record) => { records.push(record) } })
    const records: number[] = []
    const told: string[] = []
    const all = [[row(1)], [row(2), row(3)], [row(4)]].map((rows, n) => mark(rows).then(() => told.push(`${n}`), () => told.push(`${n} failed`)))
    await new Promise(setImmediate)
    expect([statements.map(({ ids }) => ids), told]).toEqual([[[1]], []])
    statements[0]?.end(new Error('cut'))
    await new Promise(setImmediate)
    // The failure of one statement is nobody else's.
    expect([statements.map(({ ids }) => ids), told]).toEqual([[[1], [2, 3, 4]], ['0 failed']])
    statements[1]?.end()
    await Promise.all(all)
    expect(told).toEqual(['0 failed', '1', '2'])
    await Promise.all([mark([row(5)]), new Promise<void>((resolve) => { setImmediate(() => { statements[2]?.end(); resolve() }) })])
    expect([statements.length, records]).toEqual([3, [2, 3]])
  })
})
