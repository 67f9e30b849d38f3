import type { Omd } from '../data/index.js'
import { objectRow } from './catalogue.js'

export interface MethodRow {
  omd: Omd
  name: string
  nameZh: string
  clause: string
  /** A recorded frame calls this method. */
  sure: boolean
}

function row(omd: Omd): MethodRow {
  const object = objectRow(omd)!
  const { name, nameZh, confidence } = object.methods[Number.parseInt(omd.slice(4, 6), 16)]!
  return { omd, name, nameZh, clause: object.clause, sure: confidence === 'recorded' }
}

/** Methods a station calls, with mode 0. Their parameters stand in the rows of the objects. */
export const METHODS = {
  broadcastTime: row('40007F00'),
  alarm: row('80007F00'),
  releaseAlarm: row('80008000'),
  trip: row('80008100'),
  close: row('80008200'),
  closePlain: row('80008300'),
  keepPower: row('80017F00'),
  releasePower: row('80018000'),
  endAutomaticKeep: row('80018100'),
} as const satisfies Record<string, MethodRow>
