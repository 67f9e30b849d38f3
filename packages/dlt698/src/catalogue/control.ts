import { any, bits, bool, enumeration, leaf, list, minutes16, minutes8, nothing, oad, oi, structure, u32, watts } from './layouts.js'
import type { Layout, ObjectRow } from './model.js'
import { attribute, method, objectsOf } from './objects.js'

const object = objectsOf('§8.6')
const read = { access: 'read' } as const

const TRIP = list(structure(
  ['relay', '继电器', oad], ['alarm delay', '告警延时', minutes8],
  // 0: until closed
  ['limit duration', '限电时间', minutes16], ['automatic close', '自动合闸', bool],
))
const CLOSE = list(structure(['relay', '继电器', oad], ['command', '命令', enumeration({ 0: ['allow closing', '合闸允许'], 1: ['close directly', '直接合闸'] })]))
const STATES = list(structure(['total group', '总加组', oi], ['state', '状态', enumeration()]))

/** Methods of class 13 with the total group they concern. */
const putIn = { 6: method('Put in', '控制投入', oi), 7: method('Release', '控制解除', oi) }

/** One control object: scheme elements as the reference has them. */
function control(oiText: string, name: string, nameZh: string, scheme: Layout, recorded = false): ObjectRow {
  return object(oiText, 13, name, nameZh, {
    ...(recorded && { confidence: 'recorded' }),
    attributes: {
      2: attribute(`${name}: schemes`, `${nameZh}方案集`, list(scheme)),
      3: attribute(`${name}: input state`, `${nameZh}投入状态`, STATES, read),
      4: attribute(`${name}: output state`, `${nameZh}输出状态`, STATES, read),
      5: attribute(`${name}: alarm state`, `${nameZh}越限告警状态`, STATES, read),
    },
    methods: { 3: method('Add scheme', '添加控制单元', scheme, recorded ? { confidence: 'recorded' } : {}), 4: method('Delete scheme', '删除控制单元', oi), 5: method('Update scheme', '更新控制单元', scheme), ...putIn },
  })
}

const POWERS = structure(
  ['valid periods', '有效标志位', leaf('bit-string')], ...Array.from({ length: 8 }, (_, i) => [`period ${i + 1}`, `时段${i + 1}功率定值`, watts] as const),
)

/** Remote and local control. */
export const control8: readonly ObjectRow[] = [
  object('8000', 8, 'Remote control', '遥控', {
    attributes: {
      2: attribute('Relay trip parameters', '遥控配置参数', structure(
        ['relay trip current threshold', '继电器拉闸电流门限值', leaf('double-long-unsigned', -4, 'A')], ['delay', '超过拉闸电流门限保护延时时间', minutes16],
      )),
      // One bit an output, first bit = output 0; 1 = operated, supply open (UNSURE, reference §13: setting relayOpenBit)
      3: attribute('Relay output state', '继电器输出状态', bits, read),
      4: attribute('Alarm state', '告警状态', bits, read),
      5: attribute('Relay command state', '继电器命令状态', bits, read),
    },
    methods: {
      127: method('Alarm', '触发告警', nothing),
      128: method('Release alarm', '解除报警', nothing),
      129: method('Trip', '跳闸', TRIP, { confidence: 'recorded' }),
      130: method('Close', '合闸', CLOSE),
      131: method('Close without protection', '明文合闸', CLOSE),
    },
  }),
  object('8001', 8, 'Keep power', '保电', {
    attributes: {
      2: attribute('Keep-power state', '保电状态', enumeration(), read),
      3: attribute('Keep-power time 1', '保电时间1', leaf('long-unsigned', 0, 'min')),
      4: attribute('Keep-power time 2', '保电时间2', leaf('long-unsigned', 0, 'min')),
      5: attribute('Keep-power periods', '自动保电时段', list(any)),
    },
    methods: { 127: method('Keep power', '投入保电'), 128: method('End keep power', '解除保电'), 129: method('End automatic keep power', '解除自动保电') },
  }),
  object('8002', 8, 'Arrears alarm', '催费告警', { methods: { 127: method('Start arrears alarm', '催费告警投入', any), 128: method('End arrears alarm', '取消催费告警', any) } }),
  object('8003', undefined, 'General text messages', '一般中文信息'),
  object('8004', undefined, 'Important text messages', '重要中文信息'),
  object('8100', undefined, 'Security fixed value', '终端保安定值', { attributes: { 2: attribute('Security fixed value', '终端保安定值', watts) } }),
  object('8101', undefined, 'Power control periods', '终端功控时段'),
  object('8102', undefined, 'Power control alarm times', '功控告警时间', { attributes: { 2: attribute('Power control alarm times', '功控告警时间', list(minutes8)) } }),
  control('8103', 'Period power control', '时段功控', structure(
    ['total group', '总加组', oi], ['scheme', '时段功控定值方案标识', bits],
    ['parameters 1', '第一套定值', POWERS], ['parameters 2', '第二套定值', POWERS], ['parameters 3', '第三套定值', POWERS],
  ), true),
  control('8104', 'Factory rest control', '厂休控', any),
  control('8105', 'Business stop control', '营业报停控', any),
  control('8106', 'Power down-float control', '当前功率下浮控', any),
  control('8107', 'Prepaid energy control', '购电控', structure(
    ['total group', '总加组', oi], ['purchase number', '购电单号', u32], ['kind', '追加/刷新标识', enumeration({ 0: ['add', '追加'], 1: ['refresh', '刷新'] })],
    ['unit', '购电类型', enumeration({ 0: ['kWh', '电量'], 1: ['yuan', '电费'] })], ['value', '购电值', leaf('long64', -4)],
    ['alarm threshold', '报警门限值', leaf('long64', -4)], ['trip threshold', '跳闸门限值', leaf('long64', -4)], ['mode', '购电控模式', enumeration()],
  )),
  control('8108', 'Monthly energy control', '月电控', structure(
    ['total group', '总加组', oi], ['limit', '月电量控定值', leaf('long64', -4, 'kWh')], ['alarm coefficient', '报警门限值系数', leaf('unsigned', 0, '%')],
    ['float coefficient', '月电量控定值浮动系数', leaf('integer', 0, '%')],
  )),
]
