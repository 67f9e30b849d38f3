import type { IdentifierRow, Mark } from './row.js'
import type { SettingReading } from '../settings.js'

function row(di: string, name: string, nameZh: string, unit: string, form: string, when?: SettingReading, mark: Mark = when ? 'UNSURE' : 'S'): IdentifierRow {
  return { di, name, nameZh, unit, form, access: 'read', mark, clause: '§4.3', ...(when && { when: [when] }) }
}

const signed: SettingReading = ['unmarkedSign', 'signed']
const unsigned: SettingReading = ['unmarkedSign', 'unsigned']

export const variables: readonly IdentifierRow[] = [
  row('02 01 pp 00', 'Voltage', '电压', 'V', 'XXX.X'),
  row('02 02 pp 00', 'Current', '电流', 'A', 'XXX.XXX signed'),
  row('02 03 qq 00', 'Active power', '有功功率', 'kW', 'XX.XXXX signed'),
  row('02 04 qq 00', 'Reactive power', '无功功率', 'kvar', 'XX.XXXX signed'),
  row('02 05 qq 00', 'Apparent power', '视在功率', 'kVA', 'XX.XXXX'),
  row('02 06 qq 00', 'Power factor', '功率因数', '', 'X.XXX signed'),
  row('02 07 pp 00', 'Phase angle', '相角', '°', 'XXX.X'),
  row('02 08 pp 00', 'Voltage distortion', '电压波形失真度', '%', 'XX.XX'),
  row('02 09 pp 00', 'Current distortion', '电流波形失真度', '%', 'XX.XX'),
  row('02 0A pp hh', 'Voltage harmonic content', '电压谐波含有量', '%', 'XX.XX'),
  row('02 0B pp hh', 'Current harmonic content', '电流谐波含有量', '%', 'XX.XX'),
  row('02 80 00 01', 'Neutral current', '零线电流', 'A', 'XXX.XXX signed', signed),
  row('02 80 00 01', 'Neutral current', '零线电流', 'A', 'XXX.XXX', unsigned),
  row('02 80 00 02', 'Frequency', '电网频率', 'Hz', 'XX.XX'),
  row('02 80 00 03', 'One-minute mean active power', '一分钟有功总平均功率', 'kW', 'XX.XXXX signed', signed),
  row('02 80 00 03', 'One-minute mean active power', '一分钟有功总平均功率', 'kW', 'XX.XXXX', unsigned),
  row('02 80 00 04', 'Present active demand', '当前有功需量', 'kW', 'XX.XXXX'),
  row('02 80 00 05', 'Present reactive demand', '当前无功需量', 'kvar', 'XX.XXXX'),
  row('02 80 00 06', 'Present apparent demand', '当前视在需量', 'kVA', 'XX.XXXX'),
  row('02 80 00 07', 'Temperature in the meter', '表内温度', '°C', 'XXX.X signed'),
  row('02 80 00 08', 'Clock battery voltage', '时钟电池电压', 'V', 'XX.XX'),
  row('02 80 00 09', 'Outage-reading battery voltage', '停电抄表电池电压', 'V', 'XX.XX'),
  row('02 80 00 0A', 'Battery working time', '内部电池工作时间', 'min', 'XXXXXXXX'),
  row('02 80 00 0B', 'Present price', '当前电价', 'yuan/kWh', 'XXXX.XXXX', ['price', 'XXXX.XXXX']),
]
