import type { Flag } from '../forms/flags.js'

/** ERR of a refusal, one byte. Reference §2. */
export const ERR: readonly Flag[] = [
  { bit: 0, name: 'other', en: 'other error', zh: '其他错误' },
  { bit: 1, name: 'no-data', en: 'no requested data', zh: '无请求数据' },
  { bit: 2, name: 'password', en: 'password wrong or not authorised', zh: '密码错或未授权' },
  { bit: 3, name: 'baud', en: 'baud rate cannot be changed', zh: '通信速率不能更改' },
  { bit: 4, name: 'year-zones', en: 'too many year zones', zh: '年时区数超' },
  { bit: 5, name: 'day-periods', en: 'too many day periods', zh: '日时段数超' },
  { bit: 6, name: 'tariffs', en: 'too many tariffs', zh: '费率数超' },
]

/** SERR of a refused security exchange, two bytes. Bit 15 is a vendor's. Reference §2. */
export const SERR: readonly Flag[] = [
  { bit: 0, name: 'other', en: 'other error', zh: '其他错误' },
  { bit: 1, name: 'repeated-recharge', en: 'repeated recharge', zh: '重复充值' },
  { bit: 2, name: 'esam', en: 'ESAM verification failed', zh: 'ESAM验证失败' },
  { bit: 3, name: 'authentication', en: 'identity authentication failed', zh: '身份认证失败' },
  { bit: 4, name: 'customer-number', en: 'customer number mismatch', zh: '客户编号不匹配' },
  { bit: 5, name: 'purchase-count', en: 'purchase count wrong', zh: '充值次数错误' },
  { bit: 6, name: 'hoarding', en: 'hoarding limit', zh: '购电超囤积' },
  { bit: 7, name: 'address', en: 'address or flash error', zh: '地址异常' },
  { bit: 8, name: 'remote-authentication', en: 'remote authentication closed or suspended', zh: '远程身份认证关闭或挂起' },
  { bit: 15, name: 'key-setting', en: 'key setting failed (vendor)', zh: '密钥设置失败' },
]

/** What a meter with the extended control result did. Reference §5.4. */
export const EXECUTED: readonly Flag[] = [
  { bit: 0, name: 'direct-close', en: 'direct close', zh: '直接合闸' },
  { bit: 1, name: 'allow-close', en: 'allow close', zh: '允许合闸' },
  { bit: 2, name: 'direct-trip', en: 'direct trip', zh: '直接跳闸' },
  { bit: 3, name: 'delayed-trip', en: 'delayed trip', zh: '延时跳闸' },
  { bit: 4, name: 'trip-auto-restore', en: 'trip with automatic restore', zh: '跳闸自动恢复' },
  { bit: 5, name: 'delayed-trip-current', en: 'trip delayed for a large current', zh: '大电流延时跳闸' },
  { bit: 8, name: 'keep-power', en: 'keep power', zh: '保电' },
  { bit: 9, name: 'keep-power-off', en: 'keep power off', zh: '保电解除' },
  { bit: 10, name: 'alarm', en: 'alarm', zh: '报警' },
  { bit: 11, name: 'alarm-off', en: 'alarm off', zh: '报警解除' },
]

/** Why a meter with the extended control result did not. Reference §5.4. */
export const REFUSED: readonly Flag[] = [
  { bit: 0, name: 'authentication-suspended', en: 'authentication suspended', zh: '身份认证挂起' },
  { bit: 1, name: 'mac', en: 'MAC wrong', zh: 'MAC校验错' },
  { bit: 2, name: 'password', en: 'password wrong', zh: '密码错' },
  { bit: 3, name: 'authentication-expired', en: 'authentication timed out', zh: '身份认证超时' },
  { bit: 4, name: 'validity-passed', en: 'command no longer valid', zh: '命令有效期已过' },
  { bit: 5, name: 'keep-power', en: 'trip refused: keep power', zh: '保电状态拒绝跳闸' },
  { bit: 6, name: 'auto-restore-1', en: 'automatic restore failed (0040)', zh: '自动恢复失败(0040)' },
  { bit: 7, name: 'auto-restore-2', en: 'automatic restore failed (0080)', zh: '自动恢复失败(0080)' },
  { bit: 8, name: 'auto-restore-3', en: 'automatic restore failed (0100)', zh: '自动恢复失败(0100)' },
]
