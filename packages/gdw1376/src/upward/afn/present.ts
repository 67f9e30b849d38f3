import { nothing, sequence, u8 } from '@zhuzhan/codec'
import { A1, A15, A25, A5, A7, A9, phases, phasesAndZero, registers, totalAndPhases } from '../../formats/index.js'
import { coded } from '../../wire/codes.js'
import { fixedList } from '../../wire/lists.js'
import { RELAY_STATES } from '../catalogue/codes.js'
import { FLOWS, FORWARD_REGISTERS, REGISTERS, REVERSE_REGISTERS } from './quantities.js'
import { row } from '../../afn-table.js'
import type { AfnTable, FnRow } from '../../afn-table.js'

const ReadingTime = sequence({ readingTime: A15 })

/** F25: totals first, then the phases; the fourth current is that of the zero sequence. */
export const Instantaneous = sequence(ReadingTime, {
  activePower: totalAndPhases(A9), reactivePower: totalAndPhases(A9), powerFactor: totalAndPhases(A5),
  voltage: phases(A7), current: phasesAndZero(A25), apparentPower: totalAndPhases(A9),
})

/** F161 */
export const RelayState = sequence(ReadingTime, { relayState: coded(u8, RELAY_STATES), lastSwitchOn: A15, lastSwitchOff: A15 })

/** Eight rows, one per register, from `first` on. */
function registerFamily(first: number, when: readonly [en: string, zh: string]): FnRow[] {
  return REGISTERS.map(({ member, en, zh, form }, i) =>
    row(first + i, `${when[0]} ${en}, total and tariffs`, `${when[1]}${zh}(总、费率1~M)`, { up: sequence(ReadingTime, registers({ [member]: form })) }))
}

/** AFN 0C: the request carries no data. Reference §A9. */
export const present: AfnTable = {
  afn: 0x0c, en: 'Class 1 data: present values', zh: '请求1类数据(实时数据)',
  others: { down: nothing },
  rows: [
    row(2, 'Terminal clock', '终端日历时钟', { up: sequence({ clock: A1 }) }),
    row(3, 'Parameter state', '终端参数状态'),
    row(4, 'Upstream communication state', '终端上行通信状态'),
    row(5, 'Control settings state', '终端控制设置状态'),
    row(6, 'Present control state', '终端当前控制状态'),
    row(7, 'Event counters', '终端事件计数器当前值'),
    row(8, 'Event flags', '终端事件标志状态'),
    row(9, 'State inputs', '终端状态量及变位标志'),
    row(10, 'Traffic', '终端与主站通信流量'),
    row(11, 'Reading state per port', '终端集中抄表状态信息'),
    row(25, 'Instantaneous powers, power factors, voltages and currents', '当前三相及总有/无功功率、功率因数,三相电压、电流、零序电流、视在功率', { up: Instantaneous }),
    row(27, 'Meter clock and programming counts', '电能表日历时钟、编程次数及最近一次操作时间'),
    row(28, 'Meter status word with change flags', '电表运行状态字及其变位标志'),
    row(33, 'Forward active and reactive energy with quadrants 1 and 4, total and tariffs', '当前正向有/无功电能示值、一/四象限无功电能示值(总、费率1~M)', {
      up: sequence(ReadingTime, registers(FORWARD_REGISTERS)),
    }),
    row(34, 'Reverse active and reactive energy with quadrants 2 and 3, total and tariffs', '当前反向有/无功电能示值、二/三象限无功电能示值(总、费率1~M)', {
      up: sequence(ReadingTime, registers(REVERSE_REGISTERS)),
    }),
    row(35, 'Maximum demand of the month', '当月最大需量及发生时间'),
    row(49, 'Voltage and current angles', '当前电压、电流相位角', { up: sequence({ angles: fixedList(6, A5) }) }),
    row(57, 'Harmonics', '当前谐波'),
    row(89, 'Hourly frozen values', '小时冻结数据'),
    ...registerFamily(129, ['Present', '当前']),
    ...registerFamily(137, ['Last settlement', '上一结算日']),
    ...FLOWS.map(([, en, zh], i) => row(145 + i, `Maximum ${en} demand of the month`, `当月${zh}最大需量及发生时间`)),
    row(149, 'Maximum demand at the last settlement', '上一结算日最大需量及发生时间'),
    ...Array.from({ length: 8 }, (_, i) => row(153 + i, 'Zone freeze', '时区冻结数据')),
    row(161, 'Relay state and record', '电能表远程控制通断电状态及记录', { up: RelayState }),
    row(165, 'Switch count and time', '电能表开关操作次数及时间'),
    row(166, 'Parameter change', '电能表参数修改次数及时间'),
    row(167, 'Purchase and use', '电能表购、用电信息'),
    row(168, 'Settlement', '电能表结算信息'),
    row(169, 'Relay route of a point', '测量点中继路由'),
    row(170, 'Reading state of a meter', '电能表抄读状态信息'),
  ],
}
