import { any, bool, csd, enumeration, interval, leaf, list, moment, ms, nothing, oad, octets, rcsd, rsd, structure, tsa, u16, u8 } from './layouts.js'
import type { Layout, ObjectRow, StructureLayout } from './model.js'
import { attribute, method, objectsOf } from './objects.js'

const object = objectsOf('§8.5')

export const BAUD = enumeration({
  0: ['300', '300'], 1: ['600', '600'], 2: ['1200', '1200'], 3: ['2400', '2400'], 4: ['4800', '4800'], 5: ['7200', '7200'], 6: ['9600', '9600'],
  7: ['19200', '19200'], 8: ['38400', '38400'], 9: ['57600', '57600'], 10: ['115200', '115200'], 255: ['adaptive', '自适应'],
})

const BASIC = structure(
  ['address', '通信地址', tsa],
  ['baud rate', '波特率', BAUD],
  ['protocol', '规约类型', enumeration({
    0: ['unknown', '未知'], 1: ['DL/T 645-1997', 'DL/T 645-1997'], 2: ['DL/T 645-2007', 'DL/T 645-2007'], 3: ['DL/T 698.45', 'DL/T 698.45'], 4: ['CJ/T 188', 'CJ/T 188'],
  })],
  ['port', '端口', oad],
  ['password', '通信密码', octets],
  ['tariffs', '费率个数', u8],
  ['user type', '用户类型', u8],
  ['wiring', '接线方式', enumeration({
    0: ['unknown', '未知'], 1: ['single phase', '单相'], 2: ['three-phase three-wire', '三相三线'], 3: ['three-phase four-wire', '三相四线'],
  })],
  ['rated voltage', '额定电压', leaf('long-unsigned', -1, 'V')],
  ['rated current', '额定电流', leaf('long-unsigned', -1, 'A')],
)
const EXTENSION = structure(
  ['collector address', '采集器地址', tsa], ['asset number', '资产号', octets], ['voltage transformer ratio', 'PT', u16], ['current transformer ratio', 'CT', u16],
)
const ARCHIVE = structure(
  ['number', '配置序号', u16], ['basic information', '基本信息', BASIC], ['extension', '扩展信息', EXTENSION],
  ['annex', '附属信息', list(structure(['attribute', '对象属性', oad], ['value', '属性值', any]))],
)

/** Kind and a value whose type depends on it. */
const mode = (kinds: Readonly<Record<number, readonly [string, string]>>): StructureLayout => structure(['kind', '类型', enumeration(kinds)], ['value', '参数', any])

const TASK_STATES = { 1: ['normal', '正常'], 2: ['stopped', '停用'] } as const

const TASK = structure(
  ['task number', '任务ID', u8],
  ['period', '执行频率', interval],
  ['scheme type', '方案类型', enumeration({
    1: ['normal collection', '普通采集方案'], 2: ['event collection', '事件采集方案'], 3: ['transparent', '透明方案'], 4: ['report', '上报方案'], 5: ['script', '脚本方案'],
  })],
  ['scheme number', '方案编号', u8],
  ['start', '开始时间', moment],
  ['end', '结束时间', moment],
  ['delay', '延时', interval],
  ['priority', '执行优先级', enumeration({ 1: ['first', '首要'], 2: ['necessary', '必要'], 3: ['needed', '需要'], 4: ['possible', '可能'] })],
  ['state', '状态', enumeration(TASK_STATES)],
  ['script before', '任务开始前脚本', u16],
  ['script after', '任务完成后脚本', u16],
  ['run window', '任务运行时段', structure(
    ['kind', '类型', enumeration({ 0: ['[from, to)', '前闭后开'], 1: ['(from, to]', '前开后闭'], 2: ['[from, to]', '前闭后闭'], 3: ['(from, to)', '前开后开'] })],
    ['periods', '时段表', list(structure(['from hour', '起始小时', u8], ['from minute', '起始分钟', u8], ['to hour', '结束小时', u8], ['to minute', '结束分钟', u8]))],
  )],
)

const NORMAL_SCHEME = structure(
  ['scheme number', '方案编号', u8],
  ['depth', '存储深度', u16],
  ['mode', '采集方式', mode({
    0: ['present value', '采集当前数据'], 1: ['last n', '采集上第N次'], 2: ['freeze at a time', '按冻结时标采集'], 3: ['by interval', '按时标间隔采集'],
  })],
  ['columns', '采集内容', list(csd)],
  ['meters', '电能表集合', ms],
  ['storage time stamp', '存储时标选择', enumeration({
    0: ['not defined', '未定义'], 1: ['task start', '任务开始时间'], 2: ['today 00:00', '相对当日0点0分'], 3: ['yesterday 23:59', '相对上日23点59分'],
    4: ['yesterday 00:00', '相对上日0点0分'], 5: ["the month's first day 00:00", '相对当月1日0点0分'], 6: ['freeze time', '数据冻结时标'], 7: ['last of the month', '相对上月月末'],
  })],
)

const EVENT_SCHEME = structure(
  ['scheme number', '方案编号', u8], ['mode', '采集方式', mode({})], ['meters', '电能表集合', ms], ['report at once', '上报标识', bool], ['depth', '存储深度', u16],
)

const REPORT_SCHEME = structure(
  ['scheme number', '方案编号', u8],
  ['channels', '上报通道', list(oad)],
  ['timeout', '上报响应超时时间', interval],
  ['greatest number of repeats', '最大上报次数', u8],
  ['content', '上报内容', mode({ 0: ['one attribute', '对象属性数据'], 1: ['records', '记录型对象属性数据'] })],
)
/** What `content` of kind 1 holds. */
export const REPORTED_RECORD = structure(['table', '主对象属性', oad], ['columns', 'RCSD', rcsd], ['rows', 'RSD', rsd])

const STATUS = structure(
  ['address', '通信地址', tsa], ['relay depth', '中继级别', u8], ['relay address', '中继地址', tsa], ['port', '端口', oad],
  ['last success', '最后一次采集成功时间', moment], ['failures', '采集失败次数', u8], ['phase', '相位', enumeration()], ['phase anomaly', '相序异常', enumeration()],
)

const MONITOR = structure(
  ['task number', '任务ID', u8],
  ['state', '任务执行状态', enumeration({ 0: ['not started', '未执行'], 1: ['running', '执行中'], 2: ['finished', '已执行'] })],
  ['start', '任务执行开始时间', moment], ['end', '任务执行结束时间', moment],
  ['total', '采集总数量', u16], ['success', '采集成功数量', u16], ['messages sent', '已发送报文条数', u16], ['messages received', '已接收报文条数', u16],
)

/** A set of schemes or the like: attribute 2 holds them all. */
const table = (name: string, nameZh: string, element: Layout, confidence: 'recorded' | 'one-source' = 'one-source') =>
  ({ 2: attribute(name, nameZh, list(element), { confidence }) })

/** Archive, tasks and schemes of a terminal. */
export const collection: readonly ObjectRow[] = [
  object('6000', 11, 'Collection archive', '采集档案配置表', {
    attributes: table('Collection archive', '采集档案配置表', ARCHIVE),
    methods: {
      127: method('Add', '添加采集档案', ARCHIVE),
      128: method('Add several', '批量添加采集档案', list(ARCHIVE)),
      129: method('Update basic information', '更新基本信息', any),
      130: method('Update extension', '更新扩展信息和附属信息', any),
      131: method('Delete by number', '删除配置单元', any),
      132: method('Delete by basic information', '删除配置单元(基本信息)', any),
      133: method('Delete by address and port', '删除配置单元(通信地址, 端口号)', any),
      134: method('Clear', '清空采集档案', nothing),
    },
  }),
  object('6002', 11, 'Meter search', '搜表', {
    confidence: 'unsure',
    attributes: {
      2: attribute('Search results', '所有搜表结果', any, { access: 'read', confidence: 'unsure' }),
      8: attribute('Search parameters 1', '搜表参数1', any, { confidence: 'unsure' }),
      9: attribute('Search parameters 2', '搜表参数2', any, { confidence: 'unsure' }),
    },
    methods: { 127: method('Search now', '实时启动搜表', leaf('long-unsigned', 0, 'min')) },
  }),
  object('6012', 10, 'Task table', '任务配置表', {
    attributes: table('Task table', '任务配置表', TASK),
    methods: {
      127: method('Add or update', '添加或更新任务配置单元', list(TASK)),
      128: method('Delete', '删除任务配置单元', list(u8)),
      129: method('Clear', '清空任务配置表', nothing),
      130: method('Set state', '更新任务状态', structure(['task number', '任务ID', u8], ['state', '状态', enumeration(TASK_STATES)])),
    },
  }),
  object('6014', 11, 'Normal collection schemes', '普通采集方案集', {
    attributes: table('Normal collection schemes', '普通采集方案集', NORMAL_SCHEME),
    methods: {
      127: method('Add or update', '添加或更新普通采集方案', list(NORMAL_SCHEME), { confidence: 'recorded' }),
      128: method('Delete', '删除普通采集方案', any),
      129: method('Clear', '清空普通采集方案集', nothing),
      130: method('Set columns', '重新设置CSD', any, { confidence: 'recorded' }),
      200: method('Set meters', '设置电能表集合', any),
    },
  }),
  object('6016', 11, 'Event collection schemes', '事件采集方案集', { attributes: table('Event collection schemes', '事件采集方案集', EVENT_SCHEME) }),
  object('6018', 11, 'Transparent schemes', '透明方案集'),
  object('601A', 11, 'Transparent scheme results', '透明方案结果集'),
  object('601C', 11, 'Report schemes', '上报方案集', { attributes: table('Report schemes', '上报方案集', REPORT_SCHEME) }),
  object('601E', 11, 'Collection rules', '采集规则库'),
  object('6032', 11, 'Collection status', '采集状态集', { attributes: table('Collection status', '采集状态集', STATUS) }),
  object('6033', undefined, 'Collection status unit', '采集状态单元', { attributes: { 2: attribute('Collection status unit', '采集状态单元', STATUS, { access: 'read' }) } }),
  object('6034', 11, 'Task monitors', '采集任务监控集', { attributes: table('Task monitors', '采集任务监控集', MONITOR) }),
  object('6035', undefined, 'Task monitor unit', '采集任务监控单元', { attributes: { 2: attribute('Task monitor unit', '采集任务监控单元', MONITOR, { access: 'read', confidence: 'recorded' }) } }),
]
