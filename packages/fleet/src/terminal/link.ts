import { CONTROL, createSplitter, encodeApdu, encodeFrame, epochToDateTime } from '@zhuzhan/dlt698'
import type { LinkResponse } from '@zhuzhan/dlt698'
import { createLineWriter } from '../faults/line-faults.js'
import type { Appointment } from '../run/scheduler.js'
import type { Wire } from '../run/dial.js'
import type { FleetContext } from './context.js'

/**
 * The connection of one terminal: it dials, logs in, keeps its heartbeat and comes back when it is lost. The terminal
 * always sends the LINK request, whichever side opened the connection. DL/T 698.45 reference §4.1, §9.1.
 */
export interface Link {
  start(): void
  stop(): void
  /** Logged in. */
  readonly ready: boolean
  readonly state: 'off' | 'waiting' | 'dialling' | 'logging-in' | 'ready'
  /** Grows with each connection: an answer belongs to the connection its request came on. */
  readonly connection: number
  /** A whole frame; dropped while there is no connection. */
  write(frame: Buffer): void
  /** Hang up now and dial again after `backMs` (the usual back-off when not given). */
  hangUp(why: string, backMs?: number): void
  onLinkResponse(response: LinkResponse): void
}

export interface LinkOptions {
  address: string
  context: FleetContext
  /** The terminal's clock. */
  deviceNow(): number
  onFrame(bytes: Buffer): void
  onReady(): void
  onLost(): void
}

const LOGIN_TIMEOUT_MS = 10_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000
/** Heartbeats without an answer after which the connection counts as dead. */
const MISSED_HEARTBEATS = 2

const LOGIN = 'login'
const HEARTBEAT = 'heartbeat'
const LOGOUT = 'logout'

export function createLink({ address, context, deviceNow, onFrame, onReady, onLost }: LinkOptions): Link {
  const { scheduler, faults, counts, settings, random, log } = context
  let state: Link['state'] = 'off'
  let wire: Wire | undefined
  let retryMs = FIRST_RETRY_MS
  let timer: Appointment | undefined
  let missed = 0
  let number = 0
  /** Tells the callbacks of an old connection from those of this one. */
  let generation = 0

  const splitter = createSplitter({
    onFrame: (bytes) => {
      counts.framesReceived++
      onFrame(bytes)
    },
    onDiscard: (count) => { counts.bytesDiscarded += count },
  })
  const line = createLineWriter({ address, faults, random, scheduler, put: (bytes) => wire?.write(bytes) })

  function later(ms: number, task: () => void): void {
    timer?.cancel()
    timer = scheduler.after(ms, task)
  }

  function dial(): void {
    const mine = ++generation
    const current = (): boolean => mine === generation
    state = 'dialling'
    counts.connects++
    wire = context.dial({
      onOpen: () => { if (current()) login() },
      onData: (chunk) => { if (current()) splitter.push(chunk) },
      onClose: (why) => { if (current()) lost(why) },
    })
  }

  function login(): void {
    state = 'logging-in'
    sendLink(LOGIN)
    later(LOGIN_TIMEOUT_MS, () => hangUp('no answer to the login'))
  }

  function heartbeat(): void {
    if (missed >= MISSED_HEARTBEATS) return hangUp('heartbeats not answered')
    missed++
    counts.heartbeats++
    sendLink(HEARTBEAT)
    later(settings.heartbeatSeconds * 1000, heartbeat)
  }

  function sendLink(kind: typeof LOGIN | typeof HEARTBEAT | typeof LOGOUT): void {
    number = (number + 1) % 64
    const data = encodeApdu({
      apdu: 'link-request', piid: { number, priority: false, acd: false }, kind, heartbeatSeconds: settings.heartbeatSeconds,
      time: epochToDateTime(deviceNow(), settings.zone),
    })
    write(encodeFrame({ control: CONTROL.serverLink, address: { type: 'single', logical: 0, server: address, client: 0 }, data }))
  }

  function onLinkResponse({ piid, result }: LinkResponse): void {
    if (piid.number !== number) return
    if (state === 'ready') {
      missed = 0
      return
    }
    if (state !== 'logging-in') return
    // Bits 2-0; bit 7 only says that the station's clock is trusted.
    if ((result & 7) !== 0) {
      counts.refusedLogins++
      return hangUp(`login refused with result ${result}`)
    }
    state = 'ready'
    missed = 0
    retryMs = FIRST_RETRY_MS
    counts.logins++
    // Spread, so that a thousand terminals that logged in together do not beat together.
    later(settings.heartbeatSeconds * 1000 * (0.5 + 0.5 * (random(1)[0]! / 256)), heartbeat)
    onReady()
    const storm = faults.get(address, 'reconnect-storm')
    if (storm) later(storm.ms, () => hangUp('reconnect storm', 0))
  }

  function lost(why: string, backMs?: number): void {
    const was = state
    disconnect()
    if (state === 'off') return
    if (was === 'ready') counts.disconnects++
    log.debug({ terminal: address, why }, 'connection lost')
    state = 'waiting'
    const wait = backMs ?? (settings.instant ? Math.min(retryMs, 1_000) : retryMs) * (0.75 + 0.5 * (random(1)[0]! / 256))
    retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)
    later(wait, dial)
    if (was === 'ready') onLost()
  }

  function disconnect(politely = false): void {
    generation++
    timer?.cancel()
    const old = wire
    wire = undefined
    splitter.reset()
    line.reset()
    old?.close(politely)
  }

  function hangUp(why: string, backMs?: number): void {
    if (state === 'off' || state === 'waiting') return
    lost(why, backMs)
  }

  function write(frame: Buffer): void {
    if (wire === undefined) return
    counts.framesSent++
    line.write(frame)
  }

  return {
    start: () => {
      if (state === 'off') dial()
    },
    stop: () => {
      if (state === 'ready') sendLink(LOGOUT)
      const was = state
      state = 'off'
      disconnect(was === 'ready')
      if (was === 'ready') onLost()
    },
    get ready() { return state === 'ready' },
    get state() { return state },
    get connection() { return generation },
    write,
    hangUp,
    onLinkResponse,
  }
}
