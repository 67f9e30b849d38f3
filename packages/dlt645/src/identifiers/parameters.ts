import type { IdentifierRow, Mark } from './row.js'

function row(di: string, name: string, nameZh: string, form: string, unit = '', mark: Mark = 'S'): IdentifierRow {
  return { di, name, nameZh, unit, form, access: 'read-write', mark, clause: '§4.4' }
}

const readOnly = (entry: IdentifierRow): IdentifierRow => ({ ...entry, access: 'read' })

/** Clock, periods and tables. A tariff plan is in the first set of tables (0401) and the second (0402). */
const time: readonly IdentifierRow[] = [
  row('04 00 01 01', 'Date and weekday', '日期及星期', 'YYMMDDWW'),
  row('04 00 01 02', 'Time', '时间', 'hhmmss'),
  row('04 00 01 03', 'Demand period', '最大需量周期', 'NN', 'min'),
  row('04 00 01 04', 'Demand slip', '滑差时间', 'NN', 'min'),
  row('04 00 01 05', 'Test pulse width', '校表脉冲宽度', 'XXXX', 'ms'),
  row('04 00 01 06', 'Switch time of the two zone tables', '两套时区表切换时间', 'YYMMDDhhmm'),
  row('04 00 01 07', 'Switch time of the two period tables', '两套日时段表切换时间', 'YYMMDDhhmm'),
  row('04 00 02 01', 'Number of year zones', '年时区数', 'NN'),
  row('04 00 02 02', 'Number of period tables', '日时段表数', 'NN'),
  row('04 00 02 03', 'Number of periods a day', '日时段数', 'NN'),
  row('04 00 02 04', 'Number of tariffs', '费率数', 'NN'),
  row('04 00 02 05', 'Number of holidays', '公共假日数', 'NNNN'),
  row('04 00 02 06', 'Harmonic order', '谐波分析次数', 'NN'),
  row('04 00 08 01', 'Rest-day word', '周休日特征字', 'digits 1'),
  row('04 00 08 02', 'Table used on rest days', '周休日采用的日时段表号', 'NN'),
  row('04 00 0B 01', 'Settlement day 1', '每月第1结算日', 'DDhh'),
  row('04 00 0B 02', 'Settlement day 2', '每月第2结算日', 'DDhh'),
  row('04 00 0B 03', 'Settlement day 3', '每月第3结算日', 'DDhh'),
  row('04 01 00 00', 'Year zones of the first set', '第一套时区表', 'MMDDNN[]'),
  row('04 01 00 dt', 'First set', '第一套', 'hhmmNN[]'),
  row('04 02 00 00', 'Year zones of the second set', '第二套时区表', 'MMDDNN[]'),
  row('04 02 00 dt', 'Second set', '第二套', 'hhmmNN[]'),
  row('04 03 xx xx', 'Holidays', '公共假日', 'YYMMDDNN[]'),
  row('04 04 xx xx', 'Display sequence', '显示项目', 'display[]', '', 'G'),
]

const identity: readonly IdentifierRow[] = [
  row('04 00 03 06', 'CT ratio', '电流互感器变比', 'NNNNNN', '', 'G'),
  row('04 00 03 07', 'PT ratio', '电压互感器变比', 'NNNNNN', '', 'G'),
  row('04 00 04 01', 'Communication address', '通信地址', 'digits 6'),
  row('04 00 04 02', 'Meter number', '表号', 'digits 6'),
  row('04 00 04 03', 'Asset number', '资产管理编码', 'ASCII 32'),
  row('04 00 04 04', 'Rated voltage', '额定电压', 'ASCII 6'),
  row('04 00 04 05', 'Rated current', '额定电流', 'ASCII 6'),
  row('04 00 04 06', 'Maximum current', '最大电流', 'ASCII 6'),
  row('04 00 04 07', 'Active accuracy class', '有功准确度等级', 'ASCII 4'),
  row('04 00 04 08', 'Reactive accuracy class', '无功准确度等级', 'ASCII 4'),
  row('04 00 04 09', 'Active pulse constant', '有功常数', 'NNNNNN', 'imp/kWh'),
  row('04 00 04 0A', 'Reactive pulse constant', '无功常数', 'NNNNNN', 'imp/kvarh'),
  readOnly(row('04 00 04 0B', 'Model', '电表型号', 'ASCII 10')),
  readOnly(row('04 00 04 0C', 'Production date', '生产日期', 'ASCII 10')),
  readOnly(row('04 00 04 0D', 'Protocol version', '协议版本号', 'ASCII 16')),
  row('04 00 04 0E', 'Customer number', '客户编号', 'digits 6'),
  readOnly(row('04 80 00 01', 'Vendor software version', '厂家软件版本号', 'ASCII 32')),
  readOnly(row('04 80 00 02', 'Vendor hardware version', '厂家硬件版本号', 'ASCII 32')),
  readOnly(row('04 80 00 03', 'Factory code', '厂家编号', 'ASCII 32')),
]

/** Words whose bits are not in the reference stay digits. */
const modes: readonly IdentifierRow[] = [
  readOnly(row('04 00 05 ww', 'Run status word', '电表运行状态字', 'digits 2')),
  { ...readOnly(row('04 00 05 03', 'Run status word 3', '电表运行状态字3', 'status word 3')), clause: '§4.5' },
  row('04 00 06 01', 'Active combination mode word', '有功组合方式特征字', 'digits 1'),
  row('04 00 06 02', 'Reactive combination mode word 1', '无功组合方式1特征字', 'digits 1'),
  row('04 00 06 03', 'Reactive combination mode word 2', '无功组合方式2特征字', 'digits 1'),
  ...[1, 2, 3, 4, 5].map((n) => row(`04 00 07 0${n}`, `Port baud word ${n}`, `通信口${n}通信速率特征字`, 'digits 1')),
  row('04 00 09 01', 'Load record mode', '负荷记录模式字', 'digits 1'),
  row('04 00 09 02', 'Freeze mode', '冻结数据模式字', 'digits 1'),
  row('04 00 0A 01', 'Load record start', '负荷记录起始时间', 'MMDDhhmm'),
  ...[1, 2, 3, 4, 5, 6].map((n) => row(`04 00 0A 0${n + 1}`, `Load record interval, class ${n}`, `第${n}类负荷记录间隔时间`, 'NNNN', 'min')),
  { ...row('04 00 0C pl', 'Password', '密码', 'password'), access: 'write' },
  row('04 00 0E 01', 'Forward active power limit', '正向有功功率上限值', 'NN.NNNN', 'kW'),
  row('04 00 0E 02', 'Reverse active power limit', '反向有功功率上限值', 'NN.NNNN', 'kW'),
  row('04 00 0E 03', 'Upper voltage limit', '电压上限值', 'NNN.N', 'V'),
  row('04 00 0E 04', 'Lower voltage limit', '电压下限值', 'NNN.N', 'V'),
  row('04 00 10 01', 'Alarm money limit 1', '报警金额1限值', 'digits 4'),
  row('04 00 10 02', 'Alarm money limit 2', '报警金额2限值', 'digits 4'),
  row('04 00 14 01', 'Trip delay', '跳闸延时时间', 'NNNN'),
  readOnly(row('04 00 15 01', 'Active-report status word', '主动上报状态字', 'hex 12')),
]

export const parameters: readonly IdentifierRow[] = [...time, ...identity, ...modes]
