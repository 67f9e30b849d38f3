import { sequence, u8 } from '@zhuzhan/codec'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'
import { Moment } from '../../formats/index.js'
import { coded } from '../../wire/codes.js'
import { BANDS } from '../catalogue/codes.js'
import { Node } from '../link/address.js'
import { Carried } from './carried.js'

/** On or off in one byte; which value is which the reference does not say. */
const Switch = sequence({ state: u8 })

/** AFN 05. Reference §B3. */
export const control: AfnTable = {
  afn: 0x05, en: 'Control', zh: '控制命令',
  rows: [
    row(1, 'Set the address of the master node', '设置主节点地址', { down: sequence({ master: Node }) }),
    row(2, 'Allow reports of slave nodes', '允许/禁止从节点上报', { down: Switch }),
    row(3, 'Broadcast', '启动广播', { down: Carried }),
    row(4, 'Timeout of slave nodes', '设置从节点监控最大超时时间'),
    row(5, 'Radio parameters', '设置无线通信参数'),
    row(6, 'Transformer-area identification on or off', '允许/禁止台区识别', { down: Switch }),
    row(16, 'Frequency band', '设置宽带载波通信参数(频段)', { down: sequence({ band: coded(u8, BANDS) }) }),
    row(100, 'Field-strength threshold', '设置场强门限', { down: sequence({ fieldStrength: u8 }) }),
    row(101, 'Time of the central node', '设置中心节点时间', { down: sequence({ time: Moment }) }),
    row(200, 'Report of rejected nodes on or off', '允许/禁止拒绝节点信息上报', { down: Switch }),
  ],
}
