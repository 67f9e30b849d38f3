import { table } from './table.js'

/** FC, D3-D0: what the frame is for. Reference §2. */
export const FRAME_TYPES = table({
  0: ['application', 'application data', '应用数据'],
  1: ['link-management', 'link management (login and heartbeat of the terminal itself)', '链路管理'],
  2: ['terminal-information', 'terminal information', '终端信息'],
  3: ['session-negotiation', 'session negotiation', '会话协商'],
  4: ['threshold-change', 'change of the session threshold', '会话门限修改'],
  5: ['link-key-update', 'link key update', '链路密钥更新'],
  6: ['gateway-certificate-update', 'gateway certificate update (reserved)', '网关证书更新(保留)'],
  7: ['link-state', 'link state', '链路状态'],
  8: ['negotiation-trigger', 'key negotiation triggered by a device of the access zone', '接入区设备触发密钥协商'],
  9: ['gateway-heartbeat', 'link heartbeat of the gateway', '网关链路心跳'],
  10: ['session-application', 'session application', '会话申请'],
  11: ['session-confirm', 'session confirmation', '会话确认'],
  12: ['gateway-query', 'query command of the gateway', '网关查询命令'],
})

/** SV, first byte, D3-D0: how the content is protected. Reference §2. */
export const CIPHERS = table({
  0: ['plain', 'plain', '明文'],
  1: ['cbc', 'CBC', 'CBC加密'],
  2: ['plain-mac', 'plain with MAC', '明文+MAC'],
  3: ['ecb', 'ECB', 'ECB加密'],
  4: ['cbc-mac', 'CBC with MAC', 'CBC加密+MAC'],
  5: ['ecb-mac', 'ECB with MAC', 'ECB加密+MAC'],
})

/** DAT, first byte: what the content speaks. Reference §2. */
export const APPLICATIONS = table({
  0: ['initial', 'initial', '初始'],
  1: ['dlt698', 'DL/T 698.45', 'DL/T 698.45'],
  2: ['gdw1376.1', 'Q/GDW 1376.1', 'Q/GDW 1376.1'],
  3: ['mobile', 'mobile application', '移动应用'],
})

/** DAT, second byte, D7-D3. Reference §1. */
export const DEVICES = table({
  0: ['collection-front-end', 'collection front end', '采集前置机'],
  1: ['collection-terminal', 'collection terminal', '采集终端'],
  2: ['field-handheld', 'field handheld', '现场手持设备'],
  3: ['mobile-office', 'mobile office device', '移动办公终端'],
  4: ['communication-front-end', 'communication front end', '通信前置机'],
  5: ['3a-server', '3A server', '3A服务器'],
  6: ['performance-tester', 'performance tester', '性能测试设备'],
  7: ['access-zone-operations', 'operations of the access zone', '接入区运维设备'],
  24: ['online-application', 'online application', '在线应用'],
  25: ['isolation-device', 'isolation device', '隔离装置'],
  26: ['gateway-type1', 'Type I gateway', 'I型网关'],
})

/** Device types whose terminal address is a logical address; the others have an IP address there. Reference §2. */
export const LOGICAL_ADDRESS = new Set([1, 2, 3, 24])

/** DAT, second byte, D2-D0. Reference §2. */
export const ADDRESS_TYPES = table({
  0: ['single', 'single address', '单地址'],
  1: ['group', 'group address', '组地址'],
  2: ['broadcast', 'broadcast', '广播地址'],
})

/** CI, high nibble. Reference §2. */
export const CHANNELS = table({
  0: ['none', 'none', '无'],
  1: ['public-radio', 'public radio network', '公网无线'],
  2: ['private-network', 'private network', '专网'],
  3: ['230-mhz', '230 MHz', '230MHz'],
  4: ['sms', 'SMS', '短信'],
  5: ['beidou', 'Beidou', '北斗'],
})
