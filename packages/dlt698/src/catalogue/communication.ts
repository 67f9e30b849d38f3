import { any, enumeration, flags, leaf, list, octets, seconds16, structure, text, u16 } from './layouts.js'
import type { Member, ObjectRow } from './model.js'
import { attribute, method, objectsOf } from './objects.js'

const object = objectsOf('§8.3')

const TIMEOUT_AND_REPEATS = flags({
  0: ['timeout bit 5', '超时时间bit5'], 1: ['timeout bit 4', '超时时间bit4'], 2: ['timeout bit 3', '超时时间bit3'], 3: ['timeout bit 2', '超时时间bit2'],
  4: ['timeout bit 1', '超时时间bit1'], 5: ['timeout bit 0', '超时时间bit0'], 6: ['repeats bit 1', '重发次数bit1'], 7: ['repeats bit 0', '重发次数bit0'],
})

/** Members of 4500 attribute 2; 4510 has those without `wireless`. */
const CONFIGURATION = structure(
  ['working mode', '工作模式', enumeration({ 0: ['mixed', '混合模式'], 1: ['client', '客户机模式'], 2: ['server', '服务器模式'] })],
  ['online mode', '在线方式', enumeration()],
  ['connection', '连接方式', enumeration({ 0: ['TCP', 'TCP'], 1: ['UDP', 'UDP'] })],
  ['application mode', '连接应用方式', enumeration({ 0: ['main and backup', '主备模式'], 1: ['several connections', '多连接模式'] })],
  ['listening ports', '侦听端口列表', list(u16)],
  ['APN', 'APN', text],
  ['user', '用户名', text],
  ['password', '密码', text],
  ['proxy server', '代理服务器地址', octets],
  ['proxy port', '代理端口', u16],
  // Bits 7-2 timeout in seconds, bits 1-0 repeats.
  ['timeout and repeats', '超时时间及重发次数', TIMEOUT_AND_REPEATS],
  ['heartbeat period', '心跳周期', seconds16],
)
const WIRELESS = new Set(['online mode', 'APN', 'user', 'password'])
const wired: readonly Member[] = CONFIGURATION.members.filter(({ name }) => !WIRELESS.has(name))

/** First is the main one. */
const MASTERS = list(structure(['IP address', 'IP地址', octets], ['port', '端口', u16]))

/** The six parts are visible strings. */
const VERSION = structure(
  ['manufacturer', '厂商代码', text], ['software version', '软件版本号', text], ['software date', '软件版本日期', text],
  ['hardware version', '硬件版本号', text], ['hardware date', '硬件版本日期', text], ['extension', '厂家扩展信息', text],
)

/** Device, associations and channels to the master station. */
export const communication: readonly ObjectRow[] = [
  object('4300', 19, 'Electrical device', '电气设备', {
    attributes: { 3: attribute('Version information', '版本信息', VERSION, { access: 'read' }) },
    methods: { 1: method('Reset', '复位', leaf('integer'), { confidence: 'recorded' }) },
  }),
  object('4400', 20, 'Application association', '应用连接'),
  object('4401', undefined, 'Association password', '应用连接认证密码'),
  object('4500', 25, 'Public wireless module', '公网通信模块', {
    attributes: {
      2: attribute('Communication configuration', '通信配置', CONFIGURATION),
      3: attribute('Master station addresses', '主站通信参数表', MASTERS),
      4: attribute('Short message parameters', '短信通信参数', structure(
        ['service centre', '短信中心号码', any], ['master stations', '主站号码', list(any)], ['destinations', '短信通知目的号码', list(any)],
      )),
    },
  }),
  object('4510', 26, 'Ethernet module', '以太网通信模块', {
    attributes: {
      2: attribute('Communication configuration', '通信配置', { type: 'structure', members: wired }),
      3: attribute('Master station addresses', '主站通信参数表', MASTERS),
      4: attribute('Network configuration', '网络配置', structure(
        ['IP configuration', 'IP配置方式', enumeration({ 0: ['DHCP', 'DHCP'], 1: ['static', '静态'], 2: ['PPPoE', 'PPPoE'] })],
        ['IP address', 'IP地址', octets], ['subnet mask', '子网掩码', octets], ['gateway', '网关地址', octets],
        ['PPPoE user', 'PPPoE用户名', octets], ['PPPoE password', 'PPPoE密码', octets],
      )),
      5: attribute('MAC address', 'MAC地址', octets, { access: 'read' }),
    },
  }),
  object('4520', undefined, 'Backup channels', '公网远程通信多接入点备用通道'),
]
