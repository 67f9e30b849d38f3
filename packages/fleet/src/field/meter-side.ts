import { createFieldMeter, diversifyField, memoryPeerStore, softSm4 } from '@zhuzhan/field-sessions'
import type { FieldMeter, MeterEvent, ObjectName } from '@zhuzhan/field-sessions'
import type { Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { dispersionOfNumber } from '@zhuzhan/osp1'
import type { PolicySettings } from '@zhuzhan/policy'
import { clockOf } from '../device/device.js'
import type { Device } from '../device/device.js'
import { lineValues } from '../meter/line.js'
import type { Counts, FleetContext } from '../terminal/context.js'
import { wattsOf } from './things.js'

/** What a virtual meter shows to a phone. */
const DISPLAY: Partial<Record<ObjectName, (device: Device, nowMs: number) => number | undefined>> = {
  forwardEnergy: ({ meter }, now) => meter.forward(now)[0],
  reverseEnergy: ({ meter }, now) => meter.reverse(now)[0],
  voltage: ({ meter }, now) => lineValues(meter, now).voltage[0],
  current: ({ meter }, now) => lineValues(meter, now).current[0],
  power: ({ meter }, now) => Math.round((lineValues(meter, now).activePower[0] ?? 0) / 10),
  relayState: ({ meter }, now) => (meter.relay.isOpen(now) ? 1 : 0),
}

/** What happened at a boundary, as the fleet counts it. */
function count(counts: Counts, event: MeterEvent): void {
  switch (event.kind) {
    case 'paired': counts.fieldPairings++; return
    case 'established': counts.fieldSessions++; return
    case 'connected': if (event.substituted) counts.fieldSubstituted++; return
    case 'accepted': counts.fieldAccepted++; return
    case 'flagged': counts.fieldFlagged++; return
    case 'filtered': counts.fieldFiltered++; return
    case 'ignored': case 'pairing-refused': case 'auth-refused': case 'record-refused': counts.fieldRefused++; return
    case 'quarantined': case 'result': case 'ended': return
  }
}

/** The boundaries of one virtual meter: what its devices say and what of it is believed is `device.field`. */
export function openFieldMeter(device: Device, context: FleetContext, engine: Sm2Engine, identity: Sm2KeyPair, policy: PolicySettings, root: Uint8Array): Promise<FieldMeter> {
  const { clock, random, counts, log } = context
  return createFieldMeter({
    mid: dispersionOfNumber(device.address), identity, policy, engine, clock, random, ciphers: { sm4: softSm4 }, store: memoryPeerStore(),
    deviceKey: (_kind, pid) => softSm4.importKey(diversifyField(root, pid)),
    localTime: () => clockOf(device, clock.now()),
    read: (object) => DISPLAY[object]?.(device, clock.now()),
    ownWatts: () => wattsOf(device, clock.now()),
    onEvent: (event) => {
      count(counts, event)
      if (event.kind === 'quarantined') log.info({ meter: device.address, pid: event.pid, peer: event.peer }, 'a device at the meter is not believed any more')
    },
  })
}
