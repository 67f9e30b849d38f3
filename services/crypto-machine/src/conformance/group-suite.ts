import { randomBytes } from 'node:crypto'
import { epochToDateTimeS, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import { broadcastAddress, broadcastRequest, deriveKey, parseSecurityRequest, readBroadcastAttach } from '@zhuzhan/osp1'
import type { CryptoResult } from '@zhuzhan/contracts'
import { makeBackup, restoreMachine } from '../backup/backup.js'
import { openVault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'
import type { FreshData } from './fresh-store.js'
import { codeOf, commandable, officeOf, TRIP } from './office.js'
import { CLIENT_ADDRESS, MASTER_KEY, STATION_ID, ask, connect, exchange, makeDevice, startMachine } from './rig.js'
import type { MachineRig, TestDevice } from './rig.js'
import { lastEvent, number, piid, station } from './ticket-station.js'
import type { Station } from './ticket-station.js'

/** Clock broadcasts at the machine (§7.5), and row "group key abuse" of §8 as far as it is the machine's; for every store alike. */

const GROUP = 'A000000000000001'
const DAY = 24 * 3_600_000 + 60_000
const GET_COUNTERS: Apdu = { apdu: 'get-request', choice: 'normal', piid, oad: 'F1000700' }
type Sealed = CryptoResult<'sealGroupClock'>

const seal = (rig: MachineRig, shiftSeconds = 30, group = GROUP): Promise<Sealed> => ask(rig.port, 'sealGroupClock', { group, shiftSeconds })
/** The reason of a refusal. */
const reasonOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'sealed',
    (error: { code: string; context: { reason?: string } }) => error.context.reason ?? error.code,
  )
const agseqOf = (sealed: Sealed): number => {
  const verification = parseSecurityRequest(Buffer.from(sealed.frames[0]?.apdu ?? []))?.verification
  return verification?.kind === 'sid-mac' ? (readBroadcastAttach(verification.attach)?.agseq ?? -1) : -1
}
/** Let members hear it, as terminals do. */
const hear = async ({ frames, clientAddress }: Sealed, ...peers: readonly TestDevice[]): Promise<void> => {
  for (const peer of peers) {
    const frame = frames.find(({ devices }) => devices.includes(peer.keys.address))
    if (frame) await peer.device.receive({ address: broadcastAddress(clientAddress), apdu: Buffer.from(frame.apdu) })
  }
}
const timesSet = (peer: TestDevice): Buffer[] => peer.acted.filter((apdu) => apdu.subarray(3, 7).toString('hex') === '40007f00')
const refusals = (peer: TestDevice): string[] => peer.events.flatMap((event) => (event.kind === 'broadcast-refused' ? [event.reason] : []))
const answerCounters = (peer: TestDevice, agseq = () => peer.device.counters().agseq): void =>
  peer.answerWith(() => {
    const items = [0, 0, agseq()].map((value) => ({ type: 'double-long-unsigned' as const, value }))
    return encodeApdu({ apdu: 'get-response', choice: 'normal', piid, result: { oad: 'F1000700', data: { type: 'structure', items } } })
  })

/** Devices placed, in the group, and with keys issued after that. */
async function members(at: Station, count = 2, group = GROUP): Promise<TestDevice[]> {
  const addresses = Array.from({ length: count }, number)
  for (const address of addresses) await ask(at.rig.port, 'issueKeys', { address, mode: 'S' })
  await at.office.place(addresses)
  await at.office.order({ kind: 'group', group, addresses })
  return Promise.all(addresses.map((address) => makeDevice(at.rig, 'S', address)))
}

export function describeGroups(name: string, fresh: FreshData): void {
  describe(`clock broadcasts, ${name}`, () => {
    it('every member takes the station\'s own time, once; nobody else does', async () => {
      const at = await station(fresh)
      const [one, two] = (await members(at)) as [TestDevice, TestDevice]
      const [stranger] = (await members(at, 1, 'A000000000000002')) as [TestDevice]
      const sealed = await seal(at.rig)
      expect(sealed.frames).toHaveLength(1)
      expect(sealed.frames[0]?.devices).toEqual([one.keys.address, two.keys.address])
      await hear(sealed, one, two)
      await hear(sealed, one)
      await stranger.device.receive({ address: broadcastAddress(CLIENT_ADDRESS), apdu: Buffer.from(sealed.frames[0]?.apdu ?? []) })
      for (const peer of [one, two]) {
        expect(timesSet(peer)).toHaveLength(1)
        expect(decodeApdu(timesSet(peer)[0] ?? Buffer.alloc(0))).toMatchObject({ parameter: { value: epochToDateTimeS(Math.round(at.rig.clock.now() / 1000) * 1000, 480) } })
        expect(peer.device.counters().agseq).toBe(sealed.agseq)
      }
      expect(refusals(one)).toEqual(['counter'])
      expect(refusals(stranger)).toEqual(['group'])
      const events = (await ask(at.rig.port, 'machineEvents', { after: 0, limit: 1000 })).events
      expect(events.filter(({ kind }) => kind === 'broadcast-sealed')).toMatchObject([{ subject: `group ${GROUP}`, detail: { agseq: sealed.agseq, shiftSeconds: 30, members: 2 } }])
      expect((await ask(at.rig.port, 'groups', {})).groups.find(({ group }) => group === GROUP)).toMatchObject({ members: 2, agseq: sealed.agseq, known: true, last: { shiftSeconds: 30 }, shiftedSeconds: 30 })
      expect(await ask(at.rig.port, 'groupMembers', { group: GROUP })).toEqual({ devices: [one.keys.address, two.keys.address] })
    })

    // Seen failing with judgeShift of groups/agseq.ts that does not look at the shift, at notBefore, or at the total.
    it('the machine keeps the limits of the meters: 60 s, once in 24 hours, 300 s in all until clocks were set in sessions', async () => {
      const at = await station(fresh)
      const [one, two] = (await members(at)) as [TestDevice, TestDevice]
      expect(await reasonOf(seal(at.rig, 61))).toBe('shift')
      expect(await reasonOf(seal(at.rig, -61))).toBe('shift')
      const before = await lastEvent(at.rig)
      for (let day = 0; day < 5; day++) {
        await hear(await seal(at.rig, day % 2 ? 60 : -60), one, two)
        expect(await reasonOf(seal(at.rig, 1))).toBe('once-in-24-hours')
        at.rig.clock.advance(DAY)
      }
      expect(await reasonOf(seal(at.rig, 1))).toBe('total-shift')
      expect((await ask(at.rig.port, 'machineEvents', { after: before, limit: 1000 })).events.filter(({ kind }) => kind === 'broadcast-refused').map(({ detail }) => detail['reason'])).toEqual([
        ...Array.from({ length: 5 }, () => 'once-in-24-hours'), 'total-shift',
      ])
      // Meters were moved by nothing, because their clocks were right; the station cannot know that.
      expect([refusals(one), refusals(two)]).toEqual([[], []])

      const setClock = async (peer: TestDevice): Promise<void> => {
        const ticket = await at.office.ticket({
          operator: at.operator, approver: at.approver, devices: [peer.keys.address],
          apdu: { apdu: 'set-request', choice: 'normal', piid, oad: '40000200', data: { type: 'date-time-s', value: epochToDateTimeS(at.rig.clock.now(), 480) } },
        })
        const handle = await commandable(at.rig, peer)
        peer.answerWith(() => encodeApdu({ apdu: 'set-response', choice: 'normal', piid, oad: '40000200', dar: 0 }))
        const { apdu } = await ask(at.rig.port, 'sealTicket', { handle, piid: 1, ...ticket })
        const answer = await peer.device.receive({ address: peer.address, apdu })
        await ask(at.rig.port, 'open', { handle, apdu: answer ?? Buffer.alloc(0) })
      }
      await setClock(one)
      expect(await reasonOf(seal(at.rig, 1))).toBe('total-shift')
      await setClock(two)
      expect(await reasonOf(seal(at.rig, 1))).toBe('sealed')
    })

    // Seen failing with groups.ts that seals without commitBroadcast.
    it('AGSEQ is committed before a byte leaves: a crash in between leaves a gap, and no value is used twice', async () => {
      const at = await station(fresh)
      const [peer] = (await members(at, 1)) as [TestDevice]
      const dying: MachineStore = at.open()
      const second = await startMachine({
        store: { ...dying, commitBroadcast: async (...args) => { await dying.commitBroadcast(...args); throw new Error('killed') } },
        clock: at.rig.clock,
      })
      await expect(seal(second)).rejects.toThrow('killed')
      const third = await startMachine({ store: at.open(), clock: at.rig.clock })
      const { groups } = await ask(third.port, 'groups', {})
      const burnt = groups[0]?.agseq ?? 0
      // The day is spent, too: the broadcast may have gone out.
      expect(await reasonOf(seal(third))).toBe('once-in-24-hours')
      const seen = new Set([burnt])
      let running = third
      for (let day = 0; day < 4; day++) {
        at.rig.clock.advance(DAY)
        const sealed = await seal(running, 1)
        expect(agseqOf(sealed)).toBe(sealed.agseq)
        expect(seen.has(sealed.agseq)).toBe(false)
        seen.add(sealed.agseq)
        await hear(sealed, peer)
        running = await startMachine({ store: at.open(), clock: at.rig.clock })
      }
      expect(timesSet(peer)).toHaveLength(4)
      // A process that was fenced off seals nothing.
      at.rig.clock.advance(DAY)
      expect(await codeOf(seal(third))).toBe('UNAVAILABLE')
      const both = await Promise.all([reasonOf(seal(running)), reasonOf(seal(running))])
      expect(both.sort()).toEqual(['once-in-24-hours', 'sealed'])
    })

    // Seen failing with NEW_EPOCH that leaves `known`, and with healedAgseq without its reach.
    it('after a restore nothing is sent until a member\'s counter was read in a session, and no value of the lost days comes again', async () => {
      const at = await station(fresh)
      const [one, two] = (await members(at)) as [TestDevice, TestDevice]
      const vault = await openVault(at.open(), MASTER_KEY, randomBytes, 16)
      const backup: Buffer[] = []
      for await (const part of makeBackup({ store: at.open(), vault, clock: at.rig.clock, random: randomBytes, stationId: STATION_ID })) backup.push(part)
      // Lost: a broadcast of this day, and others that a thief of the key made.
      await hear(await seal(at.rig), one, two)
      const before = (await ask(at.rig.port, 'groups', {})).groups[0]?.agseq ?? 0
      const source = (async function* () { yield* backup })()
      await restoreMachine({ store: at.open(), source, masterKey: MASTER_KEY, stationId: STATION_ID, replace: true, random: randomBytes, cost: 16 })
      const key = deriveKey(Buffer.from(one.keys.deviceKeys.group, 'hex'), 'group', Buffer.from(GROUP, 'hex'))
      const forged = broadcastRequest(key, { address: broadcastAddress(CLIENT_ADDRESS), agseq: before + 40, groupId: Buffer.from(GROUP, 'hex') }, encodeApdu(TRIP))
      await one.device.receive({ address: broadcastAddress(CLIENT_ADDRESS), apdu: forged })
      expect(one.device.counters().agseq).toBe(before + 40)

      const rig = await startMachine({ store: at.open(), clock: at.rig.clock })
      expect(await reasonOf(seal(rig))).toBe('agseq-unknown')
      const read = async (peer: TestDevice, agseq?: () => number): Promise<void> => {
        answerCounters(peer, agseq)
        await exchange(rig, peer, await connect(rig, peer), encodeApdu(GET_COUNTERS))
      }
      // An opened member cannot use the counter up.
      await read(two, () => 0xffff_fff0)
      expect(await reasonOf(seal(rig))).toBe('agseq-unknown')
      await read(one)
      expect(await reasonOf(seal(rig))).toBe('once-in-24-hours')
      at.rig.clock.advance(DAY)
      const sealed = await seal(rig)
      expect(sealed.agseq).toBe(before + 41)
      await hear(sealed, one, two)
      expect([timesSet(one).length, timesSet(two).length]).toEqual([2, 2])
      // Known: what a member says moves nothing, and is noted when it is ahead.
      await read(two, () => sealed.agseq + 500)
      expect((await ask(rig.port, 'groups', {})).groups[0]?.agseq).toBe(sealed.agseq)
      expect((await ask(rig.port, 'machineEvents', { after: 0, limit: 1000 })).events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['group-counter-far', 'group-counter-set', 'group-counter-ahead']))
    })

    // Seen failing with a device that does not check its content: unsessioned.ts without shiftOf.
    it('group key abuse: nothing but the time is sealed for a group, and a forged trip or far counter is refused by the meter', async () => {
      const at = await station(fresh)
      const [peer] = (await members(at, 1)) as [TestDevice]
      const trip = encodeApdu(TRIP)
      // There is no field for content, and the group's id is the address of nothing.
      for (const more of [{ apdu: trip }, { time: at.rig.clock.now() + 3_600_000 }, { omd: '80008100' }])
        expect(await at.rig.machine.run('sealGroupClock', [{ group: GROUP, shiftSeconds: 1, ...more }], 'fep-1')).toEqual([{ ok: false, code: 'BODY_INVALID' }])
      const handle = await commandable(at.rig, peer)
      expect(await codeOf(ask(at.rig.port, 'seal', { handle, apdu: trip }))).toBe('TICKET_REFUSED')
      const tripForGroup = await at.office.ticket({ operator: at.operator, approver: at.approver, devices: [peer.keys.address], change: (tkt) => Buffer.concat([tkt.subarray(0, -8), Buffer.from(GROUP, 'hex')]) })
      expect(await codeOf(ask(at.rig.port, 'sealTicket', { handle, piid: 1, ...tripForGroup }))).toBe('TICKET_REFUSED')

      const key = deriveKey(Buffer.from(peer.keys.deviceKeys.group, 'hex'), 'group', Buffer.from(GROUP, 'hex'))
      const forge = (agseq: number, apdu: Buffer) =>
        peer.device.receive({ address: broadcastAddress(CLIENT_ADDRESS), apdu: broadcastRequest(key, { address: broadcastAddress(CLIENT_ADDRESS), agseq, groupId: Buffer.from(GROUP, 'hex') }, apdu) })
      const clock = (seconds: number): Buffer => encodeApdu({ apdu: 'action-request', choice: 'normal', piid, omd: '40007F00', parameter: { type: 'date-time-s', value: epochToDateTimeS(at.rig.clock.now() + seconds * 1000, 480) } })
      const own = await seal(at.rig)
      await hear(own, peer)
      await forge(own.agseq + 1, trip)
      await forge(own.agseq + 2 ** 16 + 2, clock(30))
      for (let n = 2; n < 6; n++) await forge(own.agseq + n, clock(60))
      expect(refusals(peer)).toEqual(['content', 'counter', 'limit', 'limit', 'limit', 'limit'])
      expect(peer.acted.filter((apdu) => apdu[0] === 7)).toHaveLength(1)
    })

    it('nothing is broadcast while the machine\'s clock is wrong, to a group without members, or to an unknown one', async () => {
      const at = await station(fresh)
      const [peer] = (await members(at, 1)) as [TestDevice]
      let synchronised = false
      const rig = await startMachine({ store: at.open(), clock: at.rig.clock, synchronised: async () => synchronised })
      expect(await reasonOf(seal(rig))).toBe('clock-not-synchronised')
      synchronised = true
      expect(await codeOf(seal(rig, 1, 'FFFFFFFFFFFFFFFF'))).toBe('NOT_FOUND')
      const office = officeOf(rig.port, at.office.administrators)
      await office.order({ kind: 'suspect', addresses: [peer.keys.address] })
      expect(await reasonOf(seal(rig))).toBe('no-members')
      await office.order({ kind: 'ungroup', addresses: [peer.keys.address] })
      expect(await reasonOf(seal(rig))).toBe('no-members')
    })

    // Seen failing with `genuine` of groups.ts that takes every row: the last two lines.
    it('members are entered by two administrators; a row put in behind the machine\'s back is no member', async () => {
      const at = await station(fresh)
      const [peer] = (await members(at, 1)) as [TestDevice]
      const address = number()
      await ask(at.rig.port, 'issueKeys', { address, mode: 'S' })
      const group = (g: string) => at.office.order({ kind: 'group', group: g, addresses: [address] })
      expect(await codeOf(group(GROUP))).toBe('ORDER_REFUSED')
      await at.office.place([address])
      expect(await codeOf(at.office.order({ kind: 'group', group: GROUP, addresses: [address] }, { second: null }))).toBe('ORDER_REFUSED')
      // The key of a device with this D would be the group's.
      expect(await codeOf(group(`0000${address}`))).toBe('ORDER_REFUSED')
      await group('A000000000000003')
      expect(await ask(at.rig.port, 'groupMembers', { group: GROUP })).toEqual({ devices: [peer.keys.address] })
      const [row] = await at.open().devices([address])
      const store = at.open()
      await store.takeOver('thief')
      await store.commitOrder({ orderId: Buffer.alloc(16, 1), bytes: Buffer.alloc(1), sigFirst: Buffer.alloc(64), sigSecond: undefined, appliedAt: 0 }, {
        groups: { joined: { groupId: Buffer.from(GROUP, 'hex'), agseq: 1, members: [{ deviceId: row?.id ?? 0, since: 0, rowMac: Buffer.alloc(16) }] } },
      }, { kind: 'test', subject: 'thief' })
      const rig = await startMachine({ store: at.open(), clock: at.rig.clock })
      expect(await ask(rig.port, 'groupMembers', { group: GROUP })).toEqual({ devices: [peer.keys.address] })
    })

    // Seen failing with stage.ts that makes the key of purpose 3 from D: the member hears nothing after its update.
    it('members with other keys or another local time get frames of their own, and a key update keeps a member in', async () => {
      const at = await station(fresh)
      const [one, two, three] = (await members(at, 3)) as [TestDevice, TestDevice, TestDevice]
      await at.office.place([three.keys.address], { offsetMinutes: 540 })
      await at.office.order({ kind: 'root-keys', keyState: 1, keyVersion: 2 })
      await at.office.order({ kind: 'key-update', keyState: 1, keyVersion: 2, addresses: [one.keys.address] })
      for (let turn = 0; turn < 4; turn++) {
        at.rig.clock.advance(2_000)
        const handle = await connect(at.rig, one)
        for (;;) {
          const step = await ask(at.rig.port, 'keyUpdateStep', { handle, piid: 1 })
          if ('next' in step) break
          const answer = await one.device.receive({ address: one.address, apdu: step.apdu })
          await ask(at.rig.port, 'open', { handle, apdu: answer ?? Buffer.alloc(0) })
        }
      }
      expect(one.device.keys()).toMatchObject({ keyVersion: 2 })
      const sealed = await seal(at.rig)
      expect(sealed.frames.map(({ devices }) => devices)).toEqual([[one.keys.address], [two.keys.address], [three.keys.address]])
      await hear(sealed, one, two, three)
      expect([one, two].map((peer) => timesSet(peer).length)).toEqual([1, 1])
      // The device itself lives in +08:00 here: an hour is more than a broadcast may move it.
      expect(refusals(three)).toEqual(['limit'])
      // A file issued anew holds the same keys that came over the air.
      const again = await ask(at.rig.port, 'issueKeys', { address: one.keys.address, mode: 'S' })
      expect(again).toMatchObject({ groupId: GROUP, keyVersion: 2 })
    })
  })
}
