import { codeTable } from '../../wire/codes.js'

/** Communication mode in D5-D0 of C. Reference §B1. */
export const MODES = codeTable({
  1: ['centralised-carrier', 'narrowband carrier, centralised routing', '集中式路由载波通信'],
  2: ['distributed-carrier', 'narrowband carrier, distributed routing', '分布式路由载波通信'],
  3: ['hplc', 'HPLC', '高速载波通信(HPLC)'],
  10: ['radio', 'micro-power radio', '微功率无线通信'],
  20: ['ethernet', 'Ethernet', '以太网通信'],
})

/** Protocol of a frame inside. Reference §B2. */
export const PROTOCOLS = codeTable({
  0: ['transparent', 'transparent', '透明传输'],
  1: ['dlt645-1997', 'DL/T 645-1997', 'DL/T 645-1997'],
  2: ['dlt645-2007', 'DL/T 645-2007', 'DL/T 645-2007'],
  3: ['dlt698.45', 'DL/T 698.45', 'DL/T 698.45'],
})

/** Error of 00 F2. Reference §B3. */
export const DENY_CODES = codeTable({
  0: ['timeout', 'communication timeout', '通信超时'],
  1: ['invalid-unit', 'invalid data unit', '无效数据单元'],
  2: ['length', 'wrong length', '长度错'],
  3: ['checksum', 'checksum error', '校验错误'],
  4: ['no-such-class', 'no such information class', '信息类不存在'],
  5: ['format', 'wrong format', '格式错误'],
  6: ['duplicate-address', 'duplicate node address', '表号重复'],
  7: ['no-address', 'no such node address', '表号不存在'],
  8: ['meter-no-reply', 'no reply of the meter\'s application layer', '电表应用层无应答'],
  9: ['busy', 'master node busy', '主节点忙'],
  10: ['unsupported', 'not supported by the master node', '主节点不支持此命令'],
  11: ['slave-no-reply', 'no reply of the slave node', '从节点不应答'],
  12: ['not-in-network', 'slave node not in the network', '从节点不在网内'],
  109: ['concurrency-exceeded', 'more concurrent requests than allowed', '超过最大并发数'],
  110: ['too-many-frames', 'more frames in one request than allowed', '超过单个请求最大允许电表协议报文条数'],
  111: ['being-read', 'this meter is being read', '正在抄读该表'],
})

/** What the router has finished, 06 F3. Reference §B3. */
export const FINISHED = codeTable({
  1: ['reading', 'reading finished', '抄表任务结束'],
  2: ['search', 'search finished', '搜表任务结束'],
  3: ['area-identification', 'transformer-area identification finished', '台区识别任务结束'],
})

/** Frequency band of HPLC, 03 F16 and 05 F16. Reference §B3. */
export const BANDS = codeTable({
  0: ['1.953-11.96', '1.953-11.96 MHz', '1.953~11.96 MHz'],
  1: ['2.441-5.615', '2.441-5.615 MHz', '2.441~5.615 MHz'],
  2: ['0.781-2.930', '0.781-2.930 MHz', '0.781~2.930 MHz'],
  3: ['1.758-2.930', '1.758-2.930 MHz', '1.758~2.930 MHz'],
})

/** Role of a node in the topology, 10 F21. Reference §B4. */
export const ROLES = codeTable({
  0: ['invalid', 'invalid', '无效'],
  1: ['sta', 'station STA', '末梢节点STA'],
  2: ['pco', 'proxy PCO', '代理节点PCO'],
  4: ['cco', 'central coordinator CCO', '主节点CCO'],
})

/** Device type in 10 F40 and 10 F112. Reference §B4. */
export const DEVICE_TYPES = codeTable({
  1: ['handheld', 'handheld unit', '抄控器'],
  2: ['cco', 'local module of a concentrator (CCO)', '集中器本地通信单元'],
  3: ['single-phase-unit', 'communication unit of a single-phase meter', '单相电表通信单元'],
  4: ['relay', 'relay', '中继器'],
  5: ['collector-2', 'type II collector', 'II型采集器'],
  6: ['collector-1', 'type I collector unit', 'I型采集器'],
  7: ['three-phase-unit', 'communication unit of a three-phase meter', '三相电表通信单元'],
})

/** Which id is asked for, 10 F40. Reference §B4. */
export const ID_TYPES = codeTable({ 1: ['chip', 'chip id', '芯片ID'], 2: ['module', 'module id', '模块ID'] })

/** Order of the phases, 10 F31. Reference §B4. */
export const PHASE_ORDERS = codeTable({
  0: ['abc', 'ABC', 'ABC'],
  1: ['acb', 'ACB', 'ACB'],
  2: ['bac', 'BAC', 'BAC'],
  3: ['bca', 'BCA', 'BCA'],
  4: ['cab', 'CAB', 'CAB'],
  5: ['cba', 'CBA', 'CBA'],
  6: ['reversed-neutral', 'live and neutral reversed', '零火反接'],
})

/** Which device reports, 06 F5. Reference §B5. */
export const REPORTING_DEVICES = codeTable({
  0: ['collector', 'collector', '采集器'],
  1: ['meter', 'meter', '电能表'],
  2: ['hplc-unit', 'HPLC unit', 'HPLC通信单元'],
  3: ['narrowband-unit', 'narrowband carrier unit', '窄带载波通信单元'],
  4: ['radio-unit', 'micro-power radio unit', '微功率无线通信单元'],
  5: ['radio-hplc-unit', 'radio and HPLC unit', '双模(无线+HPLC)通信单元'],
  6: ['radio-narrowband-unit', 'radio and narrowband unit', '双模(无线+窄带)通信单元'],
})

/** What is reported, the protocol type of 06 F5. Reference §B5. */
export const REPORT_KINDS = codeTable({
  1: ['status-word-645-1997', 'meter status word, DL/T 645-1997', '电能表状态字(DL/T 645-1997)'],
  2: ['status-word-645-2007', 'meter status word, DL/T 645-2007', '电能表状态字(DL/T 645-2007)'],
  3: ['status-word-698.45', 'meter status word, DL/T 698.45', '电能表状态字(DL/T 698.45)'],
  4: ['power-event', 'power event', '停复电事件'],
  5: ['rejected-nodes', 'rejected nodes', '拒绝入网节点'],
})

/** Power event in 06 F5. Reference §B5. */
export const POWER_EVENTS = codeTable({ 1: ['off', 'power off', '停电'], 2: ['on', 'power on', '复电'] })

/** State of a meter behind a collector in a power event. Reference §B5. */
export const LIVE_STATES = codeTable({ 0: ['dead', 'without power', '停电'], 1: ['live', 'with power', '带电'] })
