import type { Omd } from '../data/index.js'

export interface MethodRow {
  omd: Omd
  name: string
  nameZh: string
  clause: string
  /** A recorded frame calls this method. */
  sure: boolean
}

/** Methods a station calls, with mode 0. Parameters: reference §8.3, §8.6. */
export const METHODS = {
  broadcastTime: { omd: '40007F00', name: 'Broadcast time', nameZh: '广播校时', clause: '§8.3', sure: false },
  alarm: { omd: '80007F00', name: 'Alarm', nameZh: '触发告警', clause: '§8.6', sure: false },
  releaseAlarm: { omd: '80008000', name: 'Release alarm', nameZh: '解除报警', clause: '§8.6', sure: false },
  /** array of {relay OAD, alarm delay in minutes, limit duration in minutes (0: until closed), automatic close} */
  trip: { omd: '80008100', name: 'Trip', nameZh: '跳闸', clause: '§8.6', sure: true },
  /** array of {relay OAD, 0 allow closing or 1 close directly} */
  close: { omd: '80008200', name: 'Close', nameZh: '合闸', clause: '§8.6', sure: false },
  closePlain: { omd: '80008300', name: 'Close without protection', nameZh: '明文合闸', clause: '§8.6', sure: false },
  keepPower: { omd: '80017F00', name: 'Keep power', nameZh: '投入保电', clause: '§8.6', sure: false },
  releasePower: { omd: '80018000', name: 'End keep power', nameZh: '解除保电', clause: '§8.6', sure: false },
  endAutomaticKeep: { omd: '80018100', name: 'End automatic keep power', nameZh: '解除自动保电', clause: '§8.6', sure: false },
} as const satisfies Record<string, MethodRow>
