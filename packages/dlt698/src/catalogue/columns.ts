import type { Oad } from '../data/index.js'
import { enumeration, moment, octets, tsa, u32 } from './layouts.js'
import type { Confidence, Layout, ObjectRow } from './model.js'
import { attribute, objectsOf } from './objects.js'

function column(clause: string, oi: string, className: number | undefined, name: string, nameZh: string, layout: Layout, confidence: Confidence = 'one-source', access: 'read' | 'read-write' = 'read'): ObjectRow {
  return objectsOf(clause)(oi, className, name, nameZh, { attributes: { 2: attribute(name, nameZh, layout, { access, confidence }) } })
}

/** What says when, whose and which row; not readings. */
export const columns = {
  freezeTime: column('§8.2', '2021', undefined, 'Freeze time', '数据冻结时间', moment, 'recorded'),
  freezeNumber: column('§8.2', '2023', undefined, 'Freeze record number', '冻结记录序号', u32),
  eventNumber: column('§8.2', '2022', undefined, 'Event record number', '事件记录序号', u32, 'recorded'),
  eventStart: column('§8.2', '201E', undefined, 'Event start', '事件发生时间', moment, 'recorded'),
  /** NULL while the event is open. */
  eventEnd: column('§8.2', '2020', undefined, 'Event end', '事件结束时间', moment, 'recorded'),
  /** What its numbers mean depends on the event. */
  eventSource: column('§8.2', '2024', undefined, 'Event source', '事件发生源', enumeration(), 'recorded'),
  targetServer: column('§8.2', '202A', undefined, 'Target server address', '目标服务器地址', tsa),
  /** Stands in for targetServer in some terminals (reference §13). */
  meterAddress: column('§8.3', '4001', 8, 'Communication address', '通信地址', octets, 'recorded', 'read-write'),
  taskStart: column('§8.5', '6040', undefined, 'Collection task start', '采集启动时标', moment),
  taskSuccess: column('§8.5', '6041', undefined, 'Collection success', '采集成功时标', moment),
  taskStored: column('§8.5', '6042', undefined, 'Collection storage time', '采集存储时标', moment),
} satisfies Record<string, ObjectRow>

/** Their OADs, by the same names: `COLUMN.freezeTime` is `20210200`. */
export const COLUMN = Object.fromEntries(
  Object.entries(columns).map(([name, { oi }]) => [name, `${oi}0200`]),
) as Record<keyof typeof columns, Oad>

