import type { OrderBody } from '@zhuzhan/contracts'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { FreshData, OpenStore } from './fresh-store.js'
import { EVERYWHERE, NORTH, SOUTH, TRIP, codeOf, commandable, openOffice, officeOf, signOrder } from './office.js'
import type { Office, TestPerson } from './office.js'
import { ask, flip, makeDevice, startMachine, testEngine } from './rig.js'
import type { MachineRig } from './rig.js'
import { number } from './ticket-station.js'
import { encodeApdu } from '@zhuzhan/dlt698'
import { operatorInput } from '@zhuzhan/osp1'

/** People, places and policies change by orders of administrators only; for every store alike. */

const REFUSED = 'ORDER_REFUSED'

export function describeAuthority(name: string, fresh: FreshData): void {
  describe(`orders of administrators, ${name}`, () => {
    let open: OpenStore
    let rig: MachineRig
    let office: Office
    beforeAll(async () => {
      open = await fresh()
      rig = await startMachine({ store: open() })
      office = await openOffice(rig)
    })
    const alone = { second: null }
    const reasonOf = async (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => 'carried out',
        (error: { code: string; context: { reason?: string } }) => error.context.reason ?? error.code,
      )
    const person = (who: TestPerson, more: Partial<Extract<OrderBody, { kind: 'person' }>> = {}): OrderBody => ({
      kind: 'person',
      person: who.id,
      name: `Person ${who.id}`,
      roles: ['operator'],
      areas: [NORTH],
      publicKey: who.key.publicKey.toString('hex').toUpperCase(),
      ...more,
    })
    const stateOf = async (id: string) => (await ask(rig.port, 'people', {})).people.find((one) => one.person === id)

    it('what widens a right takes two administrators, what narrows it takes one', async () => {
      const who = await office.enter(['operator'])
      const stranger = { ...who, id: 'D1'.repeat(8), key: await testEngine().generateKeyPair() }
      const wide: OrderBody[] = [
        person(stranger),
        person(who, { roles: ['operator', 'approver'] }),
        person(who, { areas: [NORTH, SOUTH] }),
        person(who, { areas: [EVERYWHERE] }),
        person(who, { name: 'Somebody else' }),
        person(who, { publicKey: (await testEngine().generateKeyPair()).publicKey.toString('hex').toUpperCase() }),
        { kind: 'person-state', person: who.id, state: 'active' },
        { kind: 'place', area: NORTH, profile: 'sm', offsetMinutes: 480, terminal: null, addresses: [number()] },
        { kind: 'policy-set', task: 5, service: 6, target: '40050200', allows: 'operator-alone' },
        { kind: 'root-keys', keyState: 1, keyVersion: 9 },
      ]
      for (const body of wide) expect([body.kind, await reasonOf(office.order(body, alone))]).toEqual([body.kind, 'two-administrators'])
      expect(await stateOf(who.id)).toMatchObject({ roles: ['operator'], areas: [NORTH] })
      await office.order(person(who, { roles: ['operator', 'approver'], areas: [NORTH, SOUTH] }))
      await office.order(person(who, { roles: ['operator'], areas: [SOUTH] }), alone)
      await office.order({ kind: 'person-state', person: who.id, state: 'suspended' }, alone)
      expect(await stateOf(who.id)).toMatchObject({ roles: ['operator'], areas: [SOUTH], state: 'suspended' })
      await office.order({ kind: 'person-state', person: who.id, state: 'withdrawn' }, alone)
      expect(await reasonOf(office.order({ kind: 'person-state', person: who.id, state: 'active' }))).toBe('withdrawn-for-good')
      expect(await reasonOf(office.order(person(who)))).toBe('withdrawn-for-good')
    })

    it.each<[string, string, (first: TestPerson, second: TestPerson) => OrderBody | Promise<OrderBody>]>([
      ['a key that is no point', 'key-not-on-the-curve', (who) => person({ ...who, id: 'D2'.repeat(8) }, { publicKey: `04${'11'.repeat(64)}` })],
      ['the key of another person', 'key-of-another-person', (who) => person(who, { person: 'D3'.repeat(8) })],
      ['an administrator who also operates', 'roles-exclude-each-other', (who) => person(who, { person: 'D4'.repeat(8), roles: ['operator', 'administrator'] })],
      ['a program as a person', 'roles-exclude-each-other', (who) => person(who, { person: 'D5'.repeat(8), roles: ['approver', 'service'] })],
      ['somebody unknown', 'unknown-person', () => ({ kind: 'person-state', person: 'D6'.repeat(8), state: 'suspended' })],
      ['the last two administrators', 'too-few-administrators', (first) => ({ kind: 'person-state', person: first.id, state: 'suspended' })],
      ['an administrator made an operator when there are two', 'too-few-administrators', (first) => person(first, { roles: ['operator'] })],
      ['a device in every area', 'no-area-of-a-device', () => ({ kind: 'place', area: EVERYWHERE, profile: 'sm', offsetMinutes: 480, terminal: null, addresses: [number()] })],
      ['a meter behind itself', 'behind-itself', () => ({ kind: 'place', area: NORTH, profile: 'plain', offsetMinutes: 480, terminal: '000000000001', addresses: ['000000000001'] })],
      ['a device with keys made plain', 'has-keys', async () => {
        const address = number()
        await makeDevice(rig, 'S', address)
        return { kind: 'place', area: NORTH, profile: 'plain', offsetMinutes: 480, terminal: null, addresses: [address] }
      }],
      ['one signature for control', 'not-for-this-task', () => ({ kind: 'policy-set', task: 8, service: 7, target: '80008100', allows: 'operator-alone' })],
      ['one signature for security parameters', 'not-for-this-task', () => ({ kind: 'policy-set', task: 2, service: 7, target: 'F1000900', allows: 'operator-alone' })],
      ['a service for files', 'not-for-this-task', () => ({ kind: 'policy-set', task: 6, service: 7, target: 'F0010700', allows: 'service-alone' })],
      ['a policy entry that is not there', 'no-such-entry', () => ({ kind: 'policy-remove', task: 5, service: 6, target: 'ABCD0200', allows: 'operator-alone' })],
      ['a mandate that is not there', 'no-such-mandate', () => ({ kind: 'mandate-revoke', mandate: 'AB'.repeat(16) })],
      ['root keys that are there', 'exists', () => ({ kind: 'root-keys', keyState: 1, keyVersion: 1 })],
      ['a device nobody enrolled', 'not-enrolled', () => ({ kind: 'suspect', addresses: ['999999999990'] })],
    ])('refuse %s', async (_name, reason, make) => {
      const [first, second] = office.administrators
      expect(await reasonOf(office.order(await make(first, second)))).toBe(reason)
    })

    /** Each was seen carried out with its condition in orders.ts (checkSigned, signedBy) taken out. */
    it.each<[string, (who: TestPerson) => Promise<Parameters<typeof submit>[0]>]>([
      ['signed by no administrator', async (who) => signOrder(await prepared(who, null), who, null)],
      ['whose second signer is no administrator', async (who) => signOrder(await prepared(office.administrators[0], who), office.administrators[0], who)],
      ['with a forged first signature', async () => {
        const [first, second] = office.administrators
        const good = await signOrder(await prepared(first, second), first, second)
        return { ...good, sigFirst: flip(good.sigFirst, 3) }
      }],
      ['with a forged second signature', async () => {
        const [first, second] = office.administrators
        const good = await signOrder(await prepared(first, second), first, second)
        return { ...good, sigSecond: flip(good.sigSecond ?? Buffer.alloc(64), 3) }
      }],
      ['without the second signature it names', async () => {
        const [first, second] = office.administrators
        return signOrder(await prepared(first, second), first, null)
      }],
      ['changed after signing', async () => {
        const [first] = office.administrators
        const good = await signOrder(await prepared(first, null), first, null)
        return { ...good, order: flip(good.order, good.order.length - 1) }
      }],
      ['of another epoch', async () => {
        const [first] = office.administrators
        return signOrder(flip(await prepared(first, null), 17), first, null)
      }],
      ['for another station', async () => {
        const [first] = office.administrators
        return signOrder(flip(await prepared(first, null), 9), first, null)
      }],
      ['from tomorrow', async () => {
        const [first] = office.administrators
        return signOrder(await prepared(first, null, 86_400), first, null)
      }],
      ['that ended', async () => {
        const [first] = office.administrators
        return signOrder(await prepared(first, null, -7_200), first, null)
      }],
    ])('refuse an order %s, without a reason', async (_name, make) => {
      const who = await office.enter(['operator', 'approver'])
      const [outcome] = await rig.port.submitOrder([await make(who)])
      expect(outcome).toEqual({ ok: false, code: REFUSED })
      expect(await stateOf(target.id)).toMatchObject({ state: 'active' })
    })

    let target: TestPerson
    beforeAll(async () => {
      target = await office.enter(['operator'])
    })
    const submit = (request: { order: Uint8Array; sigFirst: Uint8Array; sigSecond?: Uint8Array | undefined }) => ask(rig.port, 'submitOrder', request)
    const prepared = async (first: TestPerson, second: TestPerson | null, later = 0): Promise<Uint8Array> => {
      const notBefore = Math.floor(rig.clock.now() / 1000) + later
      const body: OrderBody = { kind: 'person-state', person: target.id, state: 'suspended' }
      return (await ask(rig.port, 'prepareOrder', { first: first.id, second: second?.id ?? null, body, notBefore })).order
    }

    it('are carried out once, also by the next process', async () => {
      const who = await office.enter(['operator'])
      const [first, second] = office.administrators
      const body: OrderBody = { kind: 'person-state', person: who.id, state: 'active' }
      const { order } = await ask(rig.port, 'prepareOrder', { first: first.id, second: second.id, body })
      const signed = await signOrder(order, first, second)
      await submit(signed)
      await office.order({ kind: 'person-state', person: who.id, state: 'suspended' }, alone)
      expect(await reasonOf(submit(signed))).toBe('carried-out-before')
      rig = await startMachine({ store: open(), clock: rig.clock })
      office = officeOf(rig.port, office.administrators)
      expect(await reasonOf(submit(signed))).toBe('carried-out-before')
      expect(await stateOf(who.id)).toMatchObject({ state: 'suspended' })
    })

    it('are written down with who signed them', async () => {
      const who = await office.enter(['service'])
      let after = 0
      let last
      for (;;) {
        const { events } = await ask(rig.port, 'machineEvents', { after, limit: 1000 })
        if (events.length === 0) break
        last = events.at(-1)
        after = last?.id ?? 0
      }
      expect(last).toMatchObject({ kind: 'order-person', subject: `person ${who.id}`, detail: { first: office.administrators[0].id, second: office.administrators[1].id } })
    })
  })

  describe(`the first administrators, ${name}`, () => {
    const SECRET = 'a long enough secret'
    const list = (...names: string[]) => names.map((title, i) => ({ person: `${i + 1}`.repeat(16), name: title, password: SECRET }))

    it('a laboratory makes their keys under passwords, once', async () => {
      const open = await fresh()
      const rig = await startMachine({ store: open() })
      const content = async () => JSON.stringify({ administrators: list('A', 'B') })
      expect(await rig.machine.found(content)).toBe(true)
      expect(await rig.machine.found(content)).toBe(false)
      const { people } = await ask(rig.port, 'people', {})
      expect(people).toMatchObject([{ roles: ['administrator'] }, { roles: ['administrator'] }])
      const again = await startMachine({ store: open() })
      expect(await again.machine.found(async () => JSON.stringify({ administrators: list('C', 'D') }))).toBe(false)
      expect((await ask(again.port, 'people', {})).people.map((one) => one.name).sort()).toEqual(['A', 'B'])
    })

    it.each([
      ['one alone', list('A')],
      ['one person twice', [...list('A'), ...list('B')]],
      ['a short password', list('A', 'B').map((one) => ({ ...one, password: 'short' }))],
    ])('are not %s', async (_name, administrators) => {
      const rig = await startMachine({ store: (await fresh())() })
      expect(await codeOf(rig.machine.found(async () => JSON.stringify({ administrators })))).toBe('CONFIG_INVALID')
      expect((await ask(rig.port, 'people', {})).people).toEqual([])
    })

    it('sign with their passwords; a wrong one and an unknown person sound alike, and guessing ends', async () => {
      const open = await fresh()
      const rig = await startMachine({ store: open() })
      await rig.machine.found(async () => JSON.stringify({ administrators: list('A', 'B') }))
      const [one, two] = ['1'.repeat(16), '2'.repeat(16)]
      const body: OrderBody = { kind: 'policy-set', task: 5, service: 6, target: '40050200', allows: 'operator-alone' }
      const { order } = await ask(rig.port, 'prepareOrder', { first: one, second: two, body })
      const sign = (person: string, password = SECRET, after?: Uint8Array) => ask(rig.port, 'signWithPassword', { person, password, message: order, ...(after && { after }) })
      const sigFirst = (await sign(one)).signature
      expect(await codeOf(sign(two))).toBe('BODY_INVALID') // it is the first signature, not his
      const sigSecond = (await sign(two, SECRET, sigFirst)).signature
      await ask(rig.port, 'submitOrder', { order, sigFirst, sigSecond })
      expect((await ask(rig.port, 'policies', {})).policies).toHaveLength(1)

      expect(await codeOf(sign(one, 'wrong password'))).toBe('LOGIN_REFUSED')
      expect(await codeOf(ask(rig.port, 'changePassword', { person: 'E'.repeat(16), before: SECRET, after: SECRET }))).toBe('LOGIN_REFUSED')
      await ask(rig.port, 'changePassword', { person: one, before: SECRET, after: `${SECRET} 2` })
      expect(await codeOf(sign(one))).toBe('LOGIN_REFUSED')
      for (let i = 0; i < 4; i++) expect(await codeOf(sign(one))).toBe('LOGIN_REFUSED')
      expect(await codeOf(sign(one, `${SECRET} 2`))).toBe('TOO_MANY_REQUESTS')
      rig.clock.advance(60_000)
      await sign(one, `${SECRET} 2`)
    })

    it('nothing but tickets, mandates and orders is ever signed', async () => {
      const rig = await startMachine({ store: (await fresh())() })
      await rig.machine.found(async () => JSON.stringify({ administrators: list('A', 'B') }))
      const sign = (message: Uint8Array) => ask(rig.port, 'signWithPassword', { person: '1'.repeat(16), password: SECRET, message })
      expect(await codeOf(sign(Buffer.from('OSP1-F-1 a CONNECT')))).toBe('BODY_INVALID')
      expect(await codeOf(sign(Buffer.from('OSP1-TKT and rubbish')))).toBe('TICKET_REFUSED')
      expect(await codeOf(sign(Buffer.from('ZZ-ORDER and rubbish')))).toBe('ORDER_REFUSED')
    })

    it('no private key of a person stands in the store in clear, and none opens without the machine', async () => {
      const open = await fresh()
      const rig = await startMachine({ store: open() })
      const { publicKey } = await ask(rig.port, 'createPersonKey', { password: SECRET })
      const row = await open().personKey(Buffer.from(publicKey, 'hex'))
      // Format, nonce and tag of the machine's wrap around nonce, key and tag of the person's.
      expect(row?.wrapped).toHaveLength(1 + 12 + (12 + 32 + 16) + 16)
    })

    describe('in production', () => {
      const keys = () => Promise.all([1, 2, 3].map(() => testEngine().generateKeyPair()))
      const ceremony = async (change: (file: Ceremony) => void = () => undefined): Promise<string> => {
        const { ceremonyInput } = await import('../authority/founding.js')
        const pairs = await keys()
        const people = pairs.map((pair, i) => ({ person: `${i + 1}`.repeat(16), name: `Officer ${i + 1}`, publicKey: pair.publicKey.toString('hex').toUpperCase() }))
        const input = ceremonyInput(Buffer.from('OSP1HES0'), people)
        const administrators = await Promise.all(
          people.map(async (one, i) => ({
            ...one,
            signature: (await testEngine().sign(pairs[i]?.privateKey ?? Buffer.alloc(32), SM2_DEFAULT_ID, input)).toString('hex').toUpperCase(),
          })),
        )
        const file = { administrators }
        change(file)
        return JSON.stringify(file)
      }
      interface Ceremony {
        administrators: { person: string; name: string; publicKey: string; signature: string }[]
      }
      const start = async () => startMachine({ store: (await fresh())(), production: true })

      it('their ceremony file enters them when each signed the whole list', async () => {
        const rig = await start()
        expect(await rig.machine.found(() => ceremony())).toBe(true)
        expect((await ask(rig.port, 'people', {})).people).toHaveLength(3)
      })

      /** Each was seen accepted with the check of the signature in founding.ts taken out. */
      it.each<[string, (file: Ceremony) => void]>([
        ['a person slipped in', (file) => file.administrators.push({ ...(file.administrators[0] as Ceremony['administrators'][0]), person: '9'.repeat(16) })],
        ['a name changed', (file) => void ((file.administrators[1] as Ceremony['administrators'][0]).name = 'Mallory')],
        ['a person left out', (file) => void file.administrators.pop()],
        ['a signature of another', (file) => void ((file.administrators[0] as Ceremony['administrators'][0]).signature = file.administrators[1]?.signature ?? '')],
      ])('refuses %s', async (_name, change) => {
        const rig = await start()
        expect(await codeOf(rig.machine.found(() => ceremony(change)))).toBe('CONFIG_INVALID')
        expect((await ask(rig.port, 'people', {})).people).toEqual([])
      })

      it('takes no laboratory file and keeps no keys of people', async () => {
        const rig = await start()
        expect(await codeOf(rig.machine.found(async () => JSON.stringify({ administrators: list('A', 'B') })))).toBe('CONFIG_INVALID')
        expect(await codeOf(ask(rig.port, 'createPersonKey', { password: SECRET }))).toBe('PROFILE_REFUSED')
        expect(await codeOf(ask(rig.port, 'changePassword', { person: '1'.repeat(16), before: SECRET, after: SECRET }))).toBe('PROFILE_REFUSED')
        expect(await codeOf(ask(rig.port, 'signWithPassword', { person: '1'.repeat(16), password: SECRET, message: Buffer.of(1) }))).toBe('PROFILE_REFUSED')
      })
    })
  })

  describe(`rows changed behind the machine's back, ${name}`, () => {
    it('a person made an approver in the database is nobody; a device moved in the database is nowhere', async () => {
      const open = await fresh()
      const rig = await startMachine({ store: open() })
      const office = await openOffice(rig)
      const operator = await office.enter(['operator'])
      const address = number()
      const peer = await makeDevice(rig, 'S', address)
      await office.place([address])
      const store = open()
      await store.takeOver('somebody with a database client')
      const row = (await store.people()).find((one) => one.id.toString('hex').toUpperCase() === operator.id)
      const place = (await store.places([address]))[0]
      if (!row || !place) throw new Error('no rows')
      const order = { bytes: Buffer.of(1), sigFirst: Buffer.of(1), sigSecond: undefined, appliedAt: 0 }
      await store.commitOrder({ ...order, orderId: Buffer.alloc(16, 1) }, { people: [{ ...row, roles: ['operator', 'approver'] }] }, { kind: 'x', subject: 'x' })
      const next = await startMachine({ store: open(), clock: rig.clock })
      expect((await ask(next.port, 'people', {})).people.map((one) => one.person)).not.toContain(operator.id)
      await store.takeOver('again')
      await store.commitOrder({ ...order, orderId: Buffer.alloc(16, 2) }, { people: [row], places: [{ ...place, area: Buffer.from(SOUTH, 'hex') }] }, { kind: 'x', subject: 'x' })
      const last = await startMachine({ store: open(), clock: rig.clock })
      expect(await codeOf(ask(last.port, 'place', { address }))).toBe('NOT_FOUND')
      const handle = await commandable(last, peer)
      const lastOffice = officeOf(last.port, office.administrators)
      const approver = await lastOffice.enter(['approver'], [NORTH, SOUTH])
      const signed = await lastOffice.ticket({ operator, approver, devices: [address], area: NORTH })
      expect(await codeOf(ask(last.port, 'sealTicket', { handle, piid: 1, ...signed }))).toBe('TICKET_REFUSED')
    })

    it('tells its places in order, and whether a signature was made by the person a message names', async () => {
      const rig = await startMachine({ store: (await fresh())() })
      const office = await openOffice(rig)
      const [operator, approver] = [await office.enter(['operator']), await office.enter(['approver'])]
      const addresses = [number(), number(), number()]
      await office.place(addresses, { profile: 'plain' })
      const { places, next } = await ask(rig.port, 'places', { limit: 2 })
      expect(places.map(({ address }) => address)).toEqual(addresses.slice(0, 2))
      expect(await ask(rig.port, 'places', { after: next as string, limit: 2 })).toEqual({
        places: [{ address: addresses[2], area: NORTH, profile: 'plain', offsetMinutes: 480, terminal: null }],
        next: null,
      })
      const { tkt, sigOperator, sigApprover } = await office.ticket({ operator, approver, devices: addresses })
      const genuine = async (signature: Uint8Array, after?: Uint8Array): Promise<boolean> =>
        (await ask(rig.port, 'checkSignature', { message: tkt, signature, ...(after && { after }) })).genuine
      expect(await genuine(sigOperator)).toBe(true)
      expect(await genuine(sigApprover as Uint8Array, sigOperator)).toBe(true)
      // Of the other person, of other bytes.
      expect(await genuine(sigApprover as Uint8Array)).toBe(false)
      expect(await genuine(flip(Buffer.from(sigOperator), 3))).toBe(false)
      expect(await genuine(sigOperator, sigOperator)).toBe(false)
    })

    it('shows words of what is to be signed, from its bytes', async () => {
      const rig = await startMachine({ store: (await fresh())() })
      const made = await ask(rig.port, 'prepareTicket', { operator: '1'.repeat(16), approver: '2'.repeat(16), area: NORTH, apdu: encodeApdu(TRIP), devices: ['000000000007'] })
      expect(await ask(rig.port, 'describe', { message: made.tkt })).toEqual(made.words)
      expect(made.words.lines.find(({ label }) => label.en === 'Action')?.value.zh).toContain('跳闸')
      expect(await codeOf(ask(rig.port, 'describe', { message: operatorInput(made.tkt) }))).toBe('BODY_INVALID')
    })
  })
}
