import { CONTROL, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { ConnectResponse } from '@zhuzhan/dlt698'
import { openReport, parseSecurityRequest, authenticatedAddressOfNumber, deriveKey } from '@zhuzhan/osp1'
import { objectOf } from '../field.js'
import { frameOf } from '../raw-terminal.js'
import { KIND, withData } from '../wire-tap.js'
import { downFrame } from './adversary.js'
import type { Adversary } from './adversary.js'
import { sealAnswer } from './forger.js'

/** Tag, choice and length bytes in front of and between content and MAC, which an attacker may rewrite to no effect or to no APDU. */
const FRAMING = 16
const RUN = 6

/** Rows "eavesdrop", "forge", "tamper" and "downgrade" of OSP-1 §8, on the wire between running services and devices. */
export function tampering(on: () => Adversary): void {
  const terminals = [['S', () => on().field.modeS], ['F', () => on().field.modeF]] as const

  // Seen failing with `mode: 0` for 1 in sealNow of crypto-machine/src/sessions/records.ts.
  test.each(terminals)('eavesdrop: no run of bytes of any request, answer or report is on the wire in mode %s', async (_mode, of) => {
    const { field, session, request, answer, keysOf } = on()
    const terminal = of()
    await field.read(terminal)
    field.report(terminal)
    await field.confirmed(terminal)
    const made = await session(terminal)
    const requests = field.tap.seen(terminal.address, 'down', KIND.request).flatMap((passing) => {
      const opened = request(terminal, made, passing)
      return opened ? [{ ...opened, passing }] : []
    })
    const answers = field.tap.seen(terminal.address, 'up', KIND.answer)
      .flatMap((passing) => requests.flatMap((asked) => { const apdu = answer(terminal, made, asked, passing); return apdu ? [{ apdu, passing }] : [] }))
    const keys = keysOf(terminal)
    const reports = field.tap.seen(terminal.address, 'up', KIND.report).map((passing) => {
      const apdu = parseSecurityRequest(passing.frame.data)
      if (apdu?.verification.kind !== 'rn-mac') throw new Error('no report')
      const { rn, mac } = apdu.verification
      return { passing, apdu: openReport(deriveKey(keys.keys.report, 'reportCipher', keys.dispersion), authenticatedAddressOfNumber(keys.address), { form: apdu.form, content: apdu.content, rn, mac }) }
    })
    expect([requests.length, answers.length, reports.length].every((count) => count > 0)).toBe(true)
    const visible = [...requests, ...answers, ...reports].filter(({ apdu, passing }) => {
      for (let at = 0; at + RUN <= apdu.length; at += 1) if (passing.frame.data.includes(apdu.subarray(at, at + RUN))) return true
      return false
    })
    expect(visible.map(({ apdu }) => apdu.toString('hex'))).toEqual([])
  }, 120_000)

  // Seen failing with a hint in the place of AUTH_FAILED at the end of open() in crypto-machine/src/sessions/records.ts.
  test.each(terminals)('tamper: an answer with any byte changed is refused, at every offset, and the true one is taken in mode %s', async (_mode, of) => {
    const { field } = on()
    const terminal = of()
    const { length } = field.tap.latest(terminal.address, 'up', KIND.answer).frame.data
    await field.refused('AUTH_FAILED', objectOf(terminal), async () => {
      const caught = field.tap.ambush(terminal.address, 'up', KIND.answer, ({ frame, bytes }) => {
        const flipped = frame.data.map((_, at) => at).slice(1)
        return [...[...flipped].map((at) => withData(frame, flip(frame.data, at))), bytes]
      })
      await field.read(terminal)
      await caught
    }, length - FRAMING)
  }, 120_000)

  test.each(terminals)('tamper: a request with any byte changed does nothing at the device, and the true one is carried out in mode %s', async (_mode, of) => {
    const { field } = on()
    const terminal = of()
    const { counts } = field.fleet
    const refusedBefore = counts.securityRefusals
    let tried = 0
    const caught = field.tap.ambush(terminal.address, 'down', KIND.request, ({ frame, bytes }) => {
      const changed = [...frame.data.keys()].slice(1).map((at) => withData(frame, flip(frame.data, at)))
      tried = changed.length
      return [...changed, bytes]
    })
    await field.read(terminal)
    await caught
    expect(counts.securityRefusals - refusedBefore).toBeGreaterThanOrEqual(tried - FRAMING)
  }, 120_000)

  // Seen failing with the look at the address taken out of receive() in packages/osp1/src/device/device.ts.
  test.each(terminals)('tamper: another logical address in the frame makes it another device\'s: silence, in mode %s', async (_mode, of) => {
    const { field, count } = on()
    const terminal = of()
    const { frame } = field.tap.latest(terminal.address, 'down', KIND.connectRequest)
    expect(await count(terminal, [downFrame(terminal, frame.data, { logical: 1 })], KIND.connectResponse)).toBe(0)
    let answersBefore = 0
    const caught = field.tap.ambush(terminal.address, 'down', KIND.request, (passing) => {
      answersBefore = field.tap.seen(terminal.address, 'up', KIND.answer).length
      return [downFrame(terminal, passing.frame.data, { logical: 1 }), passing.bytes]
    })
    await field.read(terminal)
    await caught
    expect(field.tap.seen(terminal.address, 'up', KIND.answer).length).toBeGreaterThan(answersBefore)
  }, 120_000)

  // Seen failing with `result !== 0` taken out of finish() in crypto-machine/src/sessions/exchanges.ts.
  test('downgrade: every refusal and every weaker offer in the place of an answer of mode F is refused; the mode stays F', async () => {
    const { field, reconnect } = on()
    const { tap, modeF } = field
    const before = tap.seen(modeF.address, 'down', KIND.connectRequest).length
    await field.refused('AUTH_FAILED', objectOf(modeF), async () => {
      const caught = tap.ambush(modeF.address, 'up', KIND.connectResponse, ({ frame, bytes }) => {
        const true_ = decodeApdu(frame.data) as ConnectResponse
        const forged = [1, 2, 3, 4, 5, 255].flatMap((result) => [{ ...true_, result }, { ...true_, result, security: undefined }])
        const plainSuccess = { ...true_, security: undefined }
        const smaller = { ...true_, header: { ...true_.header, apduSize: 64 } }
        return [...[...forged, plainSuccess, smaller].map((one) => withData(frame, encodeApdu(one))), bytes]
      })
      await reconnect(modeF)
      await caught
    }, 14)
    expect(await field.security(modeF)).toBe('F')
    const mechanisms = tap.seen(modeF.address, 'down', KIND.connectRequest).slice(before).map(({ frame }) => (decodeApdu(frame.data) as { mechanism: { kind: string } }).mechanism.kind)
    expect(new Set(mechanisms)).toEqual(new Set(['signature']))
    // Nothing was worth a second try either: the true answer came behind the forged ones.
    expect(mechanisms).toHaveLength(1)
  }, 120_000)

  test('malicious payload upward: whatever is inside an authentic answer, the station refuses it or goes on, and serves', async () => {
    const { field, session, request } = on()
    const { modeS } = field
    const made = await session(modeS)
    const nested = Buffer.concat([Buffer.from('8501014000020001', 'hex'), Buffer.alloc(4_000, 0x01)])
    const payloads = [
      Buffer.from('10', 'hex'), Buffer.from('82', 'hex'), Buffer.from('85', 'hex'), Buffer.from('00', 'hex'), Buffer.alloc(8_000, 0xff), nested,
      Buffer.from('8501014000020009847FFFFFFF', 'hex'), Buffer.from('850301' + '840FFFFFFF', 'hex'),
      field.tap.latest(modeS.address, 'up', KIND.answer).frame.data, field.tap.latest(modeS.address, 'down', KIND.request).frame.data,
      field.tap.latest(modeS.address, 'up', KIND.connectResponse).frame.data, frameOf(modeS.address, Buffer.from('0500', 'hex'), CONTROL.serverResponse),
      ...Array.from({ length: 12 }, (_, i) => Buffer.concat([Buffer.from('85', 'hex'), Buffer.from(Array.from({ length: 40 + i }, (__, j) => (i * 37 + j * 91) & 0xff))])),
    ]
    for (const payload of payloads) {
      const caught = field.tap.ambush(modeS.address, 'up', KIND.answer, ({ frame }) => {
        const asked = field.tap.seen(modeS.address, 'down', KIND.request).map((one) => request(modeS, made, one)).filter((one) => one !== undefined).at(-1)!
        return [withData(frame, sealAnswer(made, modeS.address, asked, payload))]
      })
      await field.station.rest.call('POST', `/api/v1/meters/${modeS.meters[0]}/commands`, { action: 'read', oads: ['20000201'] })
      await caught
    }
    await field.read(modeS)
  }, 240_000)
}

function flip(bytes: Uint8Array, at: number): Buffer {
  const out = Buffer.from(bytes)
  out[at]! ^= 0x01
  return out
}
