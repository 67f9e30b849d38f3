import type { Words } from '@zhuzhan/codec'

const words = (en: string, zh: string): Words => ({ en, zh })

/** Services by the name under `apdu`, reference §4. */
export const SERVICES: Readonly<Record<string, Words>> = {
  'link-request': words('LINK-Request', '预连接请求'),
  'link-response': words('LINK-Response', '预连接响应'),
  'connect-request': words('CONNECT-Request', '建立应用连接请求'),
  'connect-response': words('CONNECT-Response', '建立应用连接响应'),
  'release-request': words('RELEASE-Request', '断开应用连接请求'),
  'release-response': words('RELEASE-Response', '断开应用连接响应'),
  'release-notification': words('RELEASE-Notification', '断开应用连接通知'),
  'get-request': words('GET-Request', '读取请求'),
  'get-response': words('GET-Response', '读取响应'),
  'set-request': words('SET-Request', '设置请求'),
  'set-response': words('SET-Response', '设置响应'),
  'action-request': words('ACTION-Request', '操作请求'),
  'action-response': words('ACTION-Response', '操作响应'),
  'report-notification': words('REPORT-Notification', '上报通知'),
  'report-response': words('REPORT-Response', '上报响应'),
  'proxy-request': words('PROXY-Request', '代理请求'),
  'proxy-response': words('PROXY-Response', '代理响应'),
  'security-request': words('SECURITY-Request', '安全传输请求'),
  'security-response': words('SECURITY-Response', '安全传输响应'),
  'error-response': words('ERROR-Response', '异常响应'),
}

/** Sub-services by the name under `choice`, reference §4.4 to §4.8. */
export const CHOICES: Readonly<Record<string, Words>> = {
  'normal': words('one attribute or method', '单个对象'),
  'normal-list': words('several attributes or methods', '多个对象'),
  'record': words('one record table', '单个记录型对象'),
  'record-list': words('several record tables', '多个记录型对象'),
  'next': words('next block', '分帧后续帧'),
  'md5': words('MD5 of an attribute', '对象属性MD5值'),
  'then-get-list': words('several, then read', '多个对象后读取'),
  'transparent': words('transparent data', '透明数据'),
  'get-list': words('read several attributes of several servers', '代理读取多个服务器的多个对象属性'),
  'get-record': words('read a record table of one server', '代理读取一个服务器的记录型对象'),
  'set-list': words('set several attributes of several servers', '代理设置多个服务器的多个对象属性'),
  'set-then-get-list': words('set, then read, several servers', '代理设置后读取多个服务器的多个对象属性'),
  'action-list': words('call methods of several servers', '代理操作多个服务器的多个对象方法'),
  'action-then-get-list': words('call methods, then read, several servers', '代理操作后读取多个服务器的多个对象方法和属性'),
  'trans-command': words('transparent forwarding', '代理透明转发命令'),
}

/** LINK-Request, kinds of verification, mechanisms and segments: values of `kind` and `form`. */
export const KINDS: Readonly<Record<string, Words>> = {
  'login': words('login', '登录'),
  'heartbeat': words('heartbeat', '心跳'),
  'logout': words('logout', '退出登录'),
  'null': words('public connection', '公共连接'),
  'password': words('password', '一般密码'),
  'symmetric': words('symmetric encryption', '对称加密'),
  'signature': words('digital signature', '数字签名'),
  'sid-mac': words('security identifier and MAC', '安全标识及数据MAC'),
  'rn': words('random', '随机数'),
  'rn-mac': words('random and MAC', '随机数加数据MAC'),
  'sid': words('security identifier', '安全标识'),
  'plain': words('plaintext', '明文应用数据单元'),
  'cipher': words('ciphertext', '密文应用数据单元'),
  'dar': words('result code', '异常错误'),
}

/** Data types by their name, reference §3. */
export const TYPES: Readonly<Record<string, string>> = {
  'null': '空', 'array': '数组', 'structure': '结构', 'bool': '布尔值', 'bit-string': '位串', 'double-long': '32位整数',
  'double-long-unsigned': '32位无符号整数', 'octet-string': '字节串', 'visible-string': 'ASCII字符串', 'utf8-string': 'UTF-8字符串',
  'integer': '8位整数', 'long': '16位整数', 'unsigned': '8位无符号整数', 'long-unsigned': '16位无符号整数', 'long64': '64位整数',
  'long64-unsigned': '64位无符号整数', 'enum': '枚举', 'float32': '单精度浮点数', 'float64': '双精度浮点数', 'date-time': '日期时间',
  'date': '日期', 'time': '时间', 'date-time-s': '日期时间(秒)', 'oi': '对象标识', 'oad': '对象属性描述符', 'road': '记录型对象属性描述符',
  'omd': '对象方法描述符', 'ti': '时间间隔', 'tsa': '目标服务器地址', 'mac': '数据安全码', 'rn': '随机数', 'region': '区间',
  'scaler-unit': '换算及单位', 'rsd': '行选择描述符', 'csd': '列选择描述符', 'ms': '电能表集合', 'sid': '安全标识',
  'sid-mac': '安全标识及MAC', 'comdcb': '串口控制块', 'rcsd': '记录列选择描述符',
}

/** Record selectors, reference §3.2. 9 is UNSURE: the n-th most recent row, or the n most recent. */
export const SELECTORS: readonly Words[] = [
  words('no restriction', '不选择'),
  words('rows whose column equals the value', '指定对象等于指定值'),
  words('rows in a range', '指定对象的区间'),
  words('rows in several ranges', '多个区间的组合'),
  words('collection start time', '电能表集合, 指定采集启动时间'),
  words('collection storage time', '电能表集合, 指定采集存储时间'),
  words('collection start time in a range', '电能表集合, 采集启动时间区间'),
  words('collection storage time in a range', '电能表集合, 采集存储时间区间'),
  words('collection success time in a range', '电能表集合, 采集成功时间区间'),
  words('the n-th most recent row', '上第n次记录'),
  words('the n most recent rows', '电能表集合, 最近n条记录'),
]

/** Meter sets, reference §3.3. */
export const METER_SETS: readonly Words[] = [
  words('no meter', '无电能表'),
  words('all meters', '全部电能表'),
  words('user types', '一组用户类型'),
  words('addresses', '一组用户地址'),
  words('configuration numbers', '一组配置序号'),
  words('ranges of user types', '一组用户类型区间'),
  words('ranges of addresses', '一组用户地址区间'),
  words('ranges of configuration numbers', '一组配置序号区间'),
]

/** Types of the frame's address, reference §1.2. */
export const ADDRESS_TYPES: readonly Words[] = [
  words('single address', '单地址'), words('wildcard address', '通配地址'), words('group address', '组地址'), words('broadcast address', '广播地址'),
]

/** Kinds of segments by bits 15-14 of the segment word, reference §1.4. */
export const SEGMENTS: readonly Words[] = [
  words('first', '起始帧'), words('last', '最后帧'), words('acknowledgement', '确认帧'), words('middle', '中间帧'),
]
