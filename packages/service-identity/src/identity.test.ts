import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { controlRequest, encodeApdu, setPointRequest } from '@zhuzhan/dlt698'
import type { TicketAsked } from '@zhuzhan/contracts'
import { SM2_DEFAULT_ID, createEngine } from '@zhuzhan/gm-crypto'
import { NOBODY, dispersionOfNumber, encodeTicket, operatorInput, ticketContent } from '@zhuzhan/osp1'
import type { Ticket } from '@zhuzhan/osp1'
import { createServiceIdentity, openServiceIdentity } from './identity.js'
import type { ServiceIdentity } from './identity.js'
import { makeServiceKey, openServiceKey } from './key-file.js'

const SECRET = 'a secret drawn by a program'
const PERSON = '5E5E5E5E00000001'
const METER = '000000000011'
const AREA = '4E4F525448000000'
const MANDATE = 'AB'.repeat(16)
const PIID = { number: 0, priority: false, acd: false }
const engine = createEngine('noble')
const folder = mkdtempSync(join(tmpdir(), 'service-key-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the key file', () => {
  test('opens with its secret, and holds the key it names', async () => {
    const file = await makeServiceKey(engine, SECRET, { person: PERSON })
    const { person, publicKey, privateKey } = await openServiceKey(engine, JSON.stringify(file), SECRET)
    expect([person, publicKey.toString('hex').toUpperCase()]).toEqual([PERSON, file.publicKey])
    expect((await engine.publicKeyOf(privateKey)).equals(publicKey)).toBe(true)
    expect(JSON.stringify(file)).not.toContain(privateKey.toString('hex').toUpperCase())
  })
  test.each<[string, (file: Awaited<ReturnType<typeof makeServiceKey>>) => string, string]>([
    ['another secret', (file) => JSON.stringify(file), `${SECRET}!`],
    // Seen opening without person and public key in the AAD.
    ['another person', (file) => JSON.stringify({ ...file, person: '5E5E5E5E00000002' }), SECRET],
    ['another public key', (file) => JSON.stringify({ ...file, publicKey: `04${'11'.repeat(64)}` }), SECRET],
    ['a cost that would take the memory of the process', (file) => JSON.stringify({ ...file, wrapped: { ...file.wrapped, cost: 2 ** 24 } }), SECRET],
    ['what is no key file', () => '{"format":"something else"}', SECRET],
  ])('does not open with %s', async (_name, text, secret) => {
    const made = await makeServiceKey(engine, SECRET, { person: PERSON })
    await expect(openServiceKey(engine, text(made), secret)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
  test('is not made under a secret that could be guessed', async () => {
    await expect(makeServiceKey(engine, 'short')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
  test('in production only its owner may read it', async () => {
    const path = join(folder, 'key.json')
    writeFileSync(path, JSON.stringify(await makeServiceKey(engine, SECRET)), { mode: 0o644 })
    await expect(openServiceIdentity({ path, secret: SECRET, production: true })).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('chmod 600') })
    chmodSync(path, 0o600)
    const identity = await openServiceIdentity({ path, secret: SECRET, production: true })
    expect(identity.person).toMatch(/^[0-9A-F]{16}$/)
    identity.close()
    await expect(openServiceIdentity({ path: join(folder, 'none'), secret: SECRET, production: false })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('signing', () => {
  let identity: ServiceIdentity
  beforeAll(async () => {
    identity = createServiceIdentity(engine, await openServiceKey(engine, JSON.stringify(await makeServiceKey(engine, SECRET, { person: PERSON })), SECRET))
  })
  const setPoint = (watts: number): Buffer => encodeApdu(setPointRequest('E001', { id: 'a', sequence: 1, watts, from: 0, to: 60_000 }, { terminal: '000000000001', meter: METER }, PIID, 30))
  const control = (action: 'trip' | 'allow-close' | 'close'): Buffer => encodeApdu(controlRequest(action, { terminal: METER, meter: METER }, PIID, 30))
  const ticket = (apdu: Buffer, more: Partial<Ticket> = {}): Buffer => encodeTicket({
    stationId: Buffer.alloc(8, 1), epoch: Buffer.alloc(8, 2), ticketId: Buffer.alloc(16, 3), operatorId: Buffer.from(PERSON, 'hex'), approverId: NOBODY, area: Buffer.from(AREA, 'hex'),
    notBefore: 1_000, notAfter: 1_300, ...ticketContent(apdu), devices: [dispersionOfNumber(METER)], ...more,
  })
  const asked = (apdu: Buffer, more: Partial<TicketAsked> = {}): TicketAsked => ({ apdu, device: METER, area: AREA, validSeconds: 300, ...more })
  const under = { approverId: Buffer.from(MANDATE, 'hex').subarray(0, 8) }

  test('a set-point alone, and allowing one meter to close under a mandate', async () => {
    for (const [tkt, what] of [[ticket(setPoint(7_000)), asked(setPoint(7_000))], [ticket(control('allow-close'), under), asked(control('allow-close'), { mandate: MANDATE })]] as const) {
      expect(await engine.verify(Buffer.from(identity.publicKey, 'hex'), SM2_DEFAULT_ID, operatorInput(tkt), await identity.sign(tkt, what))).toBe(true)
    }
  })

  /** Each row was seen signed with its line of `otherThanAsked` taken out. */
  test.each<[string, () => [Buffer, TicketAsked]]>([
    ['another set-point than was asked', () => [ticket(setPoint(9_000)), asked(setPoint(7_000))]],
    ['in the name of somebody else', () => [ticket(setPoint(7_000), { operatorId: Buffer.alloc(8, 9) }), asked(setPoint(7_000))]],
    ['for another device', () => [ticket(setPoint(7_000), { devices: [dispersionOfNumber('000000000012')] }), asked(setPoint(7_000))]],
    ['for more devices', () => [ticket(setPoint(7_000), { devices: [dispersionOfNumber(METER), dispersionOfNumber('000000000012')] }), asked(setPoint(7_000))]],
    ['in another area', () => [ticket(setPoint(7_000), { area: Buffer.alloc(8, 7) }), asked(setPoint(7_000))]],
    ['for longer', () => [ticket(setPoint(7_000), { notAfter: 2_000 }), asked(setPoint(7_000))]],
    ['a trip that was asked for', () => [ticket(control('trip')), asked(control('trip'))]],
    ['a trip under a mandate', () => [ticket(control('trip'), under), asked(control('trip'), { mandate: MANDATE })]],
    ['closing directly under a mandate', () => [ticket(control('close'), under), asked(control('close'), { mandate: MANDATE })]],
    ['allowing to close without a mandate', () => [ticket(control('allow-close')), asked(control('allow-close'))]],
    ['under another mandate', () => [ticket(control('allow-close'), under), asked(control('allow-close'), { mandate: 'CD'.repeat(16) })]],
  ])('nothing is signed %s', async (_name, what) => {
    await expect(identity.sign(...what())).rejects.toMatchObject({ code: 'TICKET_REFUSED' })
  })
})
