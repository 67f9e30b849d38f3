import { randomBytes } from 'node:crypto'
import { encodeApdu } from '@zhuzhan/dlt698'
import { HesError } from '@zhuzhan/core'
import { checkBackup, makeBackup, restoreMachine } from '../backup/backup.js'
import { openVault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'
import type { FreshData } from './fresh-store.js'
import { codeOf, commandable, giveMandate, officeOf } from './office.js'
import { MASTER_KEY, REPORT, REPORT_RESPONSE, STATION_ID, ask, connect, connectApdu, exchange, finishRequest, flip, makeDevice, openRequest, startMachine } from './rig.js'
import type { MachineRig, TestDevice } from './rig.js'
import { NORTH } from './office.js'
import { REFUSED, lastEvent, number, placed, reasonsAfter, station } from './ticket-station.js'

/** Restore the machine from yesterday: OSP-1 §7.6, §7.10, and "counter loss" of §8. */

const COST = 16
const GET_COUNTERS = encodeApdu({ apdu: 'get-request', choice: 'normal', piid: { number: 1, priority: false, acd: false }, oad: 'F1000700' })

async function backupOf(store: MachineStore, rig: MachineRig): Promise<Buffer[]> {
  const vault = await openVault(store, MASTER_KEY, randomBytes, COST)
  const parts: Buffer[] = []
  for await (const part of makeBackup({ store, vault, clock: rig.clock, random: randomBytes, stationId: STATION_ID })) parts.push(part)
  return parts
}
async function* from(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield part
}
const restored = (store: MachineStore, parts: readonly Buffer[], more: { replace?: boolean; masterKey?: Buffer; stationId?: Buffer } = {}) =>
  restoreMachine({ store, source: from(parts), masterKey: MASTER_KEY, stationId: STATION_ID, replace: false, random: randomBytes, cost: COST, ...more })

/** As a front end does it: an authentic counter answer brings one more try. */
async function reach(rig: MachineRig, peer: TestDevice): Promise<{ handle: string; tries: number; countersUnknown: boolean }> {
  for (let tries = 1; tries <= 2; tries++) {
    const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
    const response = await peer.device.receive({ address: peer.address, apdu: connectApdu(opened) })
    const finished = await ask(rig.port, 'connectFinish', finishRequest(opened.exchange, response))
    if ('handle' in finished) return { handle: finished.handle, tries, countersUnknown: finished.countersUnknown === true }
  }
  throw new Error('not reached')
}
const take = async (rig: MachineRig, peer: TestDevice, apdu: Uint8Array): Promise<{ state: string; replayChecked: boolean }> => {
  const { state, replayChecked, token } = await ask(rig.port, 'openReport', { address: peer.keys.address, apdu })
  await ask(rig.port, 'confirmReport', { address: peer.keys.address, token, apdu: REPORT_RESPONSE })
  return { state, replayChecked }
}
/** A meter that stores its counter in blocks tells the end of the block: what it reports up to there is still unchecked. */
async function newReport(peer: TestDevice): Promise<Buffer> {
  const { rspctr } = peer.device.counters()
  for (;;) {
    const { apdu } = await peer.device.sealReport(REPORT)
    if (peer.device.counters().rspctr > rspctr) return apdu
  }
}
const answerCounters = (peer: TestDevice): void =>
  peer.answerWith(() => {
    const { asctr, rspctr, agseq } = peer.device.counters()
    const items = [asctr, rspctr, agseq].map((value) => ({ type: 'double-long-unsigned' as const, value }))
    return encodeApdu({ apdu: 'get-response', choice: 'normal', piid: { number: 1, priority: false, acd: false }, result: { oad: 'F1000700', data: { type: 'structure', items } } })
  })

/** @param fresh stores over data of their own: yesterday's, and an empty one for the restore */
export function describeRestore(name: string, fresh: FreshData, freshAgain: FreshData = fresh): void {
  describe(`restore from backup, ${name}`, () => {
    it('every device is reachable again, old tickets and mandates are dead, old reports are marked and stay so', async () => {
      const at = await station(fresh)
      const { rig, operator, approver } = at
      const devices = [await placed(at, 'S'), await placed(at, 'F')]
      const service = await at.office.enter(['service'])
      const { mandate } = await ask(rig.port, 'submitMandate', await giveMandate(rig.port, { service: service.id, area: NORTH, validSeconds: 86_400, perHour: 9, perDay: 9 }, operator, approver))
      const early = await Promise.all(devices.map(async ({ peer }) => (await peer.device.sealReport(REPORT)).apdu))
      for (const [i, { peer }] of devices.entries()) expect(await take(rig, peer, early[i] as Buffer)).toEqual({ state: 'new', replayChecked: true })
      const yesterday = await backupOf(at.open(), rig)

      // The day that is lost: sessions, a ticket that is spent and one that is not, reports.
      const addresses = devices.map(({ address }) => address)
      const spent = await at.office.ticket({ operator, approver, devices: addresses })
      const kept = await at.office.ticket({ operator, approver, devices: addresses })
      const lost: Buffer[] = []
      for (const { peer } of devices) {
        for (let i = 0; i < 20; i++) {
          rig.clock.advance(2_000)
          await connect(rig, peer)
        }
        expect(await ask(rig.port, 'sealTicket', { handle: await commandable(rig, peer), piid: 5, ...spent })).toMatchObject({ task: 8 })
        const report = await peer.device.sealReport(REPORT)
        expect(await take(rig, peer, report.apdu)).toEqual({ state: 'new', replayChecked: true })
        lost.push(report.apdu)
      }

      const open = await freshAgain()
      const made = await restored(open(), yesterday)
      expect(made.newEpoch).not.toBe(made.epoch)
      const again = await startMachine({ store: open(), clock: rig.clock })
      expect(await ask(again.port, 'status', {})).toMatchObject({ epoch: made.newEpoch, devices: made.devices })

      for (const [i, { peer, address }] of devices.entries()) {
        const before = await lastEvent(again)
        // Taken yesterday and in the backup: known. Taken on the lost day, now sent again by somebody: stored, answered, marked.
        expect(await take(again, peer, early[i] as Buffer)).toEqual({ state: 'repeat', replayChecked: false })
        expect(await take(again, peer, lost[i] as Buffer)).toEqual({ state: 'new', replayChecked: false })
        const { handle, tries, countersUnknown } = await reach(again, peer)
        expect([tries, countersUnknown]).toEqual([2, true])
        expect((await ask(again.port, 'machineEvents', { after: before, limit: 1000 })).events.map(({ kind }) => kind)).toContain('counter-answer')
        await exchange(again, peer, handle)
        // Switched off (no epoch in the judge), the ticket of the lost day is carried out a second time.
        const refusedAfter = await lastEvent(again)
        for (const old of [spent, kept]) expect(await codeOf(ask(again.port, 'sealTicket', { handle, piid: 5, ...old }))).toBe(REFUSED)
        expect(await reasonsAfter(again, refusedAfter)).toEqual(['station-epoch-or-time', 'station-epoch-or-time'])
        answerCounters(peer)
        await exchange(again, peer, handle, GET_COUNTERS)
        expect(await take(again, peer, await newReport(peer))).toEqual({ state: 'new', replayChecked: true })
        again.clock.advance(2_000)
        expect(await reach(again, peer)).toMatchObject({ tries: 1, countersUnknown: false })
        expect(address).toBe(peer.keys.address)
      }
      const office = officeOf(again.port, at.office.administrators)
      const { peer, address } = devices[0] as (typeof devices)[0]
      const closing = await office.ticket({ operator: service, devices: [address], mandate })
      expect(await codeOf(ask(again.port, 'sealTicket', { handle: await reach(again, peer).then(({ handle }) => handle), piid: 5, ...closing }))).toBe(REFUSED)
      expect((await ask(again.port, 'machineEvents', { after: 0, limit: 1000 })).events.map(({ kind }) => kind)).toContain('restored')
    })

    it('a report of the lost day that comes only after the counters were read is marked too, also over another restart', async () => {
      const open = await fresh()
      const rig = await startMachine({ store: open() })
      const peer = await makeDevice(rig, 'S', number())
      const yesterday = await backupOf(open(), rig)
      const lost = [(await peer.device.sealReport(REPORT)).apdu, (await peer.device.sealReport(REPORT)).apdu] as const
      for (const apdu of lost) await take(rig, peer, apdu)
      const openAgain = await freshAgain()
      await restored(openAgain(), yesterday)
      const again = await startMachine({ store: openAgain(), clock: rig.clock })
      const { handle } = await reach(again, peer)
      answerCounters(peer)
      await exchange(again, peer, handle, GET_COUNTERS)
      // Switched off (no uncheckedTo), this replay of the lost day counts as checked.
      expect(await take(again, peer, lost[0])).toEqual({ state: 'new', replayChecked: false })
      const third = await startMachine({ store: openAgain(), clock: rig.clock })
      expect(await take(third, peer, lost[1])).toEqual({ state: 'new', replayChecked: false })
      expect(await take(third, peer, await newReport(peer))).toEqual({ state: 'new', replayChecked: true })
    })

    it('goes into an empty store only, unless it is told to take the place; then the machine that ran is fenced off', async () => {
      const open = await fresh()
      const rig = await startMachine({ store: open() })
      const peer = await makeDevice(rig, 'S', number())
      const parts = await backupOf(open(), rig)
      const later = await makeDevice(rig, 'S', number())
      await expect(restored(open(), parts)).rejects.toMatchObject({ code: 'EXISTS_ALREADY' })
      await connect(rig, later)
      await restored(open(), parts, { replace: true })
      await expect(ask(rig.port, 'issueKeys', { address: number(), mode: 'S' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(rig.machine.serving).toBe(false)
      const again = await startMachine({ store: open(), clock: rig.clock })
      await reach(again, peer)
      await expect(reach(again, later)).rejects.toMatchObject({ code: 'DEVICE_NOT_ENROLLED' })
      // New rows go on above the restored ones.
      const next = await makeDevice(again, 'S', number())
      await reach(again, next)
      await reach(again, peer)
    })

    it('a file that was changed, cut, put together from two, or is of another key or station changes nothing', async () => {
      const open = await fresh()
      const rig = await startMachine({ store: open() })
      await makeDevice(rig, 'F', number())
      const parts = await backupOf(open(), rig)
      const other = await backupOf(open(), rig)
      expect(parts.length).toBeGreaterThan(5)
      expect(await checkBackup(from(parts), MASTER_KEY, randomBytes, COST)).toMatchObject({ devices: 1 })
      // As whole bytes, cut anywhere, the file reads the same.
      const whole = Buffer.concat(parts)
      const pieces = Array.from({ length: Math.ceil(whole.length / 1000) }, (_, i) => whole.subarray(i * 1000, (i + 1) * 1000))
      expect(await checkBackup(from(pieces), MASTER_KEY, randomBytes, COST)).toMatchObject({ devices: 1 })
      for (const secret of ['issued-key', 'crypto_machine', '"address"']) expect(whole.includes(secret)).toBe(false)

      // Switched off (no MAC at the end), the end of another backup is taken.
      const target = (await freshAgain())()
      const spoilt: [string, readonly Buffer[]][] = [
        ['cut after each part', []],
        ...parts.map((_, i): [string, Buffer[]] => [`without part ${i}`, parts.filter((_part, n) => n !== i)]),
        ...parts.map((part, i): [string, Buffer[]] => [`one bit of part ${i}`, parts.map((one, n) => (n === i ? flip(one, part.length - 1) : one))]),
        ['two parts in each other\'s place', [parts[0], parts[1], parts[3], parts[2], ...parts.slice(4)] as Buffer[]],
        ['a part twice', [...parts.slice(0, 3), parts[2] as Buffer, ...parts.slice(3)]],
        ['a part of another backup', parts.map((part, i) => (i === 3 ? (other[3] as Buffer) : part))],
        ['the end of another backup', [...parts.slice(0, -1), other.at(-1) as Buffer]],
        ['no backup at all', [randomBytes(500)]],
      ]
      for (const [what, bytes] of spoilt) expect([what, await codeOf(restored(target, bytes))]).toEqual([what, 'CONFIG_INVALID'])
      for (const more of [{ masterKey: Buffer.alloc(32, 8) }, { stationId: Buffer.from('OTHERHES') }]) expect(await codeOf(restored(target, parts, more))).toBe('CONFIG_INVALID')
      expect([await target.deviceCount(), await target.rootKeys()]).toEqual([0, []])
      await restored(target, parts)
      expect(await target.deviceCount()).toBe(1)
    }, 60_000)

    it('what goes wrong half-way leaves the store as it was', async () => {
      const open = await fresh()
      const rig = await startMachine({ store: open() })
      const peer = await makeDevice(rig, 'S', number())
      const parts = await backupOf(open(), rig)
      async function* broken(): AsyncGenerator<Buffer> {
        yield* from(parts.slice(0, -2))
        throw new HesError('UNAVAILABLE', 'the disk with the backup is gone')
      }
      await expect(restoreMachine({ store: open(), source: broken(), masterKey: MASTER_KEY, stationId: STATION_ID, replace: true, random: randomBytes, cost: COST })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await connect(rig, peer)
      expect(rig.machine.serving).toBe(true)
    })
  })
}
