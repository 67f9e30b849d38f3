import { randomBytes } from 'node:crypto'
import { encodeApdu, epochToDateTimeS } from '@zhuzhan/dlt698'
import type { Apdu, LinkAddress } from '@zhuzhan/dlt698'
import { authenticatedAddressOf } from '../address.js'
import { BROADCAST_SID, broadcastAttach, signBroadcast } from '../broadcast.js'
import { deriveKey } from '../keys.js'
import { GROUP, HEADER, address, engine, meter, piid, stationSession } from './conformance/station.js'
import type { Meter } from './conformance/station.js'
import { createOsp1Device } from './device.js'
import { memoryStore } from './state.js'

/** The meter's rules a well-behaved station never meets. */

const rig = (keyState: 0 | 1 = 1) => meter({ keyState })
type Rig = Meter
const session = (under: Pick<Rig, 'device'>, asctr = 1) => stationSession(under, { asctr })

const tag = (clock: Rig['clock'], delaySeconds: number, agoSeconds = 0) => ({
  sent: epochToDateTimeS(clock.now() - agoSeconds * 1000, 480),
  delay: { unit: 0, value: delaySeconds },
})
const trip = (timeTag?: ReturnType<typeof tag>): Apdu => ({
  apdu: 'action-request',
  choice: 'normal',
  piid,
  omd: '80008100',
  parameter: { type: 'null' },
  ...(timeTag && { timeTag }),
})
const get: Apdu = { apdu: 'get-request', choice: 'normal', piid, oad: '40000200' }

describe('a record at the meter', () => {
  it.each<[string, (clock: Rig['clock']) => Apdu | Buffer, number, 0 | 1, number]>([
    ['a trip claimed as a read', (clock) => trip(tag(clock, 60)), 3, 1, 3],
    ['a read claimed as control', () => get, 8, 1, 3],
    ['control in plain mode', (clock) => trip(tag(clock, 60)), 8, 0, 3],
    ['control without a TimeTag', () => trip(), 8, 1, 32],
    ['control after its delay', (clock) => trip(tag(clock, 60, 61)), 8, 1, 32],
    ['bytes after the APDU', () => Buffer.concat([encodeApdu(get), Buffer.of(0)]), 3, 1, 3],
    ['a SECURITY inside', () => Buffer.from('1000', 'hex'), 3, 1, 3],
    ['a CONNECT inside', () => Buffer.from('02', 'hex'), 3, 1, 3],
  ])('refuses %s with a protected DAR and does nothing', async (_name, make, task, mode, dar) => {
    const under = await rig()
    const send = await session(under)
    expect(await send(make(under.clock), task, mode)).toEqual({ dar })
    expect(under.acted).toEqual([])
    expect(await send(get, 3)).toHaveProperty('apdu')
  })

  it('carries a timely trip out, once', async () => {
    const under = await rig()
    const send = await session(under)
    expect(await send(trip(tag(under.clock, 60, 10)), 8)).toHaveProperty('apdu')
    expect(under.acted).toHaveLength(1)
  })

  it('serves only tasks 3 and 7 in the factory key state', async () => {
    const under = await rig(0)
    const send = await session(under)
    expect(await send(get, 3)).toHaveProperty('apdu')
    expect(await send(trip(tag(under.clock, 60)), 8)).toEqual({ dar: 3 })
    // Task 7 is served; this parameter is no key update.
    expect(await send({ apdu: 'action-request', choice: 'normal', piid, omd: 'F1000700', parameter: { type: 'null' } }, 7)).toEqual({ dar: 22 })
  })

  it('refuses tasks that do not exist', async () => {
    const under = await rig()
    const send = await session(under)
    expect(await send(get, 4)).toEqual({ hint: 23 })
  })

  it('answers DAR 255 when carrying out fails, and lives on', async () => {
    const under = await rig()
    const device = await createOsp1Device({
      keys: under.keys,
      engine,
      store: memoryStore(),
      clock: under.clock,
      random: randomBytes,
      header: HEADER,
      factory: '30'.repeat(32),
      act: async () => {
        throw new Error('relay stuck')
      },
    })
    const send = await session({ ...under, device })
    expect(await send(get, 3)).toEqual({ dar: 255 })
    expect(await send({ apdu: 'release-request', piid }, 3)).toHaveProperty('apdu')
    expect(device.sessions).toBe(0)
  })

  it('a new session starts at seq 0 and the counter survives a restart', async () => {
    const under = await rig()
    await session(under, 5)
    const again = await createOsp1Device({
      keys: under.keys,
      engine,
      store: under.store,
      clock: under.clock,
      random: randomBytes,
      header: HEADER,
      factory: '30'.repeat(32),
      act: async () => Buffer.of(0x85),
    })
    expect(again.counters().asctr).toBe(5)
    await expect(session({ ...under, device: again }, 5)).rejects.toThrow()
    await session({ ...under, device: again }, 6)
  })
})

describe('a clock broadcast', () => {
  const everybody: LinkAddress = { type: 'broadcast', logical: 0, server: 'AA', client: 0x10 }
  const setTime = (clock: Rig['clock'], seconds: number): Apdu => ({
    apdu: 'action-request',
    choice: 'normal',
    piid,
    omd: '40007F00',
    parameter: { type: 'date-time-s', value: epochToDateTimeS(clock.now() + seconds * 1000, 480) },
  })
  const send = async (under: Rig, agseq: number, apdu: Apdu, change: { group?: Buffer; mac?: number; to?: LinkAddress } = {}) => {
    const to = change.to ?? everybody
    const group = change.group ?? GROUP
    const content = encodeApdu(apdu)
    const attach = broadcastAttach(agseq, group)
    const parts = { clientAddress: everybody.client, ad: authenticatedAddressOf(everybody), sid: BROADCAST_SID, attach, apdu: content }
    const mac = signBroadcast(deriveKey(under.keys.keys.group, 'group', GROUP), parts)
    mac[0] = (mac[0] ?? 0) ^ (change.mac ?? 0)
    const answer = await under.device.receive({
      address: to,
      apdu: encodeApdu({
        apdu: 'security-request',
        form: 'plain',
        content,
        verification: { kind: 'sid-mac', sid: 'F1030000', attach, mac },
      }),
    })
    expect(answer).toBeUndefined()
    return under.acted.length
  }

  it('is taken once a day, forward by at most 60 s, 300 s in all, and never answered', async () => {
    const under = await rig()
    expect(await send(under, 1, setTime(under.clock, 30))).toBe(1)
    expect(await send(under, 2, setTime(under.clock, 30))).toBe(1) // the same day
    under.clock.advance(24 * 3_600_000)
    expect(await send(under, 3, setTime(under.clock, 61))).toBe(1) // too far
    expect(await send(under, 4, setTime(under.clock, -60))).toBe(2)
    for (let day = 0; day < 3; day++) {
      under.clock.advance(24 * 3_600_000)
      await send(under, 5 + day, setTime(under.clock, 60))
    }
    expect(under.acted).toHaveLength(5)
    under.clock.advance(24 * 3_600_000)
    expect(await send(under, 8, setTime(under.clock, 60))).toBe(5) // 30 + 60 + 180 + 60 would be more than 300 s
    const inSession = await session(under)
    expect(
      await inSession(
        {
          apdu: 'set-request',
          choice: 'normal',
          piid,
          oad: '40000200',
          data: { type: 'date-time-s', value: epochToDateTimeS(under.clock.now(), 480) },
        },
        5,
      ),
    ).toHaveProperty('apdu')
    expect(await send(under, 9, setTime(under.clock, 60))).toBe(7)
  })

  it('is refused when replayed, far ahead, forged, of another group, readdressed, or with other content', async () => {
    const under = await rig()
    expect(await send(under, 10, setTime(under.clock, 5))).toBe(1)
    under.clock.advance(25 * 3_600_000)
    for (const [agseq, change] of [
      [10, {}],
      [9, {}],
      [11 + 65_536, {}],
      [11, { mac: 1 }],
      [11, { group: Buffer.alloc(8, 1) }],
      [11, { to: { ...everybody, client: 0x11 } }],
    ] as const) {
      expect(await send(under, agseq, setTime(under.clock, 5), change)).toBe(1)
    }
    expect(await send(under, 12, trip())).toBe(1)
    expect(under.device.counters().agseq).toBe(12) // consumed even so
    expect(await send(under, 12, setTime(under.clock, 5))).toBe(1)
    expect(await send(under, 13, setTime(under.clock, 5))).toBe(2)
    expect(under.events.filter((event) => event.kind === 'broadcast-refused').map((event) => event.reason)).toEqual([
      'counter',
      'counter',
      'counter',
      'mac',
      'group',
      'mac',
      'content',
      'counter',
    ])
  })
})

describe('without a session', () => {
  it('plain requests, unknown APDUs and read proofs of anything but a GET get silence', async () => {
    const under = await rig()
    const proof = (content: Buffer) =>
      encodeApdu({ apdu: 'security-request', form: 'plain', content, verification: { kind: 'rn', rn: Buffer.alloc(16) } })
    for (const apdu of [
      encodeApdu(get),
      encodeApdu(trip()),
      Buffer.from('FF', 'hex'),
      Buffer.alloc(0),
      proof(encodeApdu(trip())),
      proof(Buffer.from('0501', 'hex')),
      encodeApdu({ apdu: 'security-request', form: 'plain', content: encodeApdu(get), verification: { kind: 'rn', rn: Buffer.alloc(15) } }),
    ]) {
      expect(await under.device.receive({ address, apdu })).toBeUndefined()
    }
    expect(under.acted).toEqual([])
  })
})
