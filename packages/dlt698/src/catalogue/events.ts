import type { ObjectRow } from './model.js'
import { objectsOf } from './objects.js'

const object = objectsOf('§8.8')
type Event = readonly [oi: string, name: string, nameZh: string]

/** Class 24, with phases: 3000-3008 and 300B; the others are of class 7. */
const BY_PHASE = new Set(['3000', '3001', '3002', '3003', '3004', '3005', '3006', '3007', '3008', '300B'])

/** The reference names 3021 to 3025 together and does not say which is which. */
const PROGRAMMING: readonly Event[] = ['3021', '3022', '3023', '3024', '3025'].map((oi, i) =>
  [oi, `Tariff, step or combination programming ${i + 1}`, `费率、阶梯或组合方式编程事件${i + 1}`])

const METER: readonly Event[] = [
  ['3000', 'Voltage loss', '电能表失压事件'],
  ['3001', 'Undervoltage', '电能表欠压事件'],
  ['3002', 'Overvoltage', '电能表过压事件'],
  ['3003', 'Phase break', '电能表断相事件'],
  ['3004', 'Current loss', '电能表失流事件'],
  ['3005', 'Overcurrent', '电能表过流事件'],
  ['3006', 'Current break', '电能表断流事件'],
  ['3007', 'Power reversal', '电能表功率反向事件'],
  ['3008', 'Overload', '电能表过载事件'],
  ['3009', 'Forward active demand over limit', '电能表正向有功需量超限事件'],
  ['300A', 'Reverse active demand over limit', '电能表反向有功需量超限事件'],
  ['300B', 'Reactive demand over limit', '电能表无功需量超限事件'],
  ['300C', 'Power factor low', '电能表功率因数超下限事件'],
  ['300D', 'Total voltage loss', '电能表全失压事件'],
  ['300E', 'Auxiliary supply loss', '电能表辅助电源掉电事件'],
  ['300F', 'Voltage reverse sequence', '电能表电压逆相序事件'],
  ['3010', 'Current reverse sequence', '电能表电流逆相序事件'],
  ['3011', 'Power-down', '电能表掉电事件'],
  ['3012', 'Programming', '电能表编程事件'],
  ['3013', 'Meter clear', '电能表清零事件'],
  ['3014', 'Demand clear', '电能表需量清零事件'],
  ['3015', 'Event clear', '电能表事件清零事件'],
  ['3016', 'Clock set', '电能表校时事件'],
  ['3017', 'Period table programming', '电能表时段表编程事件'],
  ['3018', 'Zone table programming', '电能表时区表编程事件'],
  ['3019', 'Rest day programming', '电能表周休日编程事件'],
  ['301A', 'Settlement day programming', '电能表结算日编程事件'],
  ['301B', 'Cover open', '电能表开盖事件'],
  ['301C', 'Terminal cover open', '电能表开端钮盒事件'],
  ['301D', 'Voltage unbalance', '电能表电压不平衡事件'],
  ['301E', 'Current unbalance', '电能表电流不平衡事件'],
  ['301F', 'Relay trip', '电能表跳闸事件'],
  ['3020', 'Relay close', '电能表合闸事件'],
  ...PROGRAMMING,
  ['3026', 'Key update', '电能表密钥更新事件'],
  ['3027', 'Abnormal card', '电能表异常插卡事件'],
  ['3028', 'Purchase', '电能表购电记录'],
  ['3029', 'Refund', '电能表退费记录'],
  ['302A', 'Magnetic field', '电能表恒定磁场干扰事件'],
  ['302B', 'Relay misoperation', '电能表负荷开关误动作事件'],
  ['302C', 'Power abnormal', '电能表电源异常事件'],
  ['302D', 'Severe current unbalance', '电能表电流严重不平衡事件'],
  ['302E', 'Clock fault', '电能表时钟故障事件'],
  ['302F', 'Metering chip fault', '电能表计量芯片故障事件'],
  ['3030', 'Module change', '电能表通信模块变更事件'],
]

const TERMINAL: readonly Event[] = [
  ['3100', 'Terminal initialised', '终端初始化事件'],
  ['3101', 'Terminal version change', '终端版本变更事件'],
  ['3104', 'Terminal input change', '终端状态量变位事件'],
  ['3105', 'Meter clock out of limit', '电能表时钟超差事件'],
  ['3106', 'Terminal power down or up', '终端停/上电事件'],
  ['3107', 'DC analog 1', '终端直流模拟量事件1'],
  ['3108', 'DC analog 2', '终端直流模拟量事件2'],
  ['3109', 'Message authentication error', '终端消息认证错误事件'],
  ['310A', 'Device fault', '设备故障记录'],
  ['310B', 'Meter reading decrease', '电能表示度下降事件'],
  ['310C', 'Energy deviation', '电能量超差事件'],
  ['310D', 'Meter fly-away', '电能表飞走事件'],
  ['310E', 'Meter stop', '电能表停走事件'],
  ['310F', 'Reading failure', '终端抄表失败事件'],
  ['3110', 'Monthly traffic over limit', '月通信流量超限事件'],
  ['3111', 'Unknown meter found', '发现未知电能表事件'],
  ['3112', 'Cross-area meter', '跨台区电能表事件'],
  ['3114', 'Terminal clock set', '终端对时事件'],
  ['3115', 'Remote control record', '遥控记录'],
  ['3116', 'Differential', '差动越限事件'],
  ['3117', 'Relay output change', '继电器输出变位事件'],
  ['3118', 'Terminal programming', '终端编程记录'],
  ['3119', 'CT abnormal', '电流互感器异常事件'],
  ['311A', 'Input online state', '输入在网状态事件'],
  ['311B', 'Meter clock synchronising', '终端对电表校时记录'],
  ['311C', 'Data change monitoring', '电能表数据变更监控记录'],
  ['311F', 'Node refused', '拒绝节点事件'],
]

const CONTROL: readonly Event[] = [
  ['3200', 'Power control trip', '功控跳闸记录'],
  ['3201', 'Energy control trip', '电控跳闸记录'],
  ['3202', 'Purchase parameter', '购电参数设置记录'],
  ['3203', 'Energy control alarm', '电控告警事件记录'],
]

/** All events. Columns of their records, standard first: 2022, 201E, 2020, 2024, 3300, then related OADs. Reference §8.8. */
export const events: readonly ObjectRow[] = [...METER, ...TERMINAL, ...CONTROL].map(([oi, name, nameZh]) => object(oi, BY_PHASE.has(oi) ? 24 : 7, name, nameZh))
