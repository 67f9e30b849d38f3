import { hexOctets, nothing, sequence } from '@zhuzhan/codec'
import { A1 } from '../../formats/index.js'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'

const none = { down: nothing }

/** F1: alarm delay and time limit; how they share the byte the reference does not say. */
export const Trip = sequence({ alarmDelayAndLimit: hexOctets(1) })
/** F25, as the sample has it. */
export const KeepPower = sequence({ keepPower: hexOctets(1) })
/** F31 */
export const ClockSetting = sequence({ clock: A1 })

const range = (from: number, to: number, en: string, zh: string) => Array.from({ length: to - from + 1 }, (_, i) => row(from + i, en, zh))

/** AFN 05; every frame carries PW. Reference §A7. */
export const control: AfnTable = {
  afn: 0x05, en: 'Control', zh: '控制命令',
  rows: [
    row(1, 'Remote trip', '遥控跳闸', { down: Trip }),
    row(2, 'Allow close', '允许合闸', none),
    ...range(9, 12, 'Power control mode in force', '功控投入'),
    ...range(15, 16, 'Energy control mode in force', '电控投入'),
    ...range(17, 20, 'End of power control mode', '功控解除'),
    ...range(23, 24, 'End of energy control mode', '电控解除'),
    row(25, 'Keep-power on', '终端保电投入', { down: KeepPower }),
    row(26, 'Alarm on', '催费告警投入'),
    row(27, 'Talk allowed', '允许终端与主站通话'),
    row(28, 'Removal on', '终端剔除投入'),
    row(29, 'Active report allowed', '允许终端主动上报'),
    row(31, 'Set clock', '对时命令', { down: ClockSetting }),
    row(32, 'Text for display', '中文信息'),
    row(33, 'Keep-power off', '终端保电解除', none),
    row(34, 'Alarm off', '催费告警解除', none),
    row(35, 'Talk forbidden', '禁止终端与主站通话'),
    row(36, 'Removal off', '终端剔除解除'),
    row(37, 'Active report stopped', '禁止终端主动上报'),
    row(38, 'Connect to the master station', '激活终端连接主站'),
    row(39, 'Disconnect from the master station', '命令终端断开连接'),
    row(41, 'Capacitor control on', '电容器控制投入'),
    row(42, 'Capacitor control off', '电容器控制切除'),
    row(49, 'Suspend reading on a port', '命令指定通信端口暂停抄表'),
    row(50, 'Resume reading on a port', '命令指定通信端口恢复抄表'),
    row(51, 'Read again on a port', '命令指定通信端口重新抄表'),
    row(52, 'Reset relay routes of a port', '初始化指定通信端口下的全部中继路由信息'),
    row(53, 'Delete all meters on a port', '删除指定通信端口下的全部电能表'),
  ],
}
