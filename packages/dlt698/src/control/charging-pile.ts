import type { Apdu } from '../apdu/index.js'
import { tsaOf } from '../data/index.js'
import type { Data, Oad } from '../data/index.js'
import type { Route } from './control-request.js'

/** A set-point for a stretch of time. Of two for the same time the higher sequence holds, whichever arrives last; an id is applied once. */
export interface PileSetPoint {
  id: string
  sequence: number
  watts: number
  /** Epoch ms, `to` excluded. */
  from: number
  to: number
}

export interface PileState {
  watts: number
  plugged: boolean
  /** Delivered to the vehicle that is there now, 10^-4 kWh. */
  session: number
  setPointWatts: number
}

/**
 * UNSURE: which object the standard has for charging piles, if any, is not known here. This one is our own, its OI a setting: attribute 2 is the
 * state, method 127 puts a set-point in.
 */
export const PILE_OBJECT = 'E001'

const pileMethod = (object: string): Oad => `${object}7F00`
export const pileStateOad = (object: string): Oad => `${object}0200`

/** ACTION to a pile that is itself the terminal, PROXY ActionList to one behind it. */
export function setPointRequest(object: string, setPoint: PileSetPoint, { terminal, meter }: Route, piid: { number: number; priority: boolean; acd: boolean }, proxySeconds: number): Extract<Apdu, { apdu: 'action-request' | 'proxy-request' }> {
  const omd = pileMethod(object)
  const parameter = setPointData(setPoint)
  if (terminal === meter) return { apdu: 'action-request', choice: 'normal', piid, omd, parameter, timeTag: undefined }
  return { apdu: 'proxy-request', choice: 'action-list', piid, timeout: proxySeconds, targets: [{ tsa: tsaOf(meter), timeout: proxySeconds, actions: [{ omd, parameter }] }], timeTag: undefined }
}

export function setPointData({ id, sequence, watts, from, to }: PileSetPoint): Data {
  return {
    type: 'structure',
    items: [
      { type: 'visible-string', text: id }, { type: 'double-long-unsigned', value: sequence }, { type: 'double-long-unsigned', value: watts },
      { type: 'long64-unsigned', value: BigInt(from) }, { type: 'long64-unsigned', value: BigInt(to) },
    ],
  }
}

/** Undefined when it is anything else. */
export function readSetPoint(data: Data): PileSetPoint | undefined {
  if (data.type !== 'structure' || data.items.length !== 5) return undefined
  const [id, sequence, watts, from, to] = data.items
  if (id?.type !== 'visible-string' || sequence?.type !== 'double-long-unsigned' || watts?.type !== 'double-long-unsigned' || from?.type !== 'long64-unsigned' || to?.type !== 'long64-unsigned') return undefined
  return { id: id.text, sequence: sequence.value, watts: watts.value, from: Number(from.value), to: Number(to.value) }
}

export function pileStateData({ watts, plugged, session, setPointWatts }: PileState): Data {
  return {
    type: 'structure',
    items: [
      { type: 'double-long-unsigned', value: watts }, { type: 'bool', value: plugged }, { type: 'double-long-unsigned', value: session }, { type: 'double-long-unsigned', value: setPointWatts },
    ],
  }
}

/** Undefined when it is anything else. */
export function readPileState(data: Data): PileState | undefined {
  if (data.type !== 'structure' || data.items.length !== 4) return undefined
  const [watts, plugged, session, setPoint] = data.items
  if (watts?.type !== 'double-long-unsigned' || plugged?.type !== 'bool' || session?.type !== 'double-long-unsigned' || setPoint?.type !== 'double-long-unsigned') return undefined
  return { watts: watts.value, plugged: plugged.value, session: session.value, setPointWatts: setPoint.value }
}
