import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeApdu } from '@zhuzhan/dlt698'
import { SM2_DEFAULT_ID, createEngine } from '@zhuzhan/gm-crypto'
import { operatorInput, readRecordRequest } from '@zhuzhan/osp1'
import { until } from '../e2e/wait.js'
import type { Field } from './field.js'
import { frameOf } from './raw-terminal.js'
import type { Kind, Passing } from './wire-tap.js'

/** Attacks on control commands that two people signed, from the REST answer to the relay: OSP-1 §7.6, §8. */

const CONTROL_TASK = 8
/** The task stands in clear in the attach of a record. */
const controlRecord: Kind = (frame) => {
  if (frame.control.segmented || frame.data[0] !== 0x10) return false
  const apdu = decodeApdu(frame.data)
  return apdu.apdu === 'security-request' && readRecordRequest(apdu)?.task === CONTROL_TASK
}
/** 90 02 xx 00: a DAR without protection. */
const forgedRefusal = ({ address }: Passing): Buffer => frameOf(address, Buffer.from('90020300', 'hex'))

export function commandAttacks(field: () => Field): void {
  const relay = (meter: string) => field().fleet.device(meter)!.meter.relay.isOpen(field().fleet.clock.now())
  const command = async (id: string) => (await field().station.rest.call('GET', `/api/v1/commands/${id}`)).body
  const states = async (id: string): Promise<string[]> => (await command(id)).steps.map((step: { state: string }) => step.state)
  const reaches = (id: string, wanted: string, seconds = 60) => until(`${wanted} of ${id}`, seconds, async () => {
    const { state, steps } = await command(id)
    if (state !== wanted) throw new Error(`${state}: ${JSON.stringify(steps)}`)
    return true
  })
  /** Asked for, signed and approved; on its way. */
  const control = async (meter: string, action: 'trip' | 'close'): Promise<string> => {
    const { dispatcher, approver } = field().people
    const asked = await dispatcher.call('POST', `/api/v1/meters/${meter}/commands`, { action, password: dispatcher.password })
    expect(asked).toMatchObject({ status: 202, body: { state: 'awaiting_approval' } })
    expect((await approver.call('POST', `/api/v1/commands/${asked.body.id}/approve`, { password: approver.password })).status).toBe(200)
    return asked.body.id as string
  }
  const done = async (meter: string, action: 'trip' | 'close'): Promise<void> => {
    await reaches(await control(meter, action), 'verified')
    expect(relay(meter)).toBe(action === 'trip')
  }

  test('forged refusal: a DAR without protection in front of the true answer decides nothing', async () => {
    const { tap, modeS: { address, meters: [meter = ''] } } = field()
    const caught = tap.ambush(address, 'down', controlRecord, (passing) => {
      // It arrives before the terminal has the command. Seen failing with a hint booked as a refusal.
      tap.inject(address, 'up', forgedRefusal(passing))
      return [passing.bytes]
    })
    const id = await control(meter, 'trip')
    await caught
    await reaches(id, 'verified')
    expect(await states(id)).not.toContain('refused')
    await done(meter, 'close')
  }, 120_000)

  test('forged refusal of a command that is held back: in doubt, never refused; the read-back outruns the command, which is void when it comes', async () => {
    const { tap, modeF: { address, meters: [meter = ''] } } = field()
    const caught = tap.ambush(address, 'down', controlRecord, (passing) => {
      tap.inject(address, 'up', forgedRefusal(passing))
      return []
    })
    const id = await control(meter, 'trip')
    const { bytes } = await caught
    await reaches(id, 'unknown')
    expect(await states(id)).toEqual(['accepted', 'awaiting_approval', 'approved', 'queued', 'sent', 'unknown'])
    // A read with a higher seq of the same session: after that the old record cannot execute.
    await field().read(field().modeF)
    tap.inject(address, 'down', bytes)
    await field().read(field().modeF)
    expect(relay(meter)).toBe(false)
  }, 120_000)

  test('a command that was carried out does nothing when its record comes once more', async () => {
    const { tap, modeS: { address, meters: [meter = ''] } } = field()
    await done(meter, 'trip')
    const { bytes } = tap.latest(address, 'down', controlRecord)
    await done(meter, 'close')
    tap.inject(address, 'down', bytes)
    await field().read(field().modeS)
    expect(relay(meter)).toBe(false)
  }, 120_000)

  test.each([['S, behind a plain terminal', 'ownS'], ['F, behind a protected terminal', 'ownF']] as const)('stolen terminal: a meter with keys of its own (mode %s) is commanded in its own session alone', async (_mode, which) => {
    const { tap, [which]: { address, meters: [meter = ''] } } = field()
    const before = tap.seen(address, 'down').length
    await done(meter, 'trip')
    // Nothing in clear and no PROXY action: what the terminal sees are frames to hand on.
    const down = tap.seen(address, 'down').slice(before).filter(({ frame }) => frame.data[0] === 0x09).map(({ frame }) => decodeApdu(frame.data))
    expect(down.map((apdu) => (apdu.apdu === 'proxy-request' ? apdu.choice : apdu.apdu)).filter((choice) => choice.startsWith('action'))).toEqual([])
    await done(meter, 'close')
  }, 120_000)

  test('one signature, another person\'s signature or a signature over other bytes moves nothing', async () => {
    const { people: { dispatcher, approver }, modeS: { address, meters: [meter = ''] }, tap } = field()
    const before = tap.seen(address, 'down', controlRecord).length
    const { body } = await dispatcher.call('POST', `/api/v1/meters/${meter}/commands`, { action: 'trip' })
    const approve = (proof: object) => approver.call('POST', `/api/v1/commands/${body.id}/approve`, proof)
    expect((await approve({ password: approver.password })).status).toBe(409)
    expect(await dispatcher.call('POST', `/api/v1/commands/${body.id}/sign`, { signature: '11'.repeat(64) })).toMatchObject({ status: 409, body: { code: 'TICKET_REFUSED' } })
    expect((await dispatcher.call('POST', `/api/v1/commands/${body.id}/sign`, { password: dispatcher.password })).status).toBe(200)
    expect(await approve({ signature: '11'.repeat(64) })).toMatchObject({ status: 409, body: { code: 'TICKET_REFUSED' } })
    expect(await dispatcher.call('POST', `/api/v1/commands/${body.id}/approve`, { password: dispatcher.password })).toMatchObject({ status: 403, body: { code: 'SAME_PERSON' } })
    expect((await approver.call('POST', `/api/v1/commands/${body.id}/reject`, { reason: 'test' })).status).toBe(200)
    expect(tap.seen(address, 'down', controlRecord)).toHaveLength(before)
    expect(relay(meter)).toBe(false)
  }, 60_000)

  test('a batch: meters with keys of their own share one ticket, each of them spends it once', async () => {
    const { people: { dispatcher, approver }, plain, modeS, ownS, ownF } = field()
    const meters = [plain, modeS, ownS, ownF].map(({ meters: [meter = ''] }) => meter)
    const batch = async (action: 'trip' | 'close') => {
      const asked = await dispatcher.call('POST', '/api/v1/command-batches', { action, meters, password: dispatcher.password })
      expect(asked).toMatchObject({ status: 202, body: { states: { awaiting_approval: 4 }, skipped: [] } })
      expect(asked.body.tickets.map(({ commands }: { commands: number }) => commands).sort()).toEqual([1, 1, 2])
      expect((await approver.call('POST', `/api/v1/command-batches/${asked.body.id}/approve`, { password: approver.password })).status).toBe(200)
      await until(`${action} of all`, 60, async () => {
        const { body } = await dispatcher.call('GET', `/api/v1/command-batches/${asked.body.id}`)
        if (body.states.verified !== 4) throw new Error(JSON.stringify(body.states))
        return true
      })
      expect(meters.map(relay)).toEqual(meters.map(() => action === 'trip'))
    }
    await batch('trip')
    await batch('close')
  }, 120_000)

  test('a key of one\'s own: entered by order of two administrators, and by nothing less; it signs outside the station', async () => {
    const { station, people: { approver }, modeS: { meters: [meter = ''] } } = field()
    const { administrators } = JSON.parse(readFileSync(join(station.dataDir, 'administrators.json'), 'utf8')) as { administrators: { person: string; password: string }[] }
    const [first, second] = administrators.map(({ person, password }) => ({ person, password }))
    const engine = createEngine('noble')
    const { privateKey, publicKey } = await engine.generateKeyPair()
    const person = randomBytes(8).toString('hex').toUpperCase()
    const body = { kind: 'person', person, name: 'dana', roles: ['operator'], publicKey: Buffer.from(publicKey).toString('hex').toUpperCase(), areas: ['F'.repeat(16)] }
    const order = (signers: unknown[]) => station.rest.call('POST', '/api/v1/authority/orders', { signers, body })
    expect(await order([first, first])).toMatchObject({ status: 409, body: { code: 'ORDER_REFUSED' } })
    expect(await order([first, { ...second, password: 'not the password' }])).toMatchObject({ status: 409, body: { code: 'ORDER_REFUSED' } })
    const unsigned = await order([{ person: first?.person }, { person: second?.person }])
    expect(unsigned).toMatchObject({ status: 200, body: { carriedOut: false } })
    expect(await station.rest.call('POST', '/api/v1/authority/orders/submit', { order: unsigned.body.order, sigFirst: '11'.repeat(64), sigSecond: '22'.repeat(64) })).toMatchObject({ status: 409, body: { code: 'ORDER_REFUSED' } })
    const known = async () => (await station.rest.call('GET', '/api/v1/authority/people')).body.items.find((one: { person: string }) => one.person === person)
    expect(await known()).toBeUndefined()
    expect(await order([first, second])).toMatchObject({ status: 200, body: { carriedOut: true } })

    expect((await station.rest.call('POST', '/api/v1/users', { username: 'dana', password: 'dana-of-the-test', roles: ['dispatcher'], person })).status).toBe(201)
    expect(await known()).toMatchObject({ name: 'dana', user: 'dana', state: 'active' })
    const dana = station.rest.as('dana', 'dana-of-the-test')
    const asked = await dana.call('POST', `/api/v1/meters/${meter}/commands`, { action: 'trip' })
    // The password opens no key of hers here: it is not in this station.
    expect((await dana.call('POST', `/api/v1/commands/${asked.body.id}/sign`, { password: 'dana-of-the-test' })).status).toBeGreaterThanOrEqual(400)
    const signature = await engine.sign(privateKey, SM2_DEFAULT_ID, operatorInput(Buffer.from(asked.body.ticket, 'hex')))
    expect(await dana.call('POST', `/api/v1/commands/${asked.body.id}/sign`, { signature: signature.toString('hex') })).toMatchObject({ status: 200, body: { state: 'awaiting_approval' } })
    expect((await approver.call('POST', `/api/v1/commands/${asked.body.id}/approve`, { password: approver.password })).status).toBe(200)
    await reaches(asked.body.id, 'verified')
    await done(meter, 'close')
  }, 120_000)
}
