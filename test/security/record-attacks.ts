import { CONTROL, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import { objectOf } from './field.js'
import type { Field } from './field.js'
import { frameOf, plainGetResponse, plainReport } from './raw-terminal.js'
import { KIND, withData, wrongMac } from './wire-tap.js'

/** Attacks on records of an open session, OSP-1 §7.4: each is refused, and the true answer is still taken. */
export function recordAttacks(field: () => Field): void {
  const at = { S: () => field().modeS, F: () => field().modeF }

  /** These frames come in before the true answer of a read, which must not suffer. */
  const beforeAnAnswer = async (mode: 'S' | 'F', forge: Parameters<Field['tap']['ambush']>[3]): Promise<void> => {
    const { tap, refused, read } = field()
    const terminal = at[mode]()
    await refused('AUTH_FAILED', objectOf(terminal), async () => {
      const caught = tap.ambush(terminal.address, 'up', KIND.answer, (passing) => [...forge(passing), passing.bytes])
      await read(terminal)
      await caught
    })
  }

  test.each(['S', 'F'] as const)('a wrong MAC is refused in mode %s', (mode) => beforeAnAnswer(mode, (passing) => [wrongMac(passing)]), 120_000)

  test('an old answer, replayed while another request is open, is refused', () => {
    const old = field().tap.latest(field().modeS.address, 'up', KIND.answer)
    return beforeAnAnswer('S', () => [old.bytes])
  }, 120_000)

  test('an old answer, replayed while nothing is asked, is refused', async () => {
    const { tap, modeF, refused, read } = field()
    const old = tap.latest(modeF.address, 'up', KIND.answer)
    await refused('AUTH_FAILED', objectOf(modeF), () => tap.inject(modeF.address, 'up', old.bytes))
    await read(modeF)
  }, 120_000)

  test('the station\'s own request, reflected, is refused as it is and dressed up as an answer', async () => {
    const { tap, modeS, refused, read } = field()
    const { frame, bytes } = tap.latest(modeS.address, 'down', KIND.request)
    const request = decodeApdu(frame.data)
    if (request.apdu !== 'security-request' || request.verification.kind !== 'sid-mac') throw new Error('not a record')
    const answer = encodeApdu({ apdu: 'security-response', form: 'cipher', content: request.content, mac: request.verification.mac })
    await refused('AUTH_FAILED', objectOf(modeS), () => {
      tap.inject(modeS.address, 'up', bytes)
      tap.inject(modeS.address, 'up', withData({ ...frame, control: CONTROL.serverResponse }, frame.data))
      tap.inject(modeS.address, 'up', frameOf(modeS.address, answer))
    }, 3)
    await read(modeS)
  }, 120_000)

  test('an answer of another terminal\'s session is refused, and its frame does not pass the gateway', async () => {
    const { tap, modeS, modeF, refused, read } = field()
    const foreign = tap.latest(modeS.address, 'up', KIND.answer)
    await beforeAnAnswer('F', () => [frameOf(modeF.address, foreign.frame.data)])
    await refused('ADDRESS_MISMATCH', objectOf(modeF), () => tap.inject(modeF.address, 'up', foreign.bytes))
    await read(modeF)
  }, 120_000)

  test('plain answers and reports of a protected device are dropped', async () => {
    const { tap, modeS, refused, read, metric, stored } = field()
    const before = [await metric('zhuzhan_fep_response_mismatches_total'), await stored(modeS), 0]
    const confirmations = (): number => tap.seen(modeS.address, 'down', ({ data }) => data[0] === 0x08).length
    await refused('PLAIN_REFUSED', objectOf(modeS), () => {
      tap.inject(modeS.address, 'up', frameOf(modeS.address, plainGetResponse))
      tap.inject(modeS.address, 'up', frameOf(modeS.address, plainReport, CONTROL.serverReport))
    }, 2)
    expect([await metric('zhuzhan_fep_response_mismatches_total'), await stored(modeS), confirmations()]).toEqual(before)
    await read(modeS)
  }, 120_000)

  test('an unprotected DAR is a hint: the answer behind it is taken', async () => {
    const { tap, modeS, read } = field()
    const dar = encodeApdu({ apdu: 'security-response', form: 'dar', dar: 23, mac: undefined })
    const caught = tap.ambush(modeS.address, 'up', KIND.answer, ({ bytes }) => [frameOf(modeS.address, dar), bytes])
    await read(modeS)
    await caught
  }, 120_000)
}
