import type { CommandAction } from '@zhuzhan/contracts'
import type { CommandRecord } from '@zhuzhan/persistence'
import { epochToDateTimeS, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Data, Oad, TimeTag } from '@zhuzhan/dlt698'

type Piid = { number: number; priority: boolean; acd: boolean }

/** Read when nobody says what: energy, voltage, current, power, power factor. */
export const DEFAULT_READ: readonly Oad[] = ['00100200', '20000200', '20010200', '20040200', '200A0200']
/** Relay output state (8000 attribute 3) and keep-power state (8001 attribute 2). */
export const RELAY_STATE: Oad = '80000300'
export const KEEP_POWER_STATE: Oad = '80010200'

/** Output 1 of the relay outputs F205. */
const RELAY: Data = { type: 'oad', oad: 'F2050201' }
const MAX_TAG_SECONDS = 300

/** OMD and parameter of each control action. Reference §8.6. */
const METHODS: Record<Exclude<CommandAction, 'read'>, { omd: Oad; parameter: Data }> = {
  // alarm delay 0 minutes, limit duration 0 = until closed, no automatic close
  trip: { omd: '80008100', parameter: { type: 'array', items: [{ type: 'structure', items: [RELAY, { type: 'unsigned', value: 0 }, { type: 'long-unsigned', value: 0 }, { type: 'bool', value: false }] }] } },
  close: { omd: '80008200', parameter: closing(1) },
  'allow-close': { omd: '80008200', parameter: closing(0) },
  'keep-power': { omd: '80017F00', parameter: { type: 'null' } },
  'release-power': { omd: '80018000', parameter: { type: 'null' } },
}

function closing(command: 0 | 1): Data {
  return { type: 'array', items: [{ type: 'structure', items: [RELAY, { type: 'enum', value: command }] }] }
}

/** How a device is reached: itself a terminal, or a meter behind one. */
export interface Route {
  terminal: string
  meter: string
}

const direct = (route: Route): boolean => route.terminal === route.meter

/** What the device may still do with a frame that was held up: nothing after `delay` seconds from `sent` (DAR 32). */
export function timeTag(nowMs: number, offsetMinutes: number, expiresAtMs: number): TimeTag {
  const seconds = Math.max(1, Math.min(MAX_TAG_SECONDS, Math.floor((expiresAtMs - nowMs) / 1000)))
  return { sent: epochToDateTimeS(nowMs, offsetMinutes), delay: { unit: 0, value: seconds } }
}

/** The APDU of a control command: ACTION to the terminal itself, PROXY ActionList to a meter behind it. */
export function controlRequest(command: CommandRecord, piid: Piid, tag: TimeTag, proxySeconds: number): Apdu {
  if (command.action === 'read') throw new TypeError('a read is no control command')
  const { omd, parameter } = METHODS[command.action]
  const route = { terminal: command.terminalAddress, meter: command.meterAddress }
  if (direct(route)) return { apdu: 'action-request', choice: 'normal', piid, omd, parameter, timeTag: tag }
  return {
    apdu: 'proxy-request', choice: 'action-list', piid, timeout: proxySeconds,
    targets: [{ tsa: tsaOf(route.meter), timeout: proxySeconds, actions: [{ omd, parameter }] }], timeTag: tag,
  }
}

/** GET of one or several attributes: direct, or by PROXY GetList. */
export function readRequest(route: Route, oads: readonly Oad[], piid: Piid, proxySeconds: number): Apdu {
  if (!direct(route)) {
    return { apdu: 'proxy-request', choice: 'get-list', piid, timeout: proxySeconds, targets: [{ tsa: tsaOf(route.meter), timeout: proxySeconds, oads: [...oads] }], timeTag: undefined }
  }
  const [only] = oads
  if (oads.length === 1 && only !== undefined) return { apdu: 'get-request', choice: 'normal', piid, oad: only, timeTag: undefined }
  return { apdu: 'get-request', choice: 'normal-list', piid, oads: [...oads], timeTag: undefined }
}
