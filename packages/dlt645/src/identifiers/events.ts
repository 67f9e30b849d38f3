import type { SettingReading } from '../settings.js'
import type { IdentifierRow, Mark } from './row.js'

const common = { unit: '', access: 'read', clause: '§4.7' } as const

/** A record: whether it starts with two moments is the setting `eventRecord`; the rest differs by meter generation. */
function record(di: string, name: string, nameZh: string, mark: Mark, when: readonly SettingReading[] = []): readonly IdentifierRow[] {
  const row = { ...common, di, name: `${name}, record`, nameZh: `${nameZh}记录`, mark }
  return [{ ...row, when: [...when, ['eventRecord', 'unread']] }, { ...row, form: 'event record', when: [...when, ['eventRecord', 'start-end']] }]
}

/** A count and the last ten records. */
function event(di: string, name: string, nameZh: string, mark: Mark, when: readonly SettingReading[] = []): readonly IdentifierRow[] {
  return [{ ...common, di: `${di} 00`, name: `${name}, count`, nameZh: `${nameZh}总次数`, form: 'NNNNNN', mark, when }, ...record(`${di} ee`, name, nameZh, mark, when)]
}

/** Losses and limits are known as a range only. */
export const events: readonly IdentifierRow[] = [
  ...event('03 30 00', 'Programming', '编程', 'S'),
  ...event('03 30 01', 'Meter clear', '电表清零', 'G'),
  ...event('03 30 02', 'Demand clear', '需量清零', 'G'),
  ...event('03 30 03', 'Event clear', '事件清零', 'G'),
  ...event('03 30 04', 'Time set', '校时', 'S'),
  ...event('03 30 0D', 'Meter cover open', '开表盖', 'UNSURE', [['coverEvents', '0D-meter-cover']]),
  ...event('03 30 0E', 'Terminal cover open', '开端钮盖', 'UNSURE', [['coverEvents', '0D-meter-cover']]),
  ...event('03 30 0D', 'Terminal cover open', '开端钮盖', 'UNSURE', [['coverEvents', '0D-terminal-cover']]),
  ...event('03 30 0E', 'Meter cover open', '开表盖', 'UNSURE', [['coverEvents', '0D-terminal-cover']]),
  ...event('03 11 00', 'Power off', '掉电', 'S'),
  { ...common, di: 'ev xx xx xx', name: 'Event of voltage, current or load', nameZh: '电压、电流、负荷类事件', mark: 'G' },
  ...record('1D 00 01 01', 'Last trip', '上1次跳闸', 'S'),
  ...record('1E 00 01 01', 'Last close', '上1次合闸', 'S'),
]
