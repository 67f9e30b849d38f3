import type { SettingReading } from '../settings.js'
import type { IdentifierRow, Mark } from './row.js'

function row(di: string, name: string, nameZh: string, mark: Mark = 'S', ...when: readonly SettingReading[]): IdentifierRow {
  return { di, name, nameZh, unit: '', access: 'write', mark, clause: '§6', ...(when.length > 0 && { when }) }
}

const controlFirst: SettingReading = ['keyUpdate', 'control-first']
const parameterFirst: SettingReading = ['keyUpdate', 'parameter-first']

/** What function 03 does; the bodies are in message/security.ts. */
export const security: readonly IdentifierRow[] = [
  row('07 00 00 FF', 'Identity authentication', '身份认证'),
  row('07 00 01 FF', 'Authentication validity', '身份认证时效设置'),
  row('07 00 02 FF', 'End of authentication', '身份认证失效'),
  row('07 00 02 01', 'End of authentication', '身份认证失效'),
  row('07 00 03 FF', 'Infrared authentication query', '红外认证查询'),
  row('07 01 01 FF', 'Open account', '开户'),
  row('07 01 02 FF', 'Recharge', '充值'),
  row('07 01 03 FF', 'Purse start', '钱包初始化'),
  row('07 80 01 FF', 'Data read back', '数据回抄'),
  row('07 81 02 FF', 'Status query', '状态查询'),
  row('07 81 02 01', 'Status query', '状态查询'),
  row('07 02 01 FF', 'Control key update', '控制命令密钥更新', 'UNSURE', controlFirst),
  row('07 02 02 FF', 'Parameter key update', '参数密钥更新', 'UNSURE', controlFirst),
  row('07 02 01 FF', 'Parameter key update', '参数密钥更新', 'UNSURE', parameterFirst),
  row('07 02 02 FF', 'Control key update', '控制命令密钥更新', 'UNSURE', parameterFirst),
  row('07 02 03 FF', 'Remote-authentication key update', '远程身份认证密钥更新'),
  row('07 03 01 FF', 'Key update (2013 style)', '密钥更新', 'UNSURE'),
]
