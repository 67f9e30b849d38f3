import { randomBytes } from 'node:crypto'
import { CONTROL, encodeApdu } from '@zhuzhan/dlt698'
import type { ConnectResponse } from '@zhuzhan/dlt698'
import { decodeApdu } from '@zhuzhan/dlt698'
import { recordRequest, recordResponse } from '@zhuzhan/osp1'
import { objectOf } from '../field.js'
import { frameOf } from '../raw-terminal.js'
import { KIND } from '../wire-tap.js'
import { connectRequest, downFrame } from './adversary.js'
import type { Adversary } from './adversary.js'

const JUNK = 10_000
/** Sent at once. */
const SLICE = 500
const CONNECTS = 300
/** The device's SM2 budget for strangers: a burst of 10 and 5 a second. §7.12 */
const SM2_BURST = 10
const SM2_PER_SECOND = 5

/** Row "session killing" of OSP-1 §8 and the limits of §7.12: floods cost the sender more than those they are aimed at. */
export function floods(on: () => Adversary, verifications: () => number): void {
  const terminals = [['S', () => on().field.modeS], ['F', () => on().field.modeF]] as const
  const junk = (): { data: Buffer; mac: Buffer } => ({ data: randomBytes(40), mac: randomBytes(8) })
  const release = encodeApdu({ apdu: 'release-request', piid: { number: 1, priority: false, acd: false }, timeTag: undefined })
  const released = encodeApdu({ apdu: 'release-response', piid: { number: 1, priority: false, acd: false }, result: 0, followReport: undefined, timeTag: undefined })

  // Seen failing with oncePerSecond of packages/osp1/src/device/limits.ts that always allows.
  test.each(terminals)(`${JUNK} junk records and plain RELEASEs at the device leave the session as it is, and get one answer a second, in mode %s`, async (_mode, of) => {
    const { field, count } = on()
    const terminal = of()
    const handshakes = field.tap.seen(terminal.address, 'down', KIND.connectRequest).length
    const refusals = field.fleet.counts.securityRefusals
    const since = performance.now()
    let answers = 0
    for (let sent = 0; sent < JUNK; sent += SLICE) {
      const frames = Array.from({ length: SLICE }, (_, i) => downFrame(terminal, i === 0 ? release : recordRequest(1, sent + i, 3, junk())))
      answers += await count(terminal, frames, ({ data }) => data[0] === 0x90 && data[1] === 2, 200)
      // In the middle of it the session does its work.
      if (sent % 2_500 === 0) await field.read(terminal)
    }
    const seconds = (performance.now() - since) / 1_000
    expect(answers).toBeGreaterThan(0)
    expect(answers).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
    expect(field.fleet.counts.securityRefusals - refusals).toBeGreaterThan(JUNK - JUNK / SLICE - 50)
    expect(field.tap.seen(terminal.address, 'down', KIND.connectRequest)).toHaveLength(handshakes)
    await field.read(terminal)
  }, 120_000)

  // Seen failing with MAX_MAC_FAILURES of crypto-machine/src/sessions/records.ts as 1000.
  test.each(terminals)(`${JUNK} junk answers and a plain RELEASE at the station leave the session as it is, are counted and audited, in mode %s`, async (_mode, of) => {
    const { field } = on()
    const terminal = of()
    const handshakes = field.tap.seen(terminal.address, 'down', KIND.connectRequest).length
    await field.refused('PLAIN_REFUSED', objectOf(terminal), () => field.tap.inject(terminal.address, 'up', frameOf(terminal.address, released, CONTROL.serverResponse)))
    await field.refused('AUTH_FAILED', objectOf(terminal), async () => {
      for (let sent = 0; sent < JUNK; sent += SLICE) {
        for (let n = 0; n < SLICE; n += 1) field.tap.inject(terminal.address, 'up', frameOf(terminal.address, recordResponse(1, junk())))
        // In the middle of it the station does its work.
        if (sent % 2_500 === 0) await field.read(terminal)
      }
    }, JUNK)
    await field.read(terminal)
    expect(field.tap.seen(terminal.address, 'down', KIND.connectRequest)).toHaveLength(handshakes)
  }, 180_000)

  // Seen failing with `sm2.take()` taken out of packages/osp1/src/device/connect.ts, and with oncePerSecond that always allows.
  test(`${CONNECTS} bogus CONNECTs at each device: one answer a second and one result, SM2 work within its budget, and the session goes on`, async () => {
    const { field, count } = on()
    for (const [mode, of] of terminals) {
      const terminal = of()
      const handshakes = field.tap.seen(terminal.address, 'down', KIND.connectRequest).length
      const answersBefore = field.tap.seen(terminal.address, 'up', KIND.connectResponse).length
      const [since, verified] = [performance.now(), verifications()]
      const bogus = Array.from({ length: CONNECTS }, () => mode === 'S'
        ? connectRequest('symmetric', { cipher: randomBytes(32), signature: randomBytes(16) })
        : connectRequest('signature', { cipher: Buffer.concat([Buffer.of(1), randomBytes(68)]), signature: randomBytes(64) }))
      const answers = await count(terminal, bogus.map((apdu) => downFrame(terminal, apdu)), KIND.connectResponse, 3_000)
      const seconds = (performance.now() - since) / 1_000
      expect(answers).toBeGreaterThan(0)
      expect(answers).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
      const results = field.tap.seen(terminal.address, 'up', KIND.connectResponse).slice(answersBefore).map(({ frame }) => decodeApdu(frame.data) as ConnectResponse)
      expect(new Set(results.map(({ result, security }) => `${result} ${security === undefined}`))).toEqual(new Set([mode === 'S' ? '2 true' : '4 true']))
      if (mode === 'F') {
        expect(verifications() - verified).toBeGreaterThan(0)
        expect(verifications() - verified).toBeLessThanOrEqual(SM2_BURST + Math.ceil(seconds * SM2_PER_SECOND))
      }
      await field.read(terminal)
      expect(field.tap.seen(terminal.address, 'down', KIND.connectRequest)).toHaveLength(handshakes)
    }
  }, 120_000)
}
