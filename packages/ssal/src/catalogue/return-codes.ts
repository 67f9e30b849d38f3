import type { Words } from '@zhuzhan/codec'

/** What a frame with PRM = 0 says about the one it answers; 4 hex digits. Reference §2. */
export const RETURN_CODES: Readonly<Record<string, Words>> = {
  '0000': { en: 'success', zh: '成功' },
  '1001': { en: 'terminal decryption failed', zh: '终端解密失败' },
  '1002': { en: 'terminal signature check failed', zh: '终端验签失败' },
  '1003': { en: 'terminal MAC check failed', zh: '终端MAC校验失败' },
  '1004': { en: 'counter wrong', zh: '计数器错误' },
  '1005': { en: 'gateway decryption failed', zh: '网关解密失败' },
  '1006': { en: 'gateway signature check failed', zh: '网关验签失败' },
  '1007': { en: 'gateway MAC check failed', zh: '网关MAC校验失败' },
  '1008': { en: 'crypto unit of the gateway failed', zh: '网关密码单元错误' },
  '1009': { en: 'link crypto device failed', zh: '链路密码设备错误' },
  '2000': { en: 'frame wrong', zh: '帧错误' },
  '2001': { en: 'version wrong', zh: '版本错误' },
  '2002': { en: 'algorithm mismatch', zh: '算法不匹配' },
  '2003': { en: 'device type wrong', zh: '设备类型错误' },
  '2004': { en: 'control wrong', zh: '控制字错误' },
  '2005': { en: 'direction wrong', zh: '方向错误' },
  '2006': { en: 'length under 4', zh: '长度小于4' },
  '2007': { en: 'length mismatch', zh: '长度不匹配' },
  '3001': { en: 'no target', zh: '目标不存在' },
  '3002': { en: 'no session', zh: '无会话' },
  '3003': { en: 'sending failed', zh: '发送失败' },
  '3004': { en: 'channel error', zh: '通道错误' },
  '3005': { en: 'negotiation failed', zh: '协商失败' },
}
