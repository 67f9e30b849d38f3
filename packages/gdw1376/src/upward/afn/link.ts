import { nothing, sequence } from '@zhuzhan/codec'
import { A1 } from '../../formats/index.js'
import { ending } from '../../wire/members.js'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'

const both = { down: nothing, up: nothing }

/** AFN 01. Reference §A5. */
export const reset: AfnTable = {
  afn: 0x01, en: 'Reset', zh: '复位',
  rows: [
    row(1, 'Hardware initialisation', '硬件初始化', both),
    row(2, 'Data initialisation', '数据区初始化', both),
    row(3, 'Parameters and all data (factory state)', '参数及全体数据区初始化(恢复至出厂配置)', both),
    row(4, 'Parameters except communication, and all data', '参数(除与系统主站通信有关的)及全体数据区初始化', both),
  ],
}

/** AFN 02. Terminals of 2013 send their clock in the heartbeat, others nothing. Reference §A5. */
export const link: AfnTable = {
  afn: 0x02, en: 'Link test', zh: '链路接口检测',
  rows: [
    row(1, 'Login', '登录', both),
    row(2, 'Logout', '退出登录', both),
    row(3, 'Heartbeat', '心跳', { down: nothing, up: ending(sequence({ clock: A1 }), { key: 'clock', size: 6 }) }),
  ],
}
