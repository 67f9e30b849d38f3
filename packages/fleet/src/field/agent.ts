import { encodePairingCode, decodePairingCode } from '@zhuzhan/field-sessions'
import type { FieldDevice, FieldMeter, Kind } from '@zhuzhan/field-sessions'
import { errorText } from '@zhuzhan/core'
import type { FleetContext } from '../terminal/context.js'
import type { BoundaryEnd } from './boundary.js'
import type { Thing } from './things.js'

/** How long a step of a handshake waits for its answer, and how often it is tried. */
const STEP_MS = 5_000
const TRIES = 3

export interface AgentOptions {
  kind: Kind
  device: FieldDevice
  thing: Thing
  end: BoundaryEnd
  context: FleetContext
  /** Only for the code on the meter's display: it reaches the device by its camera, never over the boundary. */
  display: Pick<FieldMeter, 'showPairingCode'>
  /** The same for the code on the device's label, which an installer carries to the meter. */
  label?: { text: string; mid: Buffer; carry(): void }
  /** Wrong by so much, as a fault wants it. */
  factor(): number
}

/** Lives the life of one device: gets to know its meter, keeps a session open, says what it has to say. */
export function startAgent({ kind, device, thing, end, context, display, label, factor }: AgentOptions): void {
  const { scheduler, settings, log, counts, clock } = context
  let tries = 0

  const firstContact = (): Promise<Buffer> => {
    if (!label) return device.pair(decodePairingCode(encodePairingCode(display.showPairingCode(kind))))
    label.carry()
    return device.pair(decodePairingCode(label.text), label.mid)
  }
  const words = (): Promise<Buffer> => {
    if (thing.reads.length > 0) return device.read(thing.reads)
    // The first answer came too late to be believed: ask for the time again before telling of it.
    if (device.now() === undefined) return device.sync()
    return device.report(thing.values(clock.now()).map(({ object, value }) => ({ object, value: Math.min(0x7fff_ffff, value * factor()) })))
  }
  const next = async (): Promise<Buffer | undefined> => {
    switch (device.state) {
      case 'connected':
        tries = 0
        return words()
      case 'idle':
        tries = 0
        return device.hello()
      case 'alone':
        return firstContact()
      default:
        if (tries++ < TRIES) return device.again()
        tries = 0
        return device.state === 'pairing' ? firstContact() : device.hello()
    }
  }
  const send = (bytes: Buffer | undefined): void => {
    if (!bytes) return
    counts.fieldMessages++
    end.send(bytes)
  }
  const failed = (error: unknown): void => log.warn({ peer: kind, err: errorText(error) }, 'a device at a meter failed')

  function tick(): void {
    next().then(send).catch(failed).finally(() => {
      scheduler.after(device.state === 'connected' ? settings.fieldSeconds * 1000 : STEP_MS, tick)
    })
  }
  end.onBytes((bytes) => {
    const before = device.state
    device.receive(bytes).then((answer) => {
      send(answer)
      // Paired: no need to wait for the next turn.
      if (before === 'pairing' && device.state === 'idle') send(device.hello())
    }).catch(failed)
  })
  tick()
}
