import { curves } from './curves.js'
import { DAILY, MONTHLY, READING_DAY, dayRequest, frozenRegisters, monthRequest } from './frozen-forms.js'
import type { Freeze } from './frozen-forms.js'
import { FLOWS, FORWARD_REGISTERS, REGISTERS, REVERSE_REGISTERS } from './quantities.js'
import { row } from '../../afn-table.js'
import type { AfnTable, FnRow } from '../../afn-table.js'

type Names = readonly [en: string, zh: string]

/** Two rows of registers, two of demand, four of energy amounts: F1-F8, F9-F12 (without amounts), F17-F24. */
function basics(first: number, freeze: Freeze, amounts: boolean): FnRow[] {
  const asked = freeze === MONTHLY ? monthRequest : dayRequest
  const under = ['siblingLayouts', 'taken', 'up'] as const
  return [
    row(first, `${freeze.en} forward energy with quadrants 1 and 4`, `${freeze.zh}正向有/无功电能示值、一/四象限无功电能示值`, {
      ...frozenRegisters(freeze, FORWARD_REGISTERS), under,
    }),
    row(first + 1, `${freeze.en} reverse energy with quadrants 2 and 3`, `${freeze.zh}反向有/无功电能示值、二/三象限无功电能示值`, {
      ...frozenRegisters(freeze, REVERSE_REGISTERS), under,
    }),
    asked(first + 2, [`${freeze.en} forward maximum demand`, `${freeze.zh}正向最大需量及发生时间`]),
    asked(first + 3, [`${freeze.en} reverse maximum demand`, `${freeze.zh}反向最大需量及发生时间`]),
    ...(amounts ? FLOWS.map(([, en, zh], i) => asked(first + 4 + i, [`${freeze.en} ${en} energy amount`, `${freeze.zh}${zh}电能量`])) : []),
  ]
}

/** Eight rows, one per register. */
const family = (first: number, freeze: Freeze): FnRow[] => REGISTERS.map(({ member, en, zh, form }, i) =>
  row(first + i, `${freeze.en} ${en}, total and tariffs`, `${freeze.zh}${zh}(总、费率1~M)`, frozenRegisters(freeze, { [member]: form })))

const demands = (first: number, freeze: Freeze): FnRow[] => FLOWS.map(([, en, zh], i) =>
  (freeze === MONTHLY ? monthRequest : dayRequest)(first + i, [`${freeze.en} ${en} maximum demand`, `${freeze.zh}${zh}最大需量及发生时间`]))

const STATISTICS: readonly Names[] = [
  ['power', '功率'], ['demand', '需量'], ['voltage', '电压'], ['unbalance', '不平衡度'],
  ['current', '电流'], ['apparent power', '视在功率'], ['load rate', '负载率'], ['phase loss', '断相'],
]

const range = (from: number, to: number, make: (fn: number) => FnRow) => Array.from({ length: to - from + 1 }, (_, i) => make(from + i))

/** AFN 0D: the reply repeats the request, then the values. Reference §A10. */
export const frozen: AfnTable = {
  afn: 0x0d, en: 'Class 2 data: frozen values and curves', zh: '请求2类数据(历史数据)',
  rows: [
    ...basics(1, DAILY, true),
    ...basics(9, READING_DAY, false),
    ...basics(17, MONTHLY, true),
    ...STATISTICS.map(([en, zh], i) => dayRequest(25 + i, [`Daily statistics: ${en}`, `日${zh}统计数据`])),
    ...range(33, 39, (fn) => monthRequest(fn, ['Monthly statistics', '月统计数据'])),
    ...range(43, 46, (fn) => row(fn, 'Power factor and losses', '功率因数与损耗统计')),
    ...range(49, 54, (fn) => row(fn, 'Terminal power time, control and traffic', '终端供电时间、控制与通信流量统计')),
    ...range(57, 66, (fn) => row(fn, 'Totalling groups', '总加组冻结数据')),
    ...curves,
    ...range(153, 156, (fn) => dayRequest(fn, ['Daily phase readings', '日冻结分相电能示值'])),
    ...range(157, 160, (fn) => monthRequest(fn, ['Monthly phase readings', '月冻结分相电能示值'])),
    ...family(161, DAILY),
    ...family(169, READING_DAY),
    ...family(177, MONTHLY),
    ...demands(185, DAILY),
    ...demands(189, READING_DAY),
    ...demands(193, MONTHLY),
    ...range(201, 208, (fn) => row(fn, 'Zone freezes', '时区冻结数据')),
    row(209, 'Relay record', '电能表远程控制通断电记录'),
    row(213, 'Switch record', '电能表开关操作记录'),
    row(214, 'Parameter change', '电能表参数修改记录'),
    row(215, 'Purchase', '电能表购、用电信息'),
    row(216, 'Settlement', '电能表结算信息'),
  ],
}
