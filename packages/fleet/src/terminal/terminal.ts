import { errorText } from '@zhuzhan/core'
import { CONTROL, DecodeError, createJoiner, decodeFrame, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { LinkAddress, LinkControl, LinkFrame } from '@zhuzhan/dlt698'
import { clockOf } from '../device/device.js'
import type { Device } from '../device/device.js'
import { serve } from '../device/services.js'
import type { Answer, Server } from '../device/services.js'
import { ownSizes } from './association.js'
import type { Agreed } from './association.js'
import type { FleetContext } from './context.js'
import { createForwarding } from './forwarding.js'
import { createLink } from './link.js'
import type { Link } from './link.js'
import { createOutbox } from './outbox.js'
import type { Act, Protection, ProtectionOptions } from './protection.js'
import { controls, isForUs, tryDecode, unparsed } from './requests.js'
import { createReporting } from './reporting.js'
import { createReports } from './reports.js'
import type { Reports } from './reports.js'
import { answerDelay } from './answer-delay.js'
import { createSpoiler } from '../faults/wrong-mac.js'

const TAG = { reportResponse: 0x08, linkResponse: 0x81, securityResponse: 0x90 } as const
/** What L counts besides the user data, for an address of six bytes, with room to spare. */
const LINK_OVERHEAD = 20

/** One virtual terminal with the meters behind it. */
export interface Terminal {
  readonly address: string
  readonly profile: string
  readonly device: Device
  readonly meters: ReadonlyMap<string, Device>
  readonly link: Link
  readonly reports: Reports
  readonly protection: Protection
  /** Meters that have sessions of their own with the station, by address. */
  readonly meterSessions: ReadonlyMap<string, Protection>
  start(): void
  stop(): void
  /** Make and send a periodic report now. */
  reportNow(): void
  /** Periodic reports on or off. */
  setReporting(on: boolean): void
  /** A relay of this terminal or of a meter behind it got new orders. */
  relayMoved(device: Device): void
}

export interface TerminalOptions {
  profile: string
  device: Device
  meters: readonly Device[]
  context: FleetContext
  protect(options: ProtectionOptions): Promise<Protection>
  /** Meters behind it that hold keys: end to end with the station, by transparent forwarding. */
  protectMeter?(meter: Device, options: ProtectionOptions): Promise<Protection> | undefined
}

export async function createTerminal({ profile, device, meters: behind, context, protect, protectMeter }: TerminalOptions): Promise<Terminal> {
  const { address } = device
  const { clock, scheduler, faults, counts, settings, state, log } = context
  const meters = new Map(behind.map((meter) => [meter.address, meter]))
  const server: Server = { terminal: device, meters, transfer: undefined, isSilent: (meter) => faults.get(meter, 'silent') !== undefined }
  const deviceNow = (): number => clockOf(device, clock.now())
  const joiner = createJoiner({ maxBytes: 65_535, clock })
  let agreed: Agreed = ownSizes(settings)
  const spoil = createSpoiler(address, profile !== 'plain', faults)

  const protection = await protect({ address, context, deviceNow, onAgreed: (sizes) => { agreed = sizes } })
  device.counters = () => protection.counters()
  const meterSessions = new Map<string, Protection>()
  for (const meter of behind) {
    const made = await protectMeter?.(meter, { address: meter.address, context, deviceNow: () => clockOf(meter, clock.now()), onAgreed: () => {} })
    if (!made) continue
    meterSessions.set(meter.address, made)
    meter.counters = () => made.counters()
  }
  const forward = createForwarding(server, meterSessions, () => clock.now())
  const link: Link = createLink({
    address, context, deviceNow, onFrame,
    onReady: () => {
      reports.onReady()
      reporting.onReady()
    },
    onLost: () => {
      joiner.reset()
      outbox.reset()
      reports.onLost()
      // The association went with the connection.
      agreed = ownSizes(settings)
    },
  })
  const outbox = createOutbox({
    scheduler, maxFrame: () => agreed.frame, write: (bytes) => link.write(spoil(bytes)),
  })
  const own: LinkAddress = { type: 'single', logical: 0, server: address, client: 0 }
  const reports = createReports({
    address, context, sealer: protection.sealer, isReady: () => link.ready, send: (control, data) => send(control, own, data, false),
  })
  const reporting = createReporting({ device, meters: behind, context, reports, limit: reportLimit })

  /** A report fits one frame, so that it never waits behind a segmented answer. */
  function reportLimit(): number {
    return Math.min(agreed.apdu, agreed.frame - LINK_OVERHEAD) - protection.overhead
  }

  function send(control: LinkControl, to: LinkAddress, data: Buffer, scrambled: boolean): void {
    outbox.send({ control: scrambled ? { ...control, scrambled: true } : control, address: to, data })
  }

  function onFrame(bytes: Buffer): void {
    let frame: LinkFrame
    try {
      frame = decodeFrame(bytes)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      counts.ignored++
      return
    }
    if (!isForUs(frame.address, address)) {
      counts.ignored++
      return
    }
    const { ack, acknowledged, whole } = joiner.accept(frame)
    if (ack) link.write(encodeFrame(ack))
    if (acknowledged !== undefined) outbox.acknowledged(acknowledged)
    if (whole) onWhole(whole)
  }

  function onWhole(frame: LinkFrame): void {
    const tag = frame.data[0]
    if (tag === TAG.linkResponse) return onLinkResponse(frame)
    if (!link.ready) return
    if (tag === TAG.reportResponse || (tag === TAG.securityResponse && frame.control.prm === 0)) {
      if (profile === 'plain' || tag === TAG.securityResponse) reports.onAnswer(frame)
      else counts.strayConfirmations++
      return
    }
    counts.requests++
    if (faults.get(address, 'silent')) return
    onRequest(frame).catch((error: unknown) => log.warn({ terminal: address, err: errorText(error) }, 'request not answered'))
  }

  function onLinkResponse(frame: LinkFrame): void {
    const apdu = tryDecode(frame.data)
    if (apdu?.apdu === 'link-response') link.onLinkResponse(apdu)
  }

  async function onRequest(frame: LinkFrame): Promise<void> {
    const { connection } = link
    let served: Served = {}
    const act: Act = async (bytes) => {
      const forwarded = await forward(bytes)
      if (forwarded) return forwarded
      served = serveBytes(bytes)
      // What a relay did must survive a power loss before anybody is told of it.
      if (served.answer?.control) await state.settled()
      return served.answer && encodeApdu(served.answer.apdu)
    }
    const answer = await protection.receive(frame, act)
    if (served.died) return
    // Group and broadcast requests are obeyed, never answered. Reference §1.2.
    if (answer === undefined || frame.address.type === 'group' || frame.address.type === 'broadcast') {
      counts.ignored++
      return
    }
    const reply = (): void => {
      if (!link.ready || link.connection !== connection) return
      counts.answers++
      send(CONTROL.serverResponse, { ...own, logical: frame.address.logical, client: frame.address.client }, answer, frame.control.scrambled)
    }
    const slow = faults.get(address, 'slow')
    const delay = (slow?.ms ?? 0) + (settings.instant ? 0 : answerDelay(served.answer))
    if (delay > 0) scheduler.after(delay, reply)
    else reply()
  }

  function serveBytes(bytes: Buffer): Served {
    const apdu = tryDecode(bytes)
    if (apdu === undefined) return { answer: unparsed(bytes) }
    const fatal = faults.get(address, 'die-after-receive')
    if (fatal === undefined || !controls(apdu)) {
      const answer = serve(server, apdu, clock.now(), limit(), reports.waiting > 0)
      return answer ? { answer } : {}
    }
    const answer = fatal.acted ? serve(server, apdu, clock.now(), limit()) : undefined
    die(fatal)
    return answer ? { answer, died: true } : { died: true }
  }

  function limit(): number {
    return agreed.apdu - protection.overhead
  }

  function die(fatal: { seconds: number; times: number }): void {
    counts.deaths++
    if (fatal.times <= 1) faults.set(address, 'die-after-receive', false)
    else faults.set(address, 'die-after-receive', true, { ...fatal, times: fatal.times - 1 })
    log.info({ terminal: address, seconds: fatal.seconds }, 'died after receiving a control command')
    // The power is gone: what was in memory is lost, what was stored is not.
    link.hangUp('died', fatal.seconds * 1000)
    protection.powerLoss()
    for (const meter of meterSessions.values()) meter.powerLoss()
    reports.powerLoss()
  }

  return {
    address, profile, device, meters, link, reports, protection, meterSessions,
    start: () => {
      link.start()
      reporting.start()
    },
    stop: () => {
      reporting.stop()
      link.stop()
    },
    reportNow: () => reporting.now(),
    setReporting: (on) => reporting.set(on),
    relayMoved: (moved) => reporting.relayMoved(moved),
  }
}

interface Served {
  answer?: Answer
  /** The terminal died over this request: nothing of it may be sent. */
  died?: boolean
}
