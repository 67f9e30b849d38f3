/** Data access results. Codes above 10 follow the C and Java terminals; 34 and 35 are UNSURE. Reference §6.1. */
export const DARS: Readonly<Record<number, readonly [en: string, zh: string]>> = {
  0: ['success', '成功'],
  1: ['hardware failure', '硬件失效'],
  2: ['temporarily unavailable', '暂时失效'],
  3: ['read or write denied', '拒绝读写'],
  4: ['object undefined', '对象未定义'],
  5: ['interface class mismatch', '对象接口类不符合'],
  6: ['object does not exist', '对象不存在'],
  7: ['type mismatch', '类型不匹配'],
  8: ['out of bounds', '越界'],
  9: ['data block unavailable', '数据块不可用'],
  10: ['block transfer cancelled', '分帧传输已取消'],
  11: ['not in block transfer state', '不处于分帧传输状态'],
  12: ['block write cancelled', '块写取消'],
  13: ['no block write state', '不存在块写状态'],
  14: ['block number invalid', '数据块序号无效'],
  15: ['password wrong or not authorised', '密码错/未授权'],
  16: ['communication speed cannot change', '通信速率不能更改'],
  17: ['more year zones than supported', '年时区数超'],
  18: ['more day periods than supported', '日时段数超'],
  19: ['more tariffs than supported', '费率数超'],
  20: ['security authentication does not match', '安全认证不匹配'],
  21: ['repeated recharge', '重复充值'],
  22: ['ESAM verification failed', 'ESAM验证失败'],
  23: ['security authentication failed', '安全认证失败'],
  24: ['customer number mismatch', '客户编号不匹配'],
  25: ['wrong recharge count', '充值次数错误'],
  26: ['purchase exceeds hoarding limit', '购电超囤积'],
  27: ['address abnormal', '地址异常'],
  28: ['symmetric decryption error', '对称解密错误'],
  29: ['asymmetric decryption error', '非对称解密错误'],
  30: ['signature error', '签名错误'],
  31: ['meter suspended', '电能表挂起'],
  32: ['time tag invalid', '时间标签无效'],
  33: ['request timed out', '请求超时'],
  34: ['ESAM P1 P2 wrong', 'ESAM的P1P2不正确'],
  35: ['ESAM LC wrong', 'ESAM的LC错误'],
  255: ['other reason', '其它'],
}

/** What a device's result code means; codes outside the table keep their number. */
export function darName(code: number): { en: string; zh: string } {
  const [en, zh] = DARS[code] ?? [`code ${code}`, `代码${code}`]
  return { en, zh }
}
