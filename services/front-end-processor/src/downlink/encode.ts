import type { CommandRecord } from '@zhuzhan/persistence'
import { SetPoint } from '@zhuzhan/contracts'
import { controlRequest, epochToDateTimeS, setPointRequest, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Oad, Route, TimeTag } from '@zhuzhan/dlt698'
import { z } from 'zod'

type Piid = { number: number; priority: boolean; acd: boolean }

/** Read when nobody says what: energy, voltage, current, power, power factor. */
export const DEFAULT_READ: readonly Oad[] = ['00100200', '20000200', '20010200', '20040200', '200A0200']
/** Relay output state (8000 attribute 3) and keep-power state (8001 attribute 2). */
export const RELAY_STATE: Oad = '80000300'
export const KEEP_POWER_STATE: Oad = '80010200'

/** Parameters of a set-power command. */
const SetPower = z.object({ object: z.string(), setPoint: SetPoint })

const MAX_TAG_SECONDS = 300

const direct = (route: Route): boolean => route.terminal === route.meter

/** What the device may still do with a frame that was held up: nothing after `delay` seconds from `sent` (DAR 32). */
export function timeTag(nowMs: number, offsetMinutes: number, expiresAtMs: number): TimeTag {
  const seconds = Math.max(1, Math.min(MAX_TAG_SECONDS, Math.floor((expiresAtMs - nowMs) / 1000)))
  return { sent: epochToDateTimeS(nowMs, offsetMinutes), delay: { unit: 0, value: seconds } }
}

/** The APDU of a control command: ACTION to the terminal itself, PROXY ActionList to a meter behind it that has no keys of its own. */
export function controlApdu(command: CommandRecord, piid: Piid, tag: TimeTag, proxySeconds: number): Apdu {
  if (command.action === 'read') throw new TypeError('a read is no control command')
  if (command.action === 'set-power') {
    const { object, setPoint } = SetPower.parse(command.parameters)
    return { ...setPointRequest(object, setPoint, { terminal: command.terminalAddress, meter: command.meterAddress }, piid, proxySeconds), timeTag: tag }
  }
  return { ...controlRequest(command.action, { terminal: command.terminalAddress, meter: command.meterAddress }, piid, proxySeconds), timeTag: tag }
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
