import type { Words } from '@zhuzhan/codec'

const words = (en: string, zh: string): Words => ({ en, zh })

/** Result of CONNECT, reference §4.2. */
export const CONNECT_RESULTS: Readonly<Record<number, Words>> = {
  0: words('accepted', '允许建立应用连接'),
  1: words('password error', '密码错误'),
  2: words('symmetric decryption error', '对称解密错误'),
  3: words('asymmetric decryption error', '非对称解密错误'),
  4: words('signature error', '签名错误'),
  5: words('protocol version mismatch', '协议版本不匹配'),
  255: words('other', '其他错误'),
}

/** Result code of LINK-Response, bits 2-0; 1 to 3 are UNSURE. Reference §4.1. */
export const LINK_RESULTS: Readonly<Record<number, Words>> = {
  0: words('success', '成功'), 1: words('address repeated', '地址重复'), 2: words('illegal device', '非法设备'), 3: words('capacity insufficient', '容量不足'),
}

/** Type of ERROR-Response, reference §4.9. */
export const ERROR_TYPES: Readonly<Record<number, Words>> = {
  1: words('APDU could not be parsed', 'APDU无法解析'), 2: words('service not supported', '服务不支持'), 255: words('other', '其他'),
}

/** Bits of the protocol conformance, bit 0 the highest of the first byte; reference §4.2. */
export const PROTOCOL_CONFORMANCE: Readonly<Record<number, Words>> = {
  0: words('application association', '应用连接协商'),
  1: words('GET Normal', '请求对象属性'),
  2: words('GET list', '批量请求对象属性'),
  3: words('GET record', '请求记录型对象属性'),
  4: words('GET proxy', '代理请求对象属性'),
  5: words('GET proxy record', '代理请求记录型对象属性'),
  6: words('GET next', '请求分帧后续帧'),
  7: words('SET', '设置对象属性'),
  8: words('SET list', '批量设置对象属性'),
  9: words('SET then GET', '批量设置后读取对象属性'),
  10: words('SET proxy', '代理设置对象属性'),
  11: words('proxy SET then GET', '代理设置后读取对象属性'),
  12: words('ACTION', '执行对象方法'),
  13: words('ACTION list', '批量执行对象方法'),
  14: words('ACTION then GET', '批量执行方法后读取对象属性'),
  15: words('ACTION proxy', '代理执行对象方法'),
  16: words('proxy ACTION then GET', '代理执行方法后读取对象属性'),
  17: words('active report', '事件主动上报'),
  18: words('follow report', '事件尾随上报'),
  19: words('event pending (ACD)', '事件请求访问位ACD上报'),
  20: words('slicing', '分帧数据传输'),
  30: words('DL/T 645-2007', 'DL/T 645-2007'),
  31: words('security', '安全方式数据传输'),
  32: words('read all attributes', '读取全部属性'),
  33: words('write all attributes', '设置全部属性'),
}

/** Bits of the function conformance; one source, bit 8 UNSURE (valve or step charging). Reference §4.2. */
export const FUNCTION_CONFORMANCE: Readonly<Record<number, Words>> = {
  0: words('active energy', '电能量计量'),
  1: words('bidirectional active energy', '双向有功计量'),
  2: words('reactive energy', '无功电能计量'),
  3: words('apparent energy', '视在电能计量'),
  4: words('active demand', '有功需量'),
  5: words('reactive demand', '无功需量'),
  6: words('apparent demand', '视在需量'),
  7: words('tariffs', '复费率'),
  8: words('valve or step charging', '阀控或阶梯电价'),
  9: words('local prepayment', '本地费控'),
  10: words('remote prepayment', '远程费控'),
  11: words('fundamental energy', '基波电能'),
  12: words('harmonic energy', '谐波电能'),
  13: words('harmonic content', '谐波含量'),
  14: words('wave distortion', '波形失真度'),
  15: words('multi-function terminal', '多功能端子输出'),
  16: words('event record', '事件记录'),
  17: words('event report', '事件上报'),
  18: words('temperature', '温度测量'),
  19: words('state monitoring', '状态量监测'),
  20: words('Ethernet', '以太网通信'),
  21: words('infrared', '红外通信'),
  22: words('Bluetooth', '蓝牙通信'),
  23: words('multimedia', '多媒体采集'),
  24: words('cascade', '级联'),
  25: words('DC analog', '直流模拟量'),
  26: words('12 V output', '弱电端子12V输出'),
  27: words('meter search', '搜表'),
  28: words('three-phase load balancing', '三相负荷平衡'),
  29: words('upgrade', '升级'),
}

/** Parts of the 32-byte factory version, all text; reference §4.2. */
export const FACTORY_PARTS: readonly (readonly [size: number, Words])[] = [
  [4, words('manufacturer', '厂商代码')],
  [4, words('software version', '软件版本号')],
  [6, words('software date', '软件版本日期')],
  [4, words('hardware version', '硬件版本号')],
  [6, words('hardware date', '硬件版本日期')],
  [8, words('extension', '厂家扩展信息')],
]

/** Names of the bits that are set in an upper-case hex text; bit 0 is the highest of the first byte. Bits without a name are numbered. */
export function bitNames(hex: string, names: Readonly<Record<number, Words>>): Words {
  const set: Words[] = []
  for (let bit = 0; bit < hex.length * 4; bit++) {
    const nibble = Number.parseInt(hex[bit >> 2]!, 16)
    if ((nibble >> (3 - (bit & 3))) & 1) set.push(names[bit] ?? { en: `bit ${bit}`, zh: `位${bit}` })
  }
  return { en: set.map(({ en }) => en).join(', '), zh: set.map(({ zh }) => zh).join(', ') }
}
