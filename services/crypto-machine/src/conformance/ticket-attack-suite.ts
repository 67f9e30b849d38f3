import { encodeApdu, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import type { FreshData } from './fresh-store.js'
import { NORTH, SOUTH, TRIP, closing, codeOf, commandable, honestClock } from './office.js'
import type { Signed, TicketOptions } from './office.js'
import { GET_CLOCK, ask, connect, exchange, flip, makeDevice } from './rig.js'
import { REFUSED, lastEvent, number, piid, placed, reasonsAfter, station } from './ticket-station.js'
import type { Station } from './ticket-station.js'

/** Attacks of OSP-1 §8 on tickets; for every store alike. */

export function describeTicketAttacks(name: string, fresh: FreshData): void {
  describe(`attacks on tickets, ${name}`, () => {
    let at: Station
    beforeAll(async () => {
      at = await station(fresh)
    })
    const both = () => ({ operator: at.operator, approver: at.approver })
    const seal = (handle: string, signed: Signed, port = at.rig.port) => ask(port, 'sealTicket', { handle, piid: 5, ...signed })

    /** Each row was seen sealing with the line of judge.ts, mandates.ts or tickets.ts that gives this reason taken out. */
    type Attack = (where: Awaited<ReturnType<typeof placed>>) => Promise<{ handle?: string; signed: Signed }>
    const sign = (more: Partial<TicketOptions>): Attack => async ({ address }) => ({ signed: await at.office.ticket({ ...both(), devices: [address], ...more }) })
    const spoil = (change: (signed: Required<Signed>) => Signed): Attack => async ({ address }) => ({ signed: change((await at.office.ticket({ ...both(), devices: [address] })) as Required<Signed>) })

    it.each<[string, string, Attack]>([
      ['one signature alone', 'one-signature', async ({ address }) => ({ signed: await at.office.ticket({ operator: at.operator, devices: [address] }) })],
      ['the approval left off', 'no-such-mandate', spoil(({ tkt, sigOperator }) => ({ tkt, sigOperator }))],
      ['an approver who is only an operator', 'approver-not-entitled', async ({ address }) => ({ signed: await at.office.ticket({ operator: at.operator, approver: await at.office.enter(['operator']), devices: [address] }) })],
      ['an operator who is only an approver', 'operator-not-entitled', async ({ address }) => ({ signed: await at.office.ticket({ operator: await at.office.enter(['approver']), approver: at.approver, devices: [address] }) })],
      ['a service as operator', 'operator-not-entitled', async ({ address }) => ({ signed: await at.office.ticket({ operator: await at.office.enter(['service']), approver: at.approver, devices: [address] }) })],
      ['an operator of another area', 'operator-not-entitled', async ({ address }) => ({ signed: await at.office.ticket({ operator: await at.office.enter(['operator'], [SOUTH]), approver: at.approver, devices: [address] }) })],
      ['an approver of another area', 'approver-not-entitled', async ({ address }) => ({ signed: await at.office.ticket({ operator: at.operator, approver: await at.office.enter(['approver'], [SOUTH]), devices: [address] }) })],
      ['a device of another area', 'device-not-in-area', async ({ address }) => {
        const everywhere = await at.office.enter(['operator', 'approver'], [NORTH, SOUTH])
        const second = await at.office.enter(['operator', 'approver'], [NORTH, SOUTH])
        return { signed: await at.office.ticket({ operator: everywhere, approver: second, area: SOUTH, devices: [address] }) }
      }],
      ['the same person twice', 'two-people', async ({ address }) => {
        const alone = await at.office.enter(['operator', 'approver'])
        return { signed: await at.office.ticket({ operator: alone, approver: alone, devices: [address] }) }
      }],
      ['a suspended approver', 'approver-not-entitled', async ({ address }) => {
        const late = await at.office.enter(['approver'])
        const signed = await at.office.ticket({ operator: at.operator, approver: late, devices: [address] })
        await at.office.order({ kind: 'person-state', person: late.id, state: 'suspended' }, { second: null })
        return { signed }
      }],
      ['a forged operator signature', 'signatures', spoil((signed) => ({ ...signed, sigOperator: flip(signed.sigOperator, 7) }))],
      ['a forged approver signature', 'signatures', spoil((signed) => ({ ...signed, sigApprover: flip(signed.sigApprover, 40) }))],
      ['signatures of each other', 'signatures', spoil(({ tkt, sigOperator, sigApprover }) => ({ tkt, sigOperator: sigApprover, sigApprover: sigOperator }))],
      ['a ticket changed after signing', 'signatures', spoil((signed) => ({ ...signed, tkt: flip(signed.tkt, 30) }))],
      ['a signer nobody knows', 'signatures', async ({ address }) => ({ signed: await at.office.ticket({ operator: { ...at.operator, id: 'EE'.repeat(8) }, approver: at.approver, devices: [address] }) })],
      ['another station', 'station-epoch-or-time', sign({ change: (tkt) => flip(tkt, 9) })],
      ['another epoch', 'station-epoch-or-time', sign({ change: (tkt) => flip(tkt, 17) })],
      ['a ticket that begins tomorrow', 'station-epoch-or-time', sign({ notBefore: Math.floor(Date.UTC(2036, 1, 1) / 1000) })],
      ['a ticket that ended', 'station-epoch-or-time', async (where) => {
        const signed = await at.office.ticket({ ...both(), devices: [where.address] })
        at.rig.clock.advance(901_000)
        return { signed, handle: await commandable(at.rig, where.peer) }
      }],
      ['control claimed as parameters', 'task', sign({ change: (tkt) => Buffer.concat([tkt.subarray(0, 81), Buffer.of(5), tkt.subarray(82)]) })],
      ['control claimed as a read', 'task', sign({ change: (tkt) => Buffer.concat([tkt.subarray(0, 81), Buffer.of(3), tkt.subarray(82)]) })],
      ['new keys by ticket', 'task', sign({ change: (tkt) => Buffer.concat([tkt.subarray(0, 81), Buffer.of(7, 7), Buffer.from('F1000700', 'hex'), tkt.subarray(87)]) })],
      ['control valid for more than a quarter of an hour', 'valid-too-long', sign({ validSeconds: 901 })],
      ['bytes for a meter, past everything', 'forwarding', sign({ apdu: { apdu: 'action-request', choice: 'normal', piid, omd: 'F2097F00', parameter: { type: 'structure', items: [] } } })],
      ['a suspect device', 'device-suspect', async (where) => {
        await at.office.order({ kind: 'suspect', addresses: [where.address] }, { second: null })
        return { signed: await at.office.ticket({ ...both(), devices: [where.address] }) }
      }],
      ['a device without a place', 'device-not-in-area', async (where) => {
        await at.office.order({ kind: 'unplace', addresses: [where.address] }, { second: null })
        return { signed: await at.office.ticket({ ...both(), devices: [where.address] }) }
      }],
      ['a device whose clock was not read in this session', 'device-clock', async (where) => ({ signed: await at.office.ticket({ ...both(), devices: [where.address] }), handle: await connect(at.rig, where.peer) })],
      ['a device five minutes slow', 'device-clock', async (where) => ({ signed: await at.office.ticket({ ...both(), devices: [where.address] }), handle: await commandable(at.rig, where.peer, -300_000) })],
      ['a device 61 seconds fast', 'device-clock', async (where) => ({ signed: await at.office.ticket({ ...both(), devices: [where.address] }), handle: await commandable(at.rig, where.peer, 62_000) })],
      ['a clock answer held up until it looks right', 'device-clock', async (where) => {
        // Five minutes fast; the answer is held for five minutes.
        honestClock(at.rig, where.peer, 300_000)
        const handle = await connect(at.rig, where.peer)
        const { apdu } = await ask(at.rig.port, 'seal', { handle, apdu: GET_CLOCK })
        const answer = (await where.peer.device.receive({ address: where.peer.address, apdu })) ?? Buffer.alloc(0)
        at.rig.clock.advance(300_000)
        await ask(at.rig.port, 'open', { handle, apdu: answer })
        return { signed: await at.office.ticket({ ...both(), devices: [where.address] }), handle }
      }],
      ['a clock read a quarter of an hour ago', 'device-clock', async (where) => {
        at.rig.clock.advance(901_000)
        return { signed: await at.office.ticket({ ...both(), devices: [where.address] }) }
      }],
      ['a clock that answered with no time', 'device-clock', async (where) => {
        where.peer.answerWith(() => encodeApdu({ apdu: 'get-response', choice: 'normal', piid, result: { oad: '40000200', dar: 6 } }))
        await exchange(at.rig, where.peer, where.handle, GET_CLOCK)
        return { signed: await at.office.ticket({ ...both(), devices: [where.address] }) }
      }],
      ['a closing directly under a made-up mandate', 'no-such-mandate', async ({ address }) => ({ signed: await at.office.ticket({ operator: await at.office.enter(['service']), devices: [address], apdu: closing(1), mandate: 'AB'.repeat(16) }) })],
    ])('refuses %s and seals nothing', async (_name, reason, attack) => {
      const where = await placed(at)
      const { signed, handle = where.handle } = await attack(where)
      const before = await lastEvent(at.rig)
      const [outcome] = await at.rig.port.sealTicket([{ handle, piid: 5, ...signed }])
      // One word for every cause: whoever tries learns nothing from the refusal.
      expect(outcome).toEqual({ ok: false, code: REFUSED })
      expect(await reasonsAfter(at.rig, before)).toEqual([reason])
      // Nothing was spent and no seq used: the next read is sealed as usual.
      expect(await exchange(at.rig, where.peer, handle)).toHaveProperty('seq')
      expect(where.peer.acted.filter((apdu) => apdu[0] !== 5)).toEqual([])
    })

    it('refuses rubbish of every length with the same word', async () => {
      const { address, handle } = await placed(at)
      const signed = await at.office.ticket({ ...both(), devices: [address] })
      for (const tkt of [Buffer.of(0), signed.tkt.subarray(0, -1), Buffer.concat([signed.tkt, Buffer.of(0)]), flip(signed.tkt, 0)])
        expect(await at.rig.port.sealTicket([{ handle, piid: 5, ...signed, tkt }])).toEqual([{ ok: false, code: REFUSED }])
    })

    describe('through a terminal', () => {
      const trip = (meter: string): Apdu => ({
        apdu: 'proxy-request',
        choice: 'action-list',
        piid,
        timeout: 30,
        targets: [{ tsa: tsaOf(meter), timeout: 30, actions: [{ omd: '80008100', parameter: { type: 'null' } }] }],
      })
      const dlt645 = (meter: string, control = 0x1c): Apdu => {
        const frame = Buffer.concat([Buffer.of(0x68), Buffer.from(meter, 'hex').reverse(), Buffer.of(0x68, control, 2, 0x33, 0x33)])
        const command = Buffer.concat([frame, Buffer.of(frame.reduce((sum, byte) => (sum + byte) & 0xff, 0), 0x16)])
        return {
          apdu: 'proxy-request',
          choice: 'trans-command',
          piid,
          oad: 'F2010201',
          comdcb: { baud: 6, parity: 2, dataBits: 8, stopBits: 1, flow: 0 },
          frameTimeout: 10,
          byteTimeout: 100,
          command,
        }
      }
      let terminal: Awaited<ReturnType<typeof placed>>
      let meter: string
      let elsewhere: string
      beforeAll(async () => {
        terminal = await placed(at)
        ;[meter, elsewhere] = [number(), number()]
        const other = number()
        await at.office.place([meter], { profile: 'plain', terminal: terminal.address })
        await at.office.place([elsewhere], { profile: 'plain', terminal: other })
      })
      const ticketFor = async (apdu: Apdu, more: Partial<TicketOptions> = {}) => at.office.ticket({ ...both(), devices: [terminal.address], apdu, ...more })

      it.each([
        ['a 698 meter', () => trip(meter)],
        ['a DL/T 645 meter', () => dlt645(meter)],
      ])('%s behind it trips by a ticket on the terminal', async (_name, apdu) => {
        const handle = await commandable(at.rig, terminal.peer)
        expect(await seal(handle, await ticketFor(apdu()))).toMatchObject({ task: 8 })
      })

      /** Each row was seen sealing with the line of judge.ts or ticket-content.ts that gives this reason taken out. */
      it.each<[string, string, () => Apdu | Promise<Apdu>]>([
        ['a meter behind another terminal', 'meter-not-behind-this-terminal', () => trip(elsewhere)],
        ['a DL/T 645 meter behind another terminal', 'meter-not-behind-this-terminal', () => dlt645(elsewhere)],
        ['a meter nobody placed', 'meter-not-behind-this-terminal', () => trip(number())],
        ['every meter on the bus', 'form', () => dlt645('AAAAAAAAAAAA')],
        ['all meters by broadcast', 'form', () => dlt645('999999999999')],
        ['a meter with keys of its own', 'meter-has-its-own-session', async () => {
          const own = number()
          await makeDevice(at.rig, 'S', own)
          await at.office.place([own], { terminal: terminal.address })
          return trip(own)
        }],
        ['a meter in another area', 'meter-in-another-area', async () => {
          const south = number()
          await at.office.place([south], { profile: 'plain', terminal: terminal.address, area: SOUTH })
          return trip(south)
        }],
      ])('refuses %s', async (_name, reason, apdu) => {
        const handle = await commandable(at.rig, terminal.peer)
        const signed = await ticketFor(await apdu())
        const before = await lastEvent(at.rig)
        expect(await codeOf(seal(handle, signed))).toBe(REFUSED)
        expect(await reasonsAfter(at.rig, before)).toEqual([reason])
      })

      it('refuses a PROXY for two terminals at once', async () => {
        const handle = await commandable(at.rig, terminal.peer)
        const second = await placed(at)
        const signed = await ticketFor(trip(meter), { devices: [terminal.address, second.address].sort() })
        const before = await lastEvent(at.rig)
        expect(await codeOf(seal(handle, signed))).toBe(REFUSED)
        expect(await reasonsAfter(at.rig, before)).toEqual(['more-than-one-terminal'])
      })

      it.each<[string, () => Apdu]>([
        ['a trip', () => TRIP],
        ['a trip in a PROXY', () => trip(meter)],
        ['a trip as DL/T 645', () => dlt645(meter)],
        ['a trip in a list', () => ({ apdu: 'action-request', choice: 'normal-list', piid, items: [{ omd: '80008100', parameter: { type: 'null' } }] })],
        ['the manifest with a challenge of the caller', () => ({ apdu: 'action-request', choice: 'normal', piid, omd: 'F1000300', parameter: { type: 'sid', sid: 'F1050000', attach: '00'.repeat(16) } })],
      ])('seals %s for nobody without a ticket', async (_name, apdu) => {
        const handle = await commandable(at.rig, terminal.peer)
        expect(await codeOf(ask(at.rig.port, 'seal', { handle, apdu: encodeApdu(apdu()) }))).toBe(REFUSED)
      })
    })
  })
}
