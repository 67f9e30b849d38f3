import type { Oad } from '../data/index.js'
import type { CatalogueRow } from './row.js'
import { elementOad } from './row.js'

type Column = Pick<CatalogueRow, 'oi' | 'name' | 'nameZh' | 'type'> & Partial<CatalogueRow>

function row(column: Column): CatalogueRow {
  return { attribute: 2, class: 8, shape: 'scalar', scaler: 0, unit: '', access: 'read', clause: '§8.2', sure: false, ...column }
}

const moment = 'date-time-s'
const count = 'double-long-unsigned'

/** What says when, whose and which row; not readings. */
export const columns = {
  freezeTime: row({ oi: '2021', name: 'Freeze time', nameZh: '数据冻结时间', type: moment, sure: true }),
  freezeNumber: row({ oi: '2023', name: 'Freeze record number', nameZh: '冻结记录序号', type: count }),
  eventNumber: row({ oi: '2022', name: 'Event record number', nameZh: '事件记录序号', type: count, sure: true }),
  eventStart: row({ oi: '201E', name: 'Event start', nameZh: '事件发生时间', type: moment, sure: true }),
  /** NULL while the event is open. */
  eventEnd: row({ oi: '2020', name: 'Event end', nameZh: '事件结束时间', type: moment, sure: true }),
  eventSource: row({ oi: '2024', name: 'Event source', nameZh: '事件发生源', type: 'enum', sure: true }),
  targetServer: row({ oi: '202A', name: 'Target server address', nameZh: '目标服务器地址', type: 'tsa' }),
  /** Stands in for targetServer in some terminals (reference §13). */
  meterAddress: row({
    oi: '4001', name: 'Communication address', nameZh: '通信地址', type: 'octet-string', access: 'read-write', clause: '§8.3', sure: true,
  }),
  taskStart: row({ oi: '6040', name: 'Collection task start', nameZh: '采集启动时标', type: moment, clause: '§8.5' }),
  taskSuccess: row({ oi: '6041', name: 'Collection success', nameZh: '采集成功时标', type: moment, clause: '§8.5' }),
  taskStored: row({ oi: '6042', name: 'Collection storage time', nameZh: '采集存储时标', type: moment, clause: '§8.5' }),
} satisfies Record<string, CatalogueRow>

/** Their OADs, by the same names: `COLUMN.freezeTime` is `20210200`. */
export const COLUMN = Object.fromEntries(
  Object.entries(columns).map(([name, column]) => [name, elementOad(column, 0)]),
) as Record<keyof typeof columns, Oad>
