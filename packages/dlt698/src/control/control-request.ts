import type { Apdu } from '../apdu/index.js'
import { tsaOf } from '../data/index.js'
import type { Data, Oad } from '../data/index.js'

/** What moves the supply of a meter. */
export type ControlAction = 'trip' | 'close' | 'allow-close' | 'keep-power' | 'release-power'

/** How a device is reached: itself a terminal, or a meter behind one. Addresses of 12 digits. */
export interface Route {
  terminal: string
  meter: string
}

type Piid = { number: number; priority: boolean; acd: boolean }

/** Output 1 of the relay outputs F205. */
const RELAY: Data = { type: 'oad', oad: 'F2050201' }

/** OMD and parameter of each action. Reference §8.6. */
const METHODS: Record<ControlAction, { omd: Oad; parameter: Data }> = {
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

/**
 * The APDU of a control action, without a time tag: ACTION to the terminal itself, PROXY ActionList to a meter behind it.
 * @param proxySeconds how long the terminal may try to reach the meter
 */
export function controlRequest(action: ControlAction, { terminal, meter }: Route, piid: Piid, proxySeconds: number): Extract<Apdu, { apdu: 'action-request' | 'proxy-request' }> {
  const { omd, parameter } = METHODS[action]
  if (terminal === meter) return { apdu: 'action-request', choice: 'normal', piid, omd, parameter, timeTag: undefined }
  return {
    apdu: 'proxy-request', choice: 'action-list', piid, timeout: proxySeconds,
    targets: [{ tsa: tsaOf(meter), timeout: proxySeconds, actions: [{ omd, parameter }] }], timeTag: undefined,
  }
}
