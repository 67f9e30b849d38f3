import type { FreshData, OpenStore } from './fresh-store.js'
import { commandable, openOffice } from './office.js'
import type { Office, TestPerson } from './office.js'
import { ask, makeDevice, startMachine } from './rig.js'
import type { MachineRig, TestDevice } from './rig.js'

/** A founded station with people, and devices in sessions that read their clocks. */

export const REFUSED = 'TICKET_REFUSED'
export const piid = { number: 1, priority: false, acd: false }
let nextDevice = 100
export const number = (): string => String(nextDevice++).padStart(12, '0')

export interface Station {
  open: OpenStore
  rig: MachineRig
  office: Office
  operator: TestPerson
  approver: TestPerson
}

export async function station(fresh: FreshData): Promise<Station> {
  const open = await fresh()
  const rig = await startMachine({ store: open() })
  const office = await openOffice(rig)
  return { open, rig, office, operator: await office.enter(['operator']), approver: await office.enter(['approver']) }
}

/** A device in the north, in a session that read its clock. */
export async function placed({ rig, office }: Station, mode: 'S' | 'F' = 'S'): Promise<{ peer: TestDevice; address: string; handle: string }> {
  const address = number()
  const peer = await makeDevice(rig, mode, address)
  await office.place([address])
  return { peer, address, handle: await commandable(rig, peer) }
}

export const reasonsAfter = async (rig: MachineRig, after: number): Promise<string[]> =>
  (await ask(rig.port, 'machineEvents', { after, limit: 1000 })).events.filter(({ kind }) => kind === 'ticket-refused').map(({ detail }) => String(detail['reason']))

/** Id of the last event; there may be many before it. */
export async function lastEvent(rig: MachineRig): Promise<number> {
  let last = 0
  for (;;) {
    const { events } = await ask(rig.port, 'machineEvents', { after: last, limit: 1000 })
    const end = events.at(-1)
    if (!end) return last
    last = end.id
  }
}
