import { oadName, oiName, omdName } from './names.js'

it.each([
  ['20000201', 'Voltage, phase A', '电压 A相'],
  ['00100203', 'Forward active energy, tariff 2', '正向有功电能 费率2'],
  ['00100300', 'Forward active energy, scaler and unit', '正向有功电能 换算及单位'],
  ['00100100', 'Forward active energy, logical name', '正向有功电能 逻辑名'],
  ['40000000', 'Clock, all attributes', '日期时间 全部属性'],
  ['30110203', 'Power-down, record table, most recent record 3', '电能表掉电事件 事件记录表 上3次记录'],
  ['30000701', 'Voltage loss, record table 2, most recent record 1', '电能表失压事件 事件记录表2 上1次记录'],
  ['50040200', 'Day freeze, record table', '日冻结 冻结数据表'],
  ['60120300', 'Task table, record table', '任务配置表 记录表'],
  ['4500020C', 'Communication configuration, heartbeat period', '通信配置 心跳周期'],
  ['40050201', 'Group addresses, element 1', '组地址 元素1'],
  ['F1000200', 'Serial number', 'ESAM序列号'],
  ['23010900', 'Total group 1, attribute 9', '总加组1 属性9'],
  ['2000A201', 'Voltage, phase A', '电压 A相'],
])('%s is %s', (oad, en, zh) => {
  expect(oadName(oad)).toEqual({ en, zh })
})

it.each([
  ['80008100', 'Remote control, Trip', '遥控 跳闸'],
  ['43000100', 'Electrical device, Reset', '电气设备 复位'],
  ['50040500', 'Day freeze, delete related attribute', '日冻结 删除一个关联对象属性'],
  ['F2097F00', 'Carrier or micro-power wireless interface, Transparent forwarding', '载波/微功率无线接口 透明转发'],
  ['43004C00', 'Electrical device, method 76', '电气设备 方法76'],
])('method %s is %s', (omd, en, zh) => {
  expect(omdName(omd)).toEqual({ en, zh })
})

it('knows objects, and nothing of others', () => {
  expect(oiName('301B')).toEqual({ en: 'Cover open', zh: '电能表开盖事件' })
  expect([oiName('FFFF'), oadName('FFFF0200'), omdName('FFFF7F00')]).toEqual([undefined, undefined, undefined])
})
