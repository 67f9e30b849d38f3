import type { CatalogueRow } from './row.js'

type Parameter = Pick<CatalogueRow, 'oi' | 'name' | 'nameZh' | 'type'> & Partial<CatalogueRow>

function row(parameter: Parameter): CatalogueRow {
  return { attribute: 2, class: 8, shape: 'scalar', scaler: 0, unit: '', access: 'read-write', clause: '§8.3', sure: false, ...parameter }
}

/** Parameters and states a station reads or writes; not readings. The communication address stands in columns.ts. */
export const parameters: readonly CatalogueRow[] = [
  row({ oi: '4000', name: 'Clock', nameZh: '日期时间', type: 'date-time-s', sure: true }),
  row({ oi: '4000', attribute: 3, name: 'Clock synchronising mode', nameZh: '校时模式', type: 'enum', sure: true }),
  row({ oi: '4002', name: 'Meter number', nameZh: '表号', type: 'octet-string' }),
  row({ oi: '4003', name: 'Customer number', nameZh: '客户编号', type: 'octet-string', sure: true }),
  row({ oi: '4005', name: 'Group addresses', nameZh: '组地址', type: 'octet-string', sure: true }),
  // UNSURE scaler
  row({ oi: '401C', name: 'Current transformer ratio', nameZh: '电流互感器变比', type: 'double-long-unsigned', scaler: -2 }),
  row({ oi: '401D', name: 'Voltage transformer ratio', nameZh: '电压互感器变比', type: 'double-long-unsigned', scaler: -2 }),
  row({ oi: '4100', name: 'Maximum demand period', nameZh: '最大需量周期', type: 'unsigned', unit: 'min', sure: true }),
  row({ oi: '4101', name: 'Demand slip time', nameZh: '滑差时间', type: 'unsigned', unit: 'min', sure: true }),
  row({ oi: '4103', name: 'Asset number', nameZh: '资产管理编码', type: 'visible-string' }),
  row({ oi: '4104', name: 'Rated voltage', nameZh: '额定电压', type: 'visible-string', access: 'read' }),
  row({ oi: '4105', name: 'Rated current', nameZh: '额定电流', type: 'visible-string', access: 'read' }),
  row({ oi: '4300', attribute: 3, name: 'Version information', nameZh: '版本信息', class: 19, type: 'structure', access: 'read' }),
  row({ oi: '8000', name: 'Relay trip parameters', nameZh: '遥控配置参数', type: 'structure', clause: '§8.6' }),
  // One bit an output, first bit = output 0; 1 = operated, supply open (UNSURE, reference §13: setting relayOpenBit)
  row({ oi: '8000', attribute: 3, name: 'Relay output state', nameZh: '继电器输出状态', type: 'bit-string', access: 'read', clause: '§8.6' }),
  row({ oi: '8000', attribute: 4, name: 'Alarm state', nameZh: '告警状态', type: 'bit-string', access: 'read', clause: '§8.6' }),
  row({ oi: '8000', attribute: 5, name: 'Relay command state', nameZh: '继电器命令状态', type: 'bit-string', access: 'read', clause: '§8.6' }),
  row({ oi: '8001', name: 'Keep-power state', nameZh: '保电状态', type: 'enum', access: 'read', clause: '§8.6' }),
  row({ oi: 'F101', name: 'Security mode', nameZh: '安全模式参数', type: 'enum', clause: '§8.7' }),
]
