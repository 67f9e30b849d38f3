import { any, enumeration, interval, leaf, list, minutes8, moment, octets, structure, text, u8 } from './layouts.js'
import type { AttributeRow, Layout, ObjectRow } from './model.js'
import { attribute, method, objectsOf } from './objects.js'

const object = objectsOf('§8.3')

/** A parameter whose attribute 2 is all there is. */
function parameter(oi: string, name: string, nameZh: string, layout: Layout, options: Partial<Pick<AttributeRow, 'access' | 'confidence'>> = {}): ObjectRow {
  return object(oi, 8, name, nameZh, {
    attributes: { 2: attribute(name, nameZh, layout, options) }, ...(options.confidence === 'unsure' && { confidence: 'unsure' }),
  })
}

const recorded = { confidence: 'recorded' } as const
const price = leaf('double-long-unsigned', -4, 'yuan/kWh')
/** UNSURE scaler. */
const ratio = leaf('double-long-unsigned', -2)
const voltage = leaf('long-unsigned', -1, 'V')

const clock = object('4000', 8, 'Clock', '日期时间', {
  attributes: {
    2: attribute('Clock', '日期时间', moment, recorded),
    3: attribute('Clock synchronising mode', '校时模式', enumeration({
      0: ['by the master station', '主站授时'], 1: ['precise, by the terminal', '终端精确校时'], 2: ['GPS or BeiDou', '卫星授时'], 255: ['other', '其它'],
    }), recorded),
    4: attribute('Precise synchronising parameters', '精准校时参数', structure(
      ['parameter 1', '参数1', u8], ['parameter 2', '参数2', u8], ['parameter 3', '参数3', u8], ['parameter 4', '参数4', u8], ['parameter 5', '参数5', u8],
    )),
  },
  methods: { 127: method('Broadcast time', '广播校时', moment) },
})

/** Parameters of class 8. The communication address stands in columns.ts. */
export const parameters: readonly ObjectRow[] = [
  clock,
  parameter('4002', 'Meter number', '表号', octets),
  parameter('4003', 'Customer number', '客户编号', octets, recorded),
  parameter('4004', 'Installation coordinates', '设备地理位置', any),
  parameter('4005', 'Group addresses', '组地址', list(octets), recorded),
  parameter('4006', 'Clock source', '时钟源', structure(['source', '时钟源', enumeration()], ['state', '状态', enumeration()])),
  parameter('4007', 'LCD parameters', 'LCD参数', any),
  parameter('4008', 'Zone table switching time', '时区表切换时间', any),
  parameter('4009', 'Day table switching time', '日时段表切换时间', any),
  parameter('400A', 'Tariff switching time', '费率切换时间', any),
  parameter('400B', 'Step switching time', '阶梯切换时间', any),
  parameter('400C', 'Zones, tables, periods, tariffs, holidays', '时区时段数', structure(
    ['zones', '年时区数', u8], ['day tables', '日时段表数', u8], ['periods', '日时段数', u8], ['tariffs', '费率数', u8], ['holidays', '公共假日数', u8],
  )),
  parameter('4010', 'Number of metering elements 1', '计量元件数1', any, { confidence: 'unsure' }),
  parameter('4011', 'Number of metering elements 2', '计量元件数2', any, { confidence: 'unsure' }),
  parameter('4012', 'Number of metering elements 3', '计量元件数3', any, { confidence: 'unsure' }),
  parameter('4013', 'Number of metering elements 4', '计量元件数4', any, { confidence: 'unsure' }),
  parameter('4014', 'Current zone table', '当前套时区表', any),
  parameter('4015', 'Spare zone table', '备用套时区表', any),
  parameter('4016', 'Current period tables', '当前套日时段表', any),
  parameter('4017', 'Spare period tables', '备用套日时段表', any),
  parameter('4018', 'Current tariff prices', '当前套费率电价', list(price)),
  parameter('4019', 'Spare tariff prices', '备用套费率电价', list(price)),
  parameter('401A', 'Current step values and prices', '当前套阶梯电价', any),
  parameter('401B', 'Spare step values and prices', '备用套阶梯电价', any),
  parameter('401C', 'Current transformer ratio', '电流互感器变比', ratio),
  parameter('401D', 'Voltage transformer ratio', '电压互感器变比', ratio),
  parameter('401E', 'Alarm amount limits', '报警金额限值', any),
  parameter('401F', 'Other amount limits', '其它金额限值', any),
  parameter('4020', 'Overdraft limits 1', '透支限值1', any),
  parameter('4021', 'Overdraft limits 2', '透支限值2', any),
  parameter('4023', 'Validity of identity authentication', '认证有效时长', any),
  // Which limit is which is not said.
  parameter('4030', 'Voltage qualification limits', '电压合格率参数', structure(
    ['limit 1', '限值1', voltage], ['limit 2', '限值2', voltage], ['limit 3', '限值3', voltage], ['limit 4', '限值4', voltage],
  )),
  parameter('4100', 'Maximum demand period', '最大需量周期', minutes8, recorded),
  parameter('4101', 'Demand slip time', '滑差时间', minutes8, recorded),
  parameter('4103', 'Asset number', '资产管理编码', text),
  parameter('4104', 'Rated voltage', '额定电压', text, { access: 'read' }),
  parameter('4105', 'Rated current', '额定电流', text, { access: 'read' }),
  parameter('4106', 'Maximum current', '最大电流', text, { access: 'read' }),
  parameter('4107', 'Accuracy class', '准确度等级', any, { access: 'read' }),
  parameter('4109', 'Active pulse constant', '有功脉冲常数', leaf('double-long-unsigned', 0, 'imp/kWh'), { access: 'read' }),
  parameter('410A', 'Reactive pulse constant', '无功脉冲常数', leaf('double-long-unsigned', 0, 'imp/kvarh'), { access: 'read' }),
  parameter('4111', 'Software filing number', '软件备案号', any, { access: 'read' }),
  parameter('4112', 'Combined active characteristic word', '有功组合方式特征字', any),
  parameter('4113', 'Combined reactive characteristic word', '无功组合方式特征字', any),
  parameter('4116', 'Settlement days', '结算日', list(structure(['day', '日', u8], ['hour', '时', u8]))),
  parameter('4117', 'Period', '期间需量冻结周期', interval),
  parameter('4204', 'Terminal broadcast time synchronising parameters', '终端广播校时参数', any),
]
