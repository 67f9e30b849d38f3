/**
 * OSP-1 §8 "illegal module replacement" against the running station and virtual devices: the front end asks, the crypto machine judges,
 * and what two people signed before stays in the machine.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../e2e/wait.js'
import { openField } from '../field.js'
import type { Field } from '../field.js'

let field: Field
let administrators: { person: string; password: string }[]

beforeAll(async () => {
  // Asked at once in every new session, so that a test says when.
  field = await openField({ env: { ZHUZHAN_MANIFEST_SPREAD_SECONDS: '0', ZHUZHAN_MANIFEST_SESSION_MINUTES: '0', ZHUZHAN_REQUEST_SECONDS: '5', ZHUZHAN_PROXY_SECONDS: '3' } })
  const file = JSON.parse(readFileSync(join(field.station.dataDir, 'administrators.json'), 'utf8')) as { administrators: typeof administrators }
  administrators = file.administrators.map(({ person, password }) => ({ person, password }))
}, 300_000)
afterAll(() => field?.close(), 60_000)

/** A device whose modules are exchanged, the terminal it is reached through, and a meter that its keys protect. */
interface Subject {
  device: string
  terminal: string
  meter: string
}
const subjects: Record<string, () => Subject> = {
  'terminal of mode S': () => ({ device: field.modeS.address, terminal: field.modeS.address, meter: field.modeS.meters[0] ?? '' }),
  'terminal of mode F': () => ({ device: field.modeF.address, terminal: field.modeF.address, meter: field.modeF.meters[0] ?? '' }),
  'meter behind a plain terminal': () => ({ device: field.ownS.meters[0] ?? '', terminal: field.ownS.address, meter: field.ownS.meters[0] ?? '' }),
  'meter behind a protected terminal': () => ({ device: field.ownF.meters[0] ?? '', terminal: field.ownF.address, meter: field.ownF.meters[0] ?? '' }),
}
type Name = keyof typeof subjects

const call = (method: string, path: string, body?: unknown) => field.station.rest.call(method, `/api/v1${path}`, body)
const modules = async (device: string) => (await call('GET', `/meters/${device}/modules`)).body
/** A new session: the device is asked again. */
const reconnect = (terminal: string): void => field.fleet.terminals.get(terminal)!.link.hangUp('test', 0)
const reaches = (device: string, state: string) => until(`${device} ${state}`, 60, async () => {
  const found = await modules(device)
  if (found.state !== state) throw new Error(`${found.state}: ${JSON.stringify(found.modules)}`)
  return true
})
/** A manifest that came after this moment. */
const checkedAfter = (device: string, moment: string | null) => until(`another manifest of ${device}`, 60, async () => {
  const { checkedAt } = await modules(device)
  return checkedAt !== null && checkedAt !== moment ? true : undefined
})
const relayOpen = (meter: string): boolean => field.fleet.device(meter)!.meter.relay.isOpen(field.fleet.clock.now())
const trip = (meter: string, action = 'trip') => field.people.dispatcher.call('POST', `/api/v1/meters/${meter}/commands`, { action, password: field.people.dispatcher.password })
const approve = (id: string) => field.people.approver.call('POST', `/api/v1/commands/${id}/approve`, { password: field.people.approver.password })
const ends = (id: string, wanted: readonly string[]) => until(`command ${id} ${wanted.join(' or ')}`, 60, async () => {
  const { body } = await call('GET', `/commands/${id}`)
  if (!wanted.includes(body.state)) throw new Error(`${body.state}: ${JSON.stringify(body.steps)}`)
  return body
})
const bindAnew = (device: string) => call('POST', `/meters/${device}/modules/binding`, { signers: administrators.slice(0, 2) })

test.each(Object.keys(subjects))('the modules of a %s prove themselves', async (name) => {
  const { device, terminal, meter } = subjects[name as Name]!()
  await reaches(device, 'bound')
  expect((await modules(device)).modules.slice(0, 3)).toMatchObject([
    { slot: 0, state: 'proved', chip: true, registered: true, model: 'ZZ-MGT-1' }, { slot: 1, state: 'proved', chip: true }, { slot: 2, state: 'declared', chip: false },
  ])
  const list = (await call('GET', '/meters?limit=100')).body.items
  expect(list.find((one: { address: string }) => one.address === meter)).toMatchObject({ modules: 'bound', terminal })
}, 120_000)

// Seen failing here without the look at `suspect` in judge.ts: all four trips were sealed. The comparison of serials, the challenge, the
// slots and the MACs were seen failing in manifest-suite.ts.
describe.each<[string, string, Name]>([
  ['module-swapped', '1 swapped', 'terminal of mode S'],
  ['manifest-replay', '0 wrong', 'terminal of mode F'],
  ['manifest-repeats', 'a slot repeated', 'meter behind a plain terminal'],
  ['manifest-mac', '1 wrong', 'meter behind a protected terminal'],
])('%s', (fault, why, name) => {
  let subject: Subject
  let signedBefore: string

  test(`a ${name} is suspect, with an alarm that says ${why}`, async () => {
    subject = subjects[name]!()
    const { device, terminal, meter } = subject
    await reaches(device, 'bound')
    // Two people want a trip, and the second has not signed yet.
    const asked = await trip(meter)
    expect(asked).toMatchObject({ status: 202, body: { state: 'awaiting_approval' } })
    signedBefore = asked.body.id as string
    field.fleet.faults.set(device, fault, true)
    reconnect(terminal)
    await reaches(device, 'suspect')
    const alarm = await until('the alarm', 10, async () => (await call('GET', '/events/history?kind=device.suspect&severity=alarm&limit=100')).body.items
      .find((event: { meter: string | null; terminal: string }) => (event.meter ?? event.terminal) === device))
    expect(alarm).toMatchObject({ code: 'DEVICE_SUSPECT', terminal, detail: { why: expect.stringContaining(why) as string } })
    expect((await call('GET', '/modules/suspect')).body.items.map(({ address }: { address: string }) => address)).toContain(device)
    expect((await call('GET', `/meters/${meter}`)).body.modules).toBe('suspect')
    expect(await field.metric('zhuzhan_crypto_suspect_devices')).toBeGreaterThan(0)
  }, 120_000)

  test('what both people sign now, the machine does not seal; a new command is refused at once; reads are answered', async () => {
    const { meter } = subject
    expect((await approve(signedBefore)).status).toBe(200)
    const refused = await ends(signedBefore, ['failed', 'refused', 'expired'])
    expect(JSON.stringify(refused)).toContain('TICKET_REFUSED')
    expect(relayOpen(meter)).toBe(false)
    expect(await trip(meter)).toMatchObject({ status: 409, body: { code: 'DEVICE_SUSPECT' } })
    await field.read({ meters: [meter] } as Field['modeS'])
  }, 120_000)

  test('an honest manifest does not take it back; two administrators do, and commands go again', async () => {
    const { device, terminal, meter } = subject
    field.fleet.faults.set(device, fault, false)
    const { checkedAt } = await modules(device)
    reconnect(terminal)
    await checkedAfter(device, checkedAt)
    expect((await modules(device)).state).toBe('suspect')
    expect(await call('POST', `/meters/${device}/modules/binding`, { signers: [administrators[0], administrators[0]] })).toMatchObject({ status: 409, body: { code: 'ORDER_REFUSED' } })
    expect(await bindAnew(device)).toMatchObject({ status: 200, body: { carriedOut: true } })
    reconnect(terminal)
    await reaches(device, 'bound')
    for (const action of ['trip', 'close'] as const) {
      const { body } = await trip(meter, action)
      expect((await approve(body.id)).status).toBe(200)
      await ends(body.id, ['verified'])
      expect(relayOpen(meter)).toBe(action === 'trip')
    }
  }, 180_000)
})
