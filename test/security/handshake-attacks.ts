import { decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { ConnectResponse } from '@zhuzhan/dlt698'
import { objectOf } from './field.js'
import type { Field } from './field.js'
import { connectRaw, frameOf } from './raw-terminal.js'
import { KIND, withData } from './wire-tap.js'
import type { Passing } from './wire-tap.js'

/** Attacks on CONNECT and on the routing of an address, OSP-1 §7.0, §7.2, §7.3. */
export function handshakeAttacks(field: () => Field): void {
  const hangUp = (address: string): void => field().fleet.terminals.get(address)!.link.hangUp('test', 0)

  const changed = ({ frame }: Passing, change: (response: ConnectResponse) => ConnectResponse): Buffer => {
    const response = decodeApdu(frame.data)
    if (response.apdu !== 'connect-response') throw new Error(`no CONNECT-Response but ${response.apdu}`)
    return withData(frame, encodeApdu(change(response)))
  }
  /** Another service of the offer is agreed on or not: within the offer either way, so only the signature tells. */
  const otherConformance = (response: ConnectResponse): ConnectResponse => {
    const bits = Buffer.from(response.header.protocolConformance, 'hex')
    bits[0]! ^= 0x80
    return { ...response, header: { ...response.header, protocolConformance: bits.toString('hex').toUpperCase() } }
  }

  test.each([
    ['S', 'another conformance', otherConformance],
    ['F', 'another conformance', otherConformance],
    ['F', 'a refusal of the mechanism', (response: ConnectResponse): ConnectResponse => ({ ...response, result: 1, security: undefined })],
  ] as const)('a CONNECT-Response of mode %s that was given %s in flight is refused; the next try has the same mechanism', async (mode, _what, change) => {
    const { tap, modeS, modeF, refused, read, security } = field()
    const terminal = mode === 'S' ? modeS : modeF
    const before = tap.seen(terminal.address, 'down', KIND.connectRequest).length
    await refused('AUTH_FAILED', objectOf(terminal), async () => {
      const caught = tap.ambush(terminal.address, 'up', KIND.connectResponse, (passing) => [changed(passing, change)])
      hangUp(terminal.address)
      await caught
    })
    await read(terminal)
    expect(await security(terminal)).toBe(mode)
    const mechanisms = tap.seen(terminal.address, 'down', KIND.connectRequest).slice(before).map(({ frame }) => {
      const request = decodeApdu(frame.data)
      return request.apdu === 'connect-request' ? request.mechanism.kind : request.apdu
    })
    expect(mechanisms.length).toBeGreaterThan(1)
    expect(new Set(mechanisms)).toEqual(new Set([mode === 'S' ? 'symmetric' : 'signature']))
  }, 120_000)

  test('a CONNECT-Response, replayed into an open session, changes nothing', async () => {
    const { tap, modeS, fleet, refused, read } = field()
    const { sessions } = fleet.counts
    await refused('RESPONSE_MISMATCH', objectOf(modeS), () => tap.inject(modeS.address, 'up', tap.latest(modeS.address, 'up', KIND.connectResponse).bytes))
    await read(modeS)
    expect(fleet.counts.sessions).toBe(sessions)
  }, 120_000)

  test('an old CONNECT-Response in the place of the new one is refused', async () => {
    const { tap, modeF, refused, read } = field()
    const old = tap.latest(modeF.address, 'up', KIND.connectResponse)
    await refused('AUTH_FAILED', objectOf(modeF), async () => {
      const caught = tap.ambush(modeF.address, 'up', KIND.connectResponse, () => [old.bytes])
      hangUp(modeF.address)
      await caught
    })
    await read(modeF)
  }, 120_000)

  test('a login with the address of a live session takes no traffic: the old connection keeps it', async () => {
    const { station, tap, modeS, refused, read, security } = field()
    const old = tap.latest(modeS.address, 'up', KIND.connectResponse)
    const intruder = await connectRaw(station.endpoints().gateway4g)
    await refused('AUTH_FAILED', objectOf(modeS), async () => {
      await intruder.login(modeS.address)
      await intruder.receive(0x02)
      // He has no key; an answer of the true terminal is the best he can give.
      intruder.send(frameOf(modeS.address, old.frame.data))
    })
    const before = tap.seen(modeS.address, 'down', KIND.request).length
    await read(modeS)
    expect(tap.seen(modeS.address, 'down', KIND.request).length).toBeGreaterThan(before)
    expect(await security(modeS)).toBe('S')
    // LINK-Response and CONNECT-Request is all he ever gets.
    expect(intruder.frames.map(({ data }) => data[0]).filter((tag) => tag !== 0x81 && tag !== 0x02)).toEqual([])
    intruder.close()
    await read(modeS)
  }, 120_000)
}
