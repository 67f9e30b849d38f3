import type { MachineStore } from '../store/store.js'
import type { FreshData } from './fresh-store.js'
import { codeOf, commandable, officeOf } from './office.js'
import { ask, startMachine } from './rig.js'
import { REFUSED, lastEvent, placed, reasonsAfter, station } from './ticket-station.js'

/** Tickets over crashes, restarts and wrong clocks; for every store alike. */
export function describeTicketCrashes(name: string, fresh: FreshData): void {
  describe(`tickets over a crash, ${name}`, () => {
    it('a ticket is spent before it is sealed: a crash in between burns it for this device', async () => {
      const at = await station(fresh)
      const { peer, address } = await placed(at)
      // The machine dies after the commit and before the seal.
      const dying: MachineStore = { ...at.open(), ...{} }
      const second = await startMachine({ store: { ...dying, useTicket: async (...args) => { await dying.useTicket(...args); throw new Error('killed') } }, clock: at.rig.clock })
      const handle = await commandable(second, peer)
      const signed = await officeOf(second.port, at.office.administrators).ticket({ operator: at.operator, approver: at.approver, devices: [address] })
      await expect(ask(second.port, 'sealTicket', { handle, piid: 1, ...signed })).rejects.toThrow('killed')
      const third = await startMachine({ store: at.open(), clock: at.rig.clock })
      const again = await commandable(third, peer)
      expect(await codeOf(ask(third.port, 'sealTicket', { handle: again, piid: 1, ...signed }))).toBe(REFUSED)
      expect(peer.acted.filter((apdu) => apdu[0] === 7)).toEqual([])
    })

    it('a ticket that was used is used for the next process, too', async () => {
      const at = await station(fresh)
      const { peer, address, handle } = await placed(at)
      const signed = await at.office.ticket({ operator: at.operator, approver: at.approver, devices: [address] })
      await ask(at.rig.port, 'sealTicket', { handle, piid: 1, ...signed })
      const next = await startMachine({ store: at.open(), clock: at.rig.clock })
      const again = await commandable(next, peer)
      expect(await codeOf(ask(next.port, 'sealTicket', { handle: again, piid: 1, ...signed }))).toBe(REFUSED)
      // A process that was fenced off seals nothing, not even with a fresh ticket.
      const fresh2 = await officeOf(next.port, at.office.administrators).ticket({ operator: at.operator, approver: at.approver, devices: [address] })
      expect(await codeOf(ask(at.rig.port, 'sealTicket', { handle, piid: 1, ...fresh2 }))).toMatch(/BUSY|UNAVAILABLE/)
      await ask(at.rig.port, 'giveUp', { handle, seq: 1 }).catch(() => undefined)
      expect(await codeOf(ask(at.rig.port, 'sealTicket', { handle, piid: 1, ...fresh2 }))).toBe('UNAVAILABLE')
      expect(await ask(next.port, 'sealTicket', { handle: again, piid: 1, ...fresh2 })).toMatchObject({ task: 8 })
    })

    it('nothing with a ticket is sealed while the clock is behind what was seen, or follows no source', async () => {
      const at = await station(fresh)
      let synchronised = true
      const one = await startMachine({ store: at.open(), clock: at.rig.clock, synchronised: async () => synchronised })
      const office = officeOf(one.port, at.office.administrators)
      const { peer, address } = await placed({ ...at, rig: one, office })
      const ticket = (port = office) => port.ticket({ operator: at.operator, approver: at.approver, devices: [address] })
      const handle = await commandable(one, peer)
      synchronised = false
      const before = await lastEvent(one)
      expect(await codeOf(ask(one.port, 'sealTicket', { handle, piid: 1, ...(await ticket()) }))).toBe(REFUSED)
      synchronised = true
      at.rig.clock.advance(10 * 60_000)
      await one.machine.tick()
      // The next process starts with a clock ten minutes back: nobody remembers better than the table.
      at.rig.clock.advance(-5 * 60_000)
      const late = await startMachine({ store: at.open(), clock: at.rig.clock })
      const again = await commandable(late, peer)
      expect(await codeOf(ask(late.port, 'sealTicket', { handle: again, piid: 1, ...(await ticket(officeOf(late.port, at.office.administrators))) }))).toBe(REFUSED)
      expect(await reasonsAfter(late, before)).toEqual(['clock-not-synchronised', 'clock-behind'])
      at.rig.clock.advance(5 * 60_000)
      expect(await ask(late.port, 'sealTicket', { handle: await commandable(late, peer), piid: 1, ...(await ticket(officeOf(late.port, at.office.administrators))) })).toMatchObject({ task: 8 })
    })
  })
}
