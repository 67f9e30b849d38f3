import type { CryptoRequest } from '@zhuzhan/contracts'
import type { Apdu } from '@zhuzhan/dlt698'
import type { FreshData } from './fresh-store.js'
import { NORTH, SOUTH, TRIP, closing, codeOf, commandable, giveMandate, officeOf } from './office.js'
import type { TestPerson } from './office.js'
import { ask, flip, startMachine } from './rig.js'
import type { TestDevice } from './rig.js'
import { REFUSED, placed, reasonsAfter, lastEvent, station } from './ticket-station.js'
import type { Station } from './ticket-station.js'

/** Standing mandates: a service gives power back on its own, within rates, and does nothing else. §7.6 */

export function describeMandates(name: string, fresh: FreshData): void {
  describe(`standing mandates, ${name}`, () => {
    let at: Station
    let service: TestPerson
    beforeAll(async () => {
      at = await station(fresh)
      service = await at.office.enter(['service'])
    })
    const terms = (more: Partial<CryptoRequest<'prepareMandate'>> = {}): CryptoRequest<'prepareMandate'> => ({
      service: service.id,
      area: NORTH,
      validSeconds: 30 * 86_400,
      perHour: 3,
      perDay: 5,
      ...more,
    })
    const given = async (more: Partial<CryptoRequest<'prepareMandate'>> = {}): Promise<string> =>
      (await ask(at.rig.port, 'submitMandate', await giveMandate(at.rig.port, terms(more), at.operator, at.approver))).mandate

    interface Where {
      peer: TestDevice
      address: string
      handle: string
    }
    /** One use; the code when it is refused, the task when it is sealed. */
    const use = async (mandate: string, where: Where, apdu: Apdu = closing(0), who = service, devices = [where.address]): Promise<string | number> => {
      const signed = await at.office.ticket({ operator: who, devices, apdu, mandate })
      const [outcome] = await at.rig.port.sealTicket([{ handle: where.handle, piid: 1, ...signed }])
      if (!outcome?.ok) return outcome?.code ?? ''
      const answer = (await where.peer.device.receive({ address: where.peer.address, apdu: outcome.value.apdu })) ?? Buffer.alloc(0)
      await ask(at.rig.port, 'open', { handle: where.handle, apdu: answer })
      return outcome.value.task
    }

    it('let the service alone allow closing, counted by the hour and by the day, also over a restart', async () => {
      const where = await placed(at)
      const mandate = await given()
      for (let i = 0; i < 3; i++) expect(await use(mandate, where)).toBe(8)
      expect(await use(mandate, where)).toBe(REFUSED)
      const state = async () => (await ask(at.rig.port, 'mandates', {})).mandates.find((one) => one.mandate === mandate)
      expect(await state()).toMatchObject({ service: service.id, area: NORTH, perHour: 3, usedLastHour: 3, usedLastDay: 3, revoked: false })
      at.rig.clock.advance(3_600_000)
      at.rig = await startMachine({ store: at.open(), clock: at.rig.clock })
      at.office = officeOf(at.rig.port, at.office.administrators)
      const later = { ...where, handle: await commandable(at.rig, where.peer) }
      expect(await state()).toMatchObject({ usedLastHour: 0, usedLastDay: 3 })
      for (let i = 0; i < 2; i++) expect(await use(mandate, later)).toBe(8)
      // Five in a day.
      expect(await use(mandate, later)).toBe(REFUSED)
      at.rig.clock.advance(24 * 3_600_000)
      expect(await use(mandate, { ...where, handle: await commandable(at.rig, where.peer) })).toBe(8)
    })

    it('hold their rates against many uses at once', async () => {
      const mandate = await given({ perHour: 2 })
      const places: Where[] = []
      for (let i = 0; i < 5; i++) places.push(await placed(at))
      const requests = await Promise.all(
        places.map(async ({ address, handle }) => ({ handle, piid: 1, ...(await at.office.ticket({ operator: service, devices: [address], apdu: closing(0), mandate })) })),
      )
      const outcomes = await at.rig.port.sealTicket(requests)
      expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(2)
    })

    /** Each row was seen sealing with the line of mandates.ts that gives this reason taken out. */
    it.each<[string, string, (where: Where, mandate: string) => Promise<string | number>]>([
      ['a trip', 'mandate-allows-closing-only', (where, mandate) => use(mandate, where, TRIP)],
      ['closing directly', 'mandate-allows-closing-only', (where, mandate) => use(mandate, where, closing(1))],
      ['two devices', 'mandate-allows-closing-only', async (where, mandate) => use(mandate, where, closing(0), service, [where.address, (await placed(at)).address].sort())],
      ['another service', 'mandate-service', async (where, mandate) => use(mandate, where, closing(0), await at.office.enter(['service']))],
      ['an operator', 'mandate-service', (where, mandate) => use(mandate, where, closing(0), at.operator)],
      ['another area', 'mandate-area', async (where) => {
        const both = await at.office.enter(['operator'], [NORTH, SOUTH])
        const second = await at.office.enter(['approver'], [NORTH, SOUTH])
        const wide = await at.office.enter(['service'], [NORTH, SOUTH])
        const { mandate } = await ask(at.rig.port, 'submitMandate', await giveMandate(at.rig.port, terms({ area: SOUTH, service: wide.id }), both, second))
        return use(mandate, where, closing(0), wide)
      }],
      ['a revoked mandate', 'no-such-mandate', async (where, mandate) => {
        await at.office.order({ kind: 'mandate-revoke', mandate }, { second: null })
        return use(mandate, where)
      }],
      ['a mandate that ended', 'mandate-epoch-or-time', async (where) => {
        const mandate = await given({ validSeconds: 60 })
        at.rig.clock.advance(61_000)
        return use(mandate, where)
      }],
      ['a mandate of tomorrow', 'mandate-epoch-or-time', async (where) => use(await given({ notBefore: Math.floor(at.rig.clock.now() / 1000) + 86_400 }), where)],
      ['a mandate whose approver left', 'mandate-signatures', async (where) => {
        const leaving = await at.office.enter(['approver'])
        const { mandate } = await ask(at.rig.port, 'submitMandate', await giveMandate(at.rig.port, terms(), at.operator, leaving))
        await at.office.order({ kind: 'person-state', person: leaving.id, state: 'suspended' }, { second: null })
        return use(mandate, where)
      }],
      ['a suspended service', 'mandate-service', async (where) => {
        const leaving = await at.office.enter(['service'])
        const { mandate } = await ask(at.rig.port, 'submitMandate', await giveMandate(at.rig.port, terms({ service: leaving.id }), at.operator, at.approver))
        await at.office.order({ kind: 'person-state', person: leaving.id, state: 'suspended' }, { second: null })
        return use(mandate, where, closing(0), leaving)
      }],
    ])('refuse %s', async (_name, reason, attack) => {
      const mandate = await given()
      const where = await placed(at)
      const before = await lastEvent(at.rig)
      expect(await attack(where, mandate)).toBe(REFUSED)
      expect(await reasonsAfter(at.rig, before)).toEqual([reason])
      expect(where.peer.acted.filter((apdu) => apdu[0] === 7)).toEqual([])
    })

    it.each<[string, () => Promise<CryptoRequest<'submitMandate'>>]>([
      ['with one signature twice', async () => {
        const alone = await at.office.enter(['operator', 'approver'])
        return giveMandate(at.rig.port, terms(), alone, alone)
      }],
      ['with a forged approval', async () => {
        const good = await giveMandate(at.rig.port, terms(), at.operator, at.approver)
        return { ...good, sigApprover: flip(good.sigApprover, 1) }
      }],
      ['by an operator of another area', async () => giveMandate(at.rig.port, terms(), await at.office.enter(['operator'], [SOUTH]), at.approver)],
      ['for somebody who is no service', () => giveMandate(at.rig.port, terms({ service: at.operator.id }), at.operator, at.approver)],
      ['changed after signing', async () => {
        const good = await giveMandate(at.rig.port, terms(), at.operator, at.approver)
        return { ...good, tkm: flip(good.tkm, 78) }
      }],
      ['known already', async () => {
        const good = await giveMandate(at.rig.port, terms(), at.operator, at.approver)
        await ask(at.rig.port, 'submitMandate', good)
        return good
      }],
    ])('are not taken %s', async (_name, make) => {
      expect(await at.rig.port.submitMandate([await make()])).toEqual([{ ok: false, code: REFUSED }])
    })

    it('have signatures that can be looked at one by one, by who is said to have signed', async () => {
      const { tkm, sigOperator, sigApprover } = await giveMandate(at.rig.port, terms(), at.operator, at.approver)
      const genuine = async (signature: Uint8Array, person?: string, after?: Uint8Array) =>
        (await ask(at.rig.port, 'checkSignature', { message: tkm, signature, ...(person && { person }), ...(after && { after }) })).genuine
      expect(await genuine(sigOperator, at.operator.id)).toBe(true)
      expect(await genuine(sigApprover, at.approver.id, sigOperator)).toBe(true)
      expect(await genuine(sigOperator, at.approver.id)).toBe(false)
      expect(await genuine(sigApprover, at.approver.id)).toBe(false)
      expect(await codeOf(genuine(sigOperator))).toBe('BODY_INVALID')
    })

    it('are at most for ninety days', async () => {
      expect(await codeOf(ask(at.rig.port, 'prepareMandate', terms({ validSeconds: 90 * 86_400 + 1 })))).toBe('BODY_INVALID')
    })
  })
}
