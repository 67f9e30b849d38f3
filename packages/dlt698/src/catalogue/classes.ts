import { any, bool, enumeration, leaf, list, nothing, oad, octets, scalerUnit, structure, u16 } from './layouts.js'
import type { InterfaceClass, Layout } from './model.js'

type Attributes = Readonly<Record<number, readonly [name: string, nameZh: string, layout?: Layout]>>
type Methods = Readonly<Record<number, readonly [name: string, nameZh: string, parameter?: Layout]>>

/** The logical name holds the OI. Method 1 often takes integer 0. Reference §7, §4.6. */
const EVERY_ATTRIBUTE: Attributes = { 1: ['logical name', '逻辑名', octets] }
const EVERY_METHOD: Methods = { 1: ['reset', '复位', leaf('integer')], 2: ['execute', '执行', any] }

function interfaceClass(number: number, name: string, nameZh: string, attributes: Attributes = {}, methods: Methods = {}): InterfaceClass {
  const named = Object.entries({ ...EVERY_ATTRIBUTE, ...attributes }).map(([n, [en, zh, layout = any]]) => [n, { name: en, nameZh: zh, layout }])
  const called = Object.entries({ ...EVERY_METHOD, ...methods }).map(([n, [en, zh, parameter = any]]) => [n, { name: en, nameZh: zh, parameter }])
  return { class: number, name, nameZh, attributes: Object.fromEntries(named) as InterfaceClass['attributes'], methods: Object.fromEntries(called) as InterfaceClass['methods'] }
}

const REPORT_FLAG = enumeration({
  0: ['none', '不上报'], 1: ['on occurrence', '发生上报'], 2: ['on recovery', '恢复上报'], 3: ['both', '发生恢复均上报'],
})
const EVENT_METHODS: Methods = {
  1: ['clear', '清空', leaf('integer')], 3: ['trigger', '触发一次记录', any], 4: ['add related attribute', '添加一个事件关联对象属性', oad],
  5: ['delete related attribute', '删除一个事件关联对象属性', oad],
}
const FILE_METHODS: Methods = { 3: ['delete', '删除'], 4: ['check', '校验'] }
const RELATED = structure(['period', '冻结周期', u16], ['attribute', '关联对象属性', oad], ['depth', '存储深度', u16])

/** Interface classes, reference §7. UNSURE on class 24: in one source 11 to 14 are numbered one less. */
export const CLASSES: Readonly<Record<number, InterfaceClass>> = Object.fromEntries([
  interfaceClass(1, 'energy', '电能量', {
    2: ['total and tariffs', '总及费率电能量数组'], 3: ['scaler and unit', '换算及单位', scalerUnit],
    4: ['high-precision total and tariffs', '高精度总及费率电能量数组'], 5: ['scaler and unit of high precision', '高精度换算及单位', scalerUnit],
  }),
  interfaceClass(2, 'maximum demand', '最大需量', { 2: ['total and tariffs', '总及费率最大需量数组'], 3: ['scaler and unit', '换算及单位', scalerUnit] }),
  interfaceClass(3, 'phase variable', '分相变量', { 2: ['phases', '分相数值组'], 3: ['scaler and unit', '换算及单位', scalerUnit] }),
  interfaceClass(4, 'power', '功率', {
    2: ['total and phases', '总及分相数值组'], 3: ['scaler and unit', '换算及单位', scalerUnit],
    4: ['high-precision total and phases', '高精度总及分相数值组'], 5: ['scaler and unit of high precision', '高精度换算及单位', scalerUnit],
  }),
  interfaceClass(5, 'harmonics', '谐波变量', {
    2: ['phase A', 'A相谐波值'], 3: ['phase B', 'B相谐波值'], 4: ['phase C', 'C相谐波值'], 5: ['order', '谐波次数'], 6: ['scaler and unit', '换算及单位', scalerUnit],
  }),
  interfaceClass(6, 'data variable', '数据变量', { 2: ['value', '数值'], 3: ['scaler and unit', '换算及单位', scalerUnit] }),
  interfaceClass(7, 'event', '事件对象', {
    2: ['record table', '事件记录表'], 3: ['related attributes', '关联对象属性表', list(oad)], 4: ['record count', '当前记录数', any],
    5: ['greatest number of records', '最大记录数', any], 6: ['configuration', '配置参数'], 7: ['current value table', '当前值记录表'],
    8: ['report flag', '上报标识', REPORT_FLAG], 9: ['valid', '有效标识', bool], 10: ['time status table', '时间状态记录表'], 11: ['report mode', '上报方式'],
  }, EVENT_METHODS),
  interfaceClass(8, 'parameter', '参数变量', { 2: ['parameter', '参数'] }),
  interfaceClass(9, 'freeze', '冻结数据', {
    2: ['record table', '冻结数据表'], 3: ['related attributes', '关联对象属性表', list(RELATED)], 4: ['name', '名称'],
  }, {
    3: ['trigger', '触发一次冻结'], 4: ['add related attribute', '添加一个关联对象属性', RELATED], 5: ['delete related attribute', '删除一个关联对象属性', oad],
    7: ['add several related attributes', '批量添加关联对象属性', list(RELATED)], 8: ['clear related attributes', '清除关联对象属性表', nothing],
  }),
  interfaceClass(10, 'collection monitoring', '采集监控', { 2: ['configuration table', '配置表'], 3: ['record table', '记录表'] }, { 3: ['clear records', '清空记录表'] }),
  interfaceClass(11, 'set', '集合', { 2: ['table', '集合'], 3: ['current count', '当前元素个数', any], 4: ['greatest count', '最大元素个数', any] }),
  interfaceClass(12, 'pulse metering', '脉冲计量'),
  interfaceClass(13, 'control', '控制', {
    2: ['scheme', '控制方案集'], 3: ['input state', '控制投入状态'], 4: ['output state', '控制输出状态'], 5: ['alarm state', '越限告警状态'],
  }, { 3: ['add', '添加控制单元'], 4: ['delete', '删除控制单元'], 5: ['update', '更新控制单元'], 6: ['put in', '控制投入'], 7: ['release', '控制解除'] }),
  interfaceClass(14, 'interval statistics', '区间统计'),
  interfaceClass(15, 'accumulation and average', '累加平均'),
  interfaceClass(16, 'extreme value', '极值工具'),
  interfaceClass(17, 'display', '显示'),
  interfaceClass(18, 'file transfer', '文件传输', { 2: ['file information', '文件信息'], 3: ['state', '命令结果'] }, FILE_METHODS),
  interfaceClass(19, 'device', '设备管理', {
    2: ['descriptor', '设备描述符'], 3: ['version information', '版本信息'], 4: ['production date', '生产日期'], 5: ['sub-devices', '子设备列表'],
    6: ['supported protocols', '支持规约列表'], 7: ['follow report allowed', '允许跟随上报', bool], 8: ['active report allowed', '允许主动上报', bool],
    9: ['talk with the master station allowed', '允许与主站通话', bool], 10: ['report channels', '上报通道'], 11: ['authentication', '认证'], 12: ['run information', '运行信息'],
  }, {
    3: ['data initialise', '数据初始化'], 4: ['restore factory parameters', '恢复出厂参数'], 5: ['initialise events', '事件初始化'], 6: ['initialise demand', '需量初始化'],
  }),
  interfaceClass(20, 'application association', '应用连接', {
    2: ['object list', '对象列表'], 3: ['context', '应用语境信息'], 4: ['client address', '当前连接的客户机地址'], 5: ['mechanism', '连接认证机制'],
  }),
  interfaceClass(21, 'ESAM', 'ESAM'),
  interfaceClass(22, 'input and output device', '输入输出设备'),
  interfaceClass(23, 'total group', '总加组'),
  interfaceClass(24, 'phase event', '分相事件对象', {
    2: ['related attributes', '关联对象属性表', list(oad)], 3: ['record count', '当前记录数', any], 4: ['greatest number of records', '最大记录数', any],
    5: ['configuration', '配置参数'], 6: ['record table 1', '事件记录表1'], 7: ['record table 2', '事件记录表2'], 8: ['record table 3', '事件记录表3'],
    9: ['record table 4', '事件记录表4'], 10: ['current value', '当前值记录表'], 11: ['report flag', '上报标识', REPORT_FLAG], 12: ['valid', '有效标识', bool],
    14: ['time status', '时间状态记录表'],
  }, EVENT_METHODS),
  interfaceClass(25, 'wireless communication', '无线公网通信'),
  interfaceClass(26, 'Ethernet communication', '以太网通信'),
].map((row) => [row.class, row]))
