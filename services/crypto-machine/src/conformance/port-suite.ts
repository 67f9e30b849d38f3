import type { CryptoMachine } from '@zhuzhan/contracts'
import { AUDIT_SIGNATURE_ID, auditHeadMessage } from '@zhuzhan/contracts'
import {
  GET_CLOCK,
  GET_ENERGY,
  REPORT,
  REPORT_RESPONSE,
  STATION_ID,
  ask,
  connect,
  exchange,
  makeDevice,
  openRequest,
  testEngine,
} from './rig.js'
import type { MachineRig } from './rig.js'

export interface PortUnderTest {
  rig: MachineRig
  /** The port for a caller of this name. */
  portOf(identity: string): Promise<CryptoMachine>
  stop(): Promise<void>
}

/** What every way to the crypto machine must do alike: in process, and over the pipe. */
export function describePort(name: string, start: () => Promise<PortUnderTest>): void {
  describe(`the crypto machine ${name}`, () => {
    let under: PortUnderTest
    let port: CryptoMachine
    const rigged = () => ({ ...under.rig, port })
    beforeAll(async () => {
      under = await start()
      port = await under.portOf('fep-1')
    })
    afterAll(() => under.stop())

    it.each(['S', 'F'] as const)('runs a whole conversation in mode %s', async (mode) => {
      const number = mode === 'S' ? '000000000011' : '000000000012'
      const peer = await makeDevice(rigged(), mode, number)
      const handle = await connect(rigged(), peer)
      expect(await exchange(rigged(), peer, handle)).toMatchObject({ seq: 0, weak: false })
      const report = await peer.device.sealReport(REPORT)
      const opened = await ask(port, 'openReport', { address: number, apdu: report.apdu })
      expect(Buffer.from(opened.apdu)).toEqual(REPORT)
      const confirmed = await ask(port, 'confirmReport', { address: number, token: opened.token, apdu: REPORT_RESPONSE })
      expect(peer.device.confirmReport(confirmed.apdu)?.id).toBe(report.id)
      const proof = await ask(port, 'proofSeal', { address: number, apdu: GET_ENERGY })
      const answer = (await peer.device.receive({ address: peer.address, apdu: proof.apdu })) ?? Buffer.alloc(0)
      expect(await ask(port, 'proofOpen', { address: number, token: proof.token, apdu: answer })).toHaveProperty('apdu')
      expect(await ask(port, 'endSession', { handle })).toEqual({})
    })

    it('answers a batch in order, each request for itself', async () => {
      const peer = await makeDevice(rigged(), 'S', '000000000013')
      const handle = await connect(rigged(), peer)
      const outcomes = await port.seal([
        { handle, apdu: GET_CLOCK },
        { handle: '00'.repeat(16), apdu: GET_CLOCK },
        { handle, apdu: Buffer.from('0101', 'hex') },
        { handle: 'not a handle', apdu: GET_CLOCK },
        { handle, apdu: GET_ENERGY },
      ])
      expect(outcomes.map((outcome) => (outcome.ok ? outcome.value.seq : outcome.code))).toEqual([
        0,
        'SESSION_UNKNOWN',
        'TICKET_REFUSED',
        'BODY_INVALID',
        1,
      ])
    })

    it('answers a batch of reports in order, each for itself', async () => {
      const [one, two] = [await makeDevice(rigged(), 'S', '000000000018'), await makeDevice(rigged(), 'F', '000000000019')]
      const [first, second, third] = [await one.device.sealReport(REPORT), await two.device.sealReport(REPORT), await one.device.sealReport(REPORT)]
      const opened = await port.openReport([
        { address: '000000000018', apdu: first.apdu },
        { address: '000000000099', apdu: first.apdu },
        { address: '000000000019', apdu: first.apdu },
        { address: '000000000019', apdu: second.apdu },
        { address: '000000000018', apdu: third.apdu },
      ])
      expect(opened.map((outcome) => (outcome.ok ? [outcome.value.state, outcome.value.replayChecked, Buffer.from(outcome.value.apdu)] : outcome.code))).toEqual([
        ['new', true, REPORT], 'DEVICE_NOT_ENROLLED', 'AUTH_FAILED', ['new', true, REPORT], ['new', true, REPORT],
      ])
      const token = (n: number): string => { const outcome = opened[n]; return outcome?.ok ? outcome.value.token : '' }
      const confirmed = await port.confirmReport([
        { address: '000000000018', token: token(4), apdu: REPORT_RESPONSE },
        { address: '000000000018', token: token(3), apdu: REPORT_RESPONSE },
        { address: '000000000019', token: token(3), apdu: REPORT_RESPONSE },
        { address: '000000000018', token: token(0), apdu: REPORT },
      ])
      expect(confirmed.map((outcome) => (outcome.ok ? 'confirmed' : outcome.code))).toEqual(['confirmed', 'SESSION_UNKNOWN', 'confirmed', 'BODY_INVALID'])
      const answer = (n: number): Uint8Array => { const outcome = confirmed[n]; return outcome?.ok ? outcome.value.apdu : Buffer.alloc(0) }
      expect(one.device.confirmReport(answer(0))?.id).toBe(third.id)
      expect(two.device.confirmReport(answer(2))?.id).toBe(second.id)
      const again = await port.openReport([{ address: '000000000019', apdu: second.apdu }, { address: '000000000018', apdu: first.apdu }])
      expect(again.map((outcome) => (outcome.ok ? outcome.value.state : outcome.code))).toEqual(['repeat', 'new'])
    })

    it('tells which report of a batch fits no schema', async () => {
      const peer = await makeDevice(rigged(), 'S', '000000000020')
      const { apdu } = await peer.device.sealReport(REPORT)
      const outcomes = await port.openReport([{ address: '20', apdu }, { address: '00000000002x', apdu }, { address: '000000000020', apdu }, { address: '000000000020', apdu: Buffer.alloc(0) }])
      expect(outcomes.map((outcome) => (outcome.ok ? outcome.value.state : outcome.code))).toEqual(['BODY_INVALID', 'BODY_INVALID', 'new', 'BODY_INVALID'])
      const value = outcomes[2]?.ok ? outcomes[2].value : undefined
      const confirmed = await port.confirmReport([
        { address: '000000000020', token: 'no token', apdu: REPORT_RESPONSE },
        { address: '000000000020', token: 'x'.repeat(32), apdu: REPORT_RESPONSE },
        { address: '000000000020', token: value?.token ?? '', apdu: REPORT_RESPONSE },
      ])
      expect(confirmed.map((outcome) => (outcome.ok ? 'confirmed' : outcome.code))).toEqual(['BODY_INVALID', 'BODY_INVALID', 'confirmed'])
    })

    it('merges connectOpen of known and unknown devices', async () => {
      await makeDevice(rigged(), 'S', '000000000014')
      const outcomes = await port.connectOpen([
        openRequest('000000000099'),
        openRequest('000000000014'),
        { ...openRequest('000000000014'), header: Buffer.alloc(36) },
      ])
      expect(outcomes.map((outcome) => (outcome.ok ? outcome.value.mechanism : outcome.code))).toEqual([
        'DEVICE_NOT_ENROLLED',
        'S',
        'BODY_INVALID',
      ])
    })

    it('binds handles to the caller', async () => {
      const peer = await makeDevice(rigged(), 'S', '000000000015')
      const handle = await connect(rigged(), peer)
      const stranger = await under.portOf('fep-2')
      await expect(ask(stranger, 'seal', { handle, apdu: GET_CLOCK })).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
      // Taking the device over gives a new handle and kills the old one.
      const taken = await connect({ port: stranger }, peer)
      await expect(ask(port, 'seal', { handle, apdu: GET_CLOCK })).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
      expect(await exchange({ port: stranger }, peer, taken)).toMatchObject({ seq: 0 })
    })

    it('issues the same keys again, and another mode only as a replacement', async () => {
      const first = await ask(port, 'issueKeys', { address: '000000000016', mode: 'F' })
      expect(await ask(port, 'issueKeys', { address: '000000000016', mode: 'F' })).toEqual(first)
      expect(first).toMatchObject({
        D: '0000000000000016',
        masterId: STATION_ID.toString('hex').toUpperCase(),
        clientAddress: '10',
        keyState: 1,
        keyVersion: 1,
      })
      await expect(ask(port, 'issueKeys', { address: '000000000016', mode: 'S' })).rejects.toMatchObject({ code: 'EXISTS_ALREADY' })
      const replaced = await ask(port, 'issueKeys', { address: '000000000016', mode: 'S', replace: true })
      expect(replaced).toMatchObject({ mode: 'S', chipSerial: first.chipSerial })
      expect(replaced.devicePrivateKey).toBeUndefined()
      const [a, b] = await port.issueKeys([
        { address: '000000000017', mode: 'F' },
        { address: '000000000017', mode: 'F' },
      ])
      expect(a).toEqual(b)
    })

    it('signs audit heads with a key of its own', async () => {
      const head = 'AB'.repeat(32)
      const { signature, keyId } = await ask(port, 'signHead', { head, at: 1_700_000_000_000 })
      const key = await ask(port, 'auditPublicKey', {})
      expect(key.keyId).toBe(keyId)
      const verify = (at: number) =>
        testEngine().verify(
          Buffer.from(key.publicKey, 'hex'),
          AUDIT_SIGNATURE_ID,
          auditHeadMessage(Buffer.from(head, 'hex'), at),
          Buffer.from(signature, 'hex'),
        )
      expect([await verify(1_700_000_000_000), await verify(1_700_000_000_001)]).toEqual([true, false])
    })

    it('tells what runs', async () => {
      expect(await ask(port, 'status', {})).toMatchObject({ engine: 'openssl', provider: 'soft', serving: true, selftest: 'passed' })
    })
  })
}
