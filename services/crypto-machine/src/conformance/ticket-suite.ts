import { decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu, Data } from '@zhuzhan/dlt698'
import { localDateTime } from '@zhuzhan/osp1'
import type { FreshData } from './fresh-store.js'
import { NORTH, SET_GROUP, TRIP, codeOf, commandable, officeOf } from './office.js'
import type { Signed, TestPerson } from './office.js'
import { GET_CLOCK, ask, exchange, flip, startMachine } from './rig.js'
import type { TestDevice } from './rig.js'
import { REFUSED, lastEvent, number, piid, placed, reasonsAfter, station } from './ticket-station.js'
import type { Station } from './ticket-station.js'

/** Tickets, both sides against each other; for every store alike. */

export function describeTickets(name: string, fresh: FreshData): void {
  describe(`tickets, ${name}`, () => {
    let at: Station
    beforeAll(async () => {
      at = await station(fresh)
    })
    const both = () => ({ operator: at.operator, approver: at.approver })
    const seal = (handle: string, signed: Signed, port = at.rig.port) => ask(port, 'sealTicket', { handle, piid: 5, ...signed })

    it.each(['S', 'F'] as const)('a trip by two people is sealed in mode %s, carried out once, and spent', async (mode) => {
      const { peer, address, handle } = await placed(at, mode)
      const signed = await at.office.ticket({ ...both(), devices: [address] })
      const sealed = await seal(handle, signed)
      expect(sealed).toMatchObject({ task: 8, seq: 1 })
      const answer = (await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0)
      expect(decodeApdu(Buffer.from(((await ask(at.rig.port, 'open', { handle, apdu: answer })) as { apdu: Uint8Array }).apdu))).toMatchObject({ apdu: 'action-response', dar: 0 })
      const acted = decodeApdu(peer.acted.at(-1) ?? Buffer.alloc(0)) as Extract<Apdu, { apdu: 'action-request' }>
      expect(acted).toMatchObject({ piid: { number: 5 }, omd: '80008100' })
      // TimeTag: local time of the device, at most five minutes.
      expect(acted.timeTag?.delay).toEqual({ unit: 0, value: 300 })
      expect(localDateTime(Math.floor(at.rig.clock.now() / 1000), 480).readUInt8(4)).toBe(acted.timeTag?.sent.hour)
      expect(await codeOf(seal(handle, signed))).toBe(REFUSED)
      expect(peer.acted.filter((apdu) => apdu[0] === 7)).toHaveLength(1)
    })

    it('one ticket serves a list of devices, each once', async () => {
      const [one, two, other] = [await placed(at), await placed(at), await placed(at)]
      const signed = await at.office.ticket({ ...both(), devices: [one.address, two.address] })
      expect(await seal(two.handle, signed)).toMatchObject({ task: 8 })
      expect(await seal(one.handle, signed)).toMatchObject({ task: 8 })
      const before = await lastEvent(at.rig)
      expect(await codeOf(seal(other.handle, signed))).toBe(REFUSED)
      await ask(at.rig.port, 'giveUp', { handle: one.handle, seq: 1 })
      expect(await codeOf(seal(one.handle, signed))).toBe(REFUSED)
      expect(await reasonsAfter(at.rig, before)).toEqual(['device-not-named', 'used-before'])
    })

    it('a list of 4096 devices is checked in milliseconds once its signatures are known', async () => {
      const { address, handle } = await placed(at)
      const devices = [...Array.from({ length: 4095 }, (_, i) => String(900_000_000_000 + i)), address]
      const signed = await at.office.ticket({ ...both(), devices })
      expect(signed.tkt.length).toBeGreaterThan(32_768)
      const { seq } = await seal(handle, signed)
      await ask(at.rig.port, 'giveUp', { handle, seq })
      const started = performance.now()
      for (let i = 0; i < 20; i++) expect(await codeOf(seal(handle, signed))).toBe(REFUSED)
      expect((performance.now() - started) / 20).toBeLessThan(50)
      expect(await codeOf(ask(at.rig.port, 'prepareTicket', { operator: at.operator.id, approver: at.approver.id, area: NORTH, apdu: encodeApdu(TRIP), devices: [...devices, number()] }))).toBe('BODY_INVALID')
    })

    it('seals nothing in a session of another caller, whatever the ticket', async () => {
      const { address, handle } = await placed(at)
      const signed = await at.office.ticket({ ...both(), devices: [address] })
      expect(await codeOf(seal(handle, signed, at.rig.machine.as('fep-2')))).toBe('SESSION_UNKNOWN')
      expect(await seal(handle, signed)).toMatchObject({ task: 8 })
    })

    it('mixes no tasks in one session', async () => {
      const { peer, address, handle } = await placed(at)
      const signed = await at.office.ticket({ ...both(), devices: [address] })
      const { apdu } = await ask(at.rig.port, 'seal', { handle, apdu: GET_CLOCK })
      expect(await codeOf(seal(handle, signed))).toBe('BUSY')
      await ask(at.rig.port, 'open', { handle, apdu: (await peer.device.receive({ address: peer.address, apdu })) ?? Buffer.alloc(0) })
      // Two at once: one is held off before anything is spent.
      const other = await at.office.ticket({ ...both(), devices: [address] })
      const outcomes = await at.rig.port.sealTicket([signed, other].map((one) => ({ handle, piid: 5, ...one })))
      expect(outcomes.map((outcome) => (outcome.ok ? outcome.value.task : outcome.code))).toEqual([8, 'BUSY'])
      expect(await codeOf(ask(at.rig.port, 'seal', { handle, apdu: GET_CLOCK }))).toBe('BUSY')
      await ask(at.rig.port, 'giveUp', { handle, seq: 2 })
      expect(await exchange(at.rig, peer, handle)).toMatchObject({ seq: 3 })
      expect(await seal(handle, other)).toMatchObject({ seq: 4 })
    })

    it('a command held up is dead once a later record was answered: read-back settles it', async () => {
      const { peer, address, handle } = await placed(at)
      const held = await seal(handle, await at.office.ticket({ ...both(), devices: [address] }))
      await ask(at.rig.port, 'giveUp', { handle, seq: held.seq })
      expect(await exchange(at.rig, peer, handle)).toMatchObject({ seq: 2 })
      at.rig.clock.advance(2_000)
      expect(decodeApdu((await peer.device.receive({ address: peer.address, apdu: held.apdu })) ?? Buffer.alloc(0))).toMatchObject({ dar: 23 })
      expect(peer.acted.filter((apdu) => apdu[0] === 7)).toEqual([])
    })

    it('a command older than its delay is refused by the meter, with proof', async () => {
      const { peer, address, handle } = await placed(at)
      const sealed = await seal(handle, await at.office.ticket({ ...both(), devices: [address] }))
      at.rig.clock.advance(301_000)
      const answer = (await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0)
      expect(await ask(at.rig.port, 'open', { handle, apdu: answer })).toMatchObject({ dar: 32, seq: sealed.seq })
    })

    it('a forged refusal of a trip is a hint, and the true answer still counts', async () => {
      const { peer, address, handle } = await placed(at)
      const sealed = await seal(handle, await at.office.ticket({ ...both(), devices: [address] }))
      expect(await ask(at.rig.port, 'open', { handle, apdu: Buffer.from('90020600', 'hex') })).toEqual({ hint: 6 })
      const answer = (await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0)
      expect(await ask(at.rig.port, 'open', { handle, apdu: answer })).toMatchObject({ seq: sealed.seq })
    })

    it('setting the clock is filled in at sealing, and the clock is read again before control', async () => {
      const { peer, address, handle } = await placed(at)
      const unset: Data = { type: 'date-time-s', value: { year: 0xffff, month: 0xff, day: 0xff, hour: 0xff, minute: 0xff, second: 0xff } }
      const signed = await at.office.ticket({ ...both(), devices: [address], apdu: { apdu: 'set-request', choice: 'normal', piid, oad: '40000200', data: unset }, validSeconds: 86_400 })
      at.rig.clock.advance(60_000)
      const sealed = await seal(handle, signed)
      expect(sealed.task).toBe(5)
      const answer = (await peer.device.receive({ address: peer.address, apdu: sealed.apdu })) ?? Buffer.alloc(0)
      await ask(at.rig.port, 'open', { handle, apdu: answer })
      const set = decodeApdu(peer.acted.at(-1) ?? Buffer.alloc(0)) as Extract<Apdu, { apdu: 'set-request'; choice: 'normal' }>
      const now = localDateTime(Math.floor(at.rig.clock.now() / 1000), 480)
      expect(encodeApdu({ ...set, timeTag: undefined }).subarray(-8, -1)).toEqual(now)
      expect(await codeOf(seal(handle, await at.office.ticket({ ...both(), devices: [address] })))).toBe(REFUSED)
    })

    it('a policy entry lets one operator, or a service, set this parameter alone, and nothing else', async () => {
      const { address, handle, peer } = await placed(at)
      const [alone, service] = [await at.office.enter(['operator']), await at.office.enter(['service'])]
      const single = (operator: TestPerson, apdu: Apdu) => at.office.ticket({ operator, apdu, devices: [address], validSeconds: 3600 })
      const run = async (signed: Signed): Promise<string | number> => {
        const [outcome] = await at.rig.port.sealTicket([{ handle, piid: 5, ...signed }])
        if (!outcome?.ok) return outcome?.code ?? ''
        const answer = (await peer.device.receive({ address: peer.address, apdu: outcome.value.apdu })) ?? Buffer.alloc(0)
        await ask(at.rig.port, 'open', { handle, apdu: answer })
        return outcome.value.task
      }
      expect(await run(await single(alone, SET_GROUP))).toBe(REFUSED)
      const entry = { task: 5, service: 6 as const, target: '40050200', allows: 'operator-alone' as const }
      await at.office.order({ kind: 'policy-set', ...entry })
      expect(await run(await single(alone, SET_GROUP))).toBe(5)
      expect(await run(await single(service, SET_GROUP))).toBe(REFUSED)
      expect(await run(await single(alone, { ...SET_GROUP, oad: '40050300' } as Apdu))).toBe(REFUSED)
      expect(await run(await single(alone, TRIP))).toBe(REFUSED)
      const whole = { ...entry, target: '4005FFFF', allows: 'service-alone' as const }
      await at.office.order({ kind: 'policy-set', ...whole })
      expect(await run(await single(service, { ...SET_GROUP, oad: '40050300' } as Apdu))).toBe(5)
      await at.office.order({ kind: 'policy-remove', ...entry }, { second: null })
      await at.office.order({ kind: 'policy-remove', ...whole }, { second: null })
      expect(await run(await single(alone, SET_GROUP))).toBe(REFUSED)
    })

    it('a schedule may be valid for a day where a policy entry says so', async () => {
      const { address, handle } = await placed(at)
      const entry = { task: 8, service: 7 as const, target: '80008100', allows: 'scheduled' as const }
      await at.office.order({ kind: 'policy-set', ...entry })
      expect(await seal(handle, await at.office.ticket({ ...both(), devices: [address], validSeconds: 86_400 }))).toMatchObject({ task: 8 })
      await at.office.order({ kind: 'policy-remove', ...entry }, { second: null })
    })

    it('a file transfer: started by a ticket, its blocks go under it while it is valid, for this device and object only', async () => {
      const [one, other] = [await placed(at), await placed(at)]
      const method = (omd: string): Apdu => ({ apdu: 'action-request', choice: 'normal', piid, omd, parameter: { type: 'octet-string', hex: 'AB' } })
      const signed = await at.office.ticket({ ...both(), devices: [one.address], apdu: method('F0010700'), validSeconds: 3600 })
      const ticket = Buffer.from(signed.tkt).subarray(25, 41).toString('hex').toUpperCase()
      const block = (handle: string, omd: string) => ask(at.rig.port, 'sealBlock', { handle, ticket, apdu: encodeApdu(method(omd)) })
      const done = async (peer: TestDevice, handle: string, apdu: Uint8Array) => ask(at.rig.port, 'open', { handle, apdu: (await peer.device.receive({ address: peer.address, apdu })) ?? Buffer.alloc(0) })
      expect(await codeOf(block(one.handle, 'F0010800'))).toBe(REFUSED)
      await done(one.peer, one.handle, (await seal(one.handle, signed)).apdu)
      for (const omd of ['F0010800', 'F0010900', 'F0010100']) await done(one.peer, one.handle, (await block(one.handle, omd)).apdu)
      for (const omd of ['F0010700', 'F0020800', '80008100', 'F1000700']) expect(await codeOf(block(one.handle, omd))).toBe(REFUSED)
      expect(await codeOf(block(other.handle, 'F0010800'))).toBe(REFUSED)
      at.rig.clock.advance(3_601_000)
      expect(await codeOf(block(await commandable(at.rig, one.peer), 'F0010800'))).toBe(REFUSED)
    })

    describe('for a plain device', () => {
      it('the APDU itself is given, under the same checks, once', async () => {
        const [one, two] = [number(), number()]
        await at.office.place([one, two], { profile: 'plain' })
        const signed = await at.office.ticket({ ...both(), devices: [one] })
        const release = (address: string, more: Partial<Signed> = {}) => ask(at.rig.port, 'releasePlain', { address, piid: 9, ...signed, ...more })
        expect(await codeOf(release(two))).toBe(REFUSED)
        expect(await codeOf(release(one, { sigApprover: flip(signed.sigApprover ?? Buffer.alloc(64), 3) }))).toBe(REFUSED)
        expect(decodeApdu((await release(one)).apdu)).toMatchObject({ apdu: 'action-request', omd: '80008100', piid: { number: 9 } })
        expect(await codeOf(release(one))).toBe(REFUSED)
      })

      it('never for a device with keys, and never in production', async () => {
        const { address } = await placed(at)
        const signed = await at.office.ticket({ ...both(), devices: [address] })
        expect(await codeOf(ask(at.rig.port, 'releasePlain', { address, piid: 9, ...signed }))).toBe(REFUSED)
        const plain = number()
        await at.office.place([plain], { profile: 'plain' })
        const good = await at.office.ticket({ ...both(), devices: [plain] })
        const production = await startMachine({ store: at.open(), clock: at.rig.clock, production: true })
        expect(await codeOf(ask(production.port, 'releasePlain', { address: plain, piid: 9, ...good }))).toBe('PROFILE_REFUSED')
        at.rig = await startMachine({ store: at.open(), clock: at.rig.clock })
        at.office = officeOf(at.rig.port, at.office.administrators)
      })
    })
  })
}
