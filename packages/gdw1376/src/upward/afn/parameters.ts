import { bits, hexOctets, listOf, nothing, reversedHex, sequence, u16le, u8 } from '@zhuzhan/codec'
import { coded } from '../../wire/codes.js'
import { ipAddress, paddedLatin1 } from '../../wire/octets.js'
import { METER_PROTOCOLS } from '../catalogue/codes.js'
import { row } from '../../afn-table.js'
import type { AfnTable, Layout } from '../../afn-table.js'

/** F1; how timeout and retries share their 2 bytes and the CON flags their bits the reference does not say. */
export const Communication = sequence({ rts: u8, relayDelay: u8, timeoutAndRetry: u16le, conFlags: hexOctets(1), heartbeatMinutes: u8 })

const Endpoint = sequence({ ip: ipAddress, port: u16le })

/** F3. The order of the bytes of an IP is not said: they are written as on the wire. */
export const MasterAddress = sequence({ main: Endpoint, backup: Endpoint, apn: paddedLatin1(16) })

/** F5 */
export const AuthenticationScheme = sequence({ scheme: u8, schemeParameter: u16le })

/** F10, 27 bytes a meter. */
export const Meter = sequence({
  number: u16le,
  point: u16le,
  line: bits(u8, { baud: [5, 3], port: [0, 5] }),
  protocol: coded(u8, METER_PROTOCOLS),
  meterAddress: reversedHex(6),
  password: hexOctets(6),
  tariffCount: u8,
  digits: u8,
  collector: reversedHex(6),
  userClass: u8,
})

export const MeterArchive = sequence({ meters: listOf(Meter, { count: u16le, least: 27 }) })

interface Parameter {
  fn: number
  en: string
  zh: string
  body?: Layout
  /** The query names entries in a way the reference does not give. */
  selective?: true
}

const parameter = (fn: number, en: string, zh: string, more: Pick<Parameter, 'body' | 'selective'> = {}): Parameter => ({ fn, en, zh, ...more })

const range = (from: number, to: number, en: string, zh: string) => Array.from({ length: to - from + 1 }, (_, i) => parameter(from + i, en, zh))

/** Parameters in the numbering of 2009; 2013 and 2019 add and move some (UNSURE beyond these). Reference §A6. */
const PARAMETERS: readonly Parameter[] = [
  parameter(1, 'Communication parameters', '终端上行通信口通信参数设置', { body: Communication }),
  parameter(2, 'Radio relay', '终端上行通信口无线中继转发设置'),
  parameter(3, 'Master station IP addresses and ports', '主站IP地址和端口', { body: MasterAddress }),
  parameter(4, 'Master station phone and short-message centre', '主站电话号码和短信中心号码'),
  parameter(5, 'Authentication scheme', '终端上行通信消息认证参数设置', { body: AuthenticationScheme }),
  parameter(6, 'Group addresses', '终端组地址设置'),
  parameter(7, 'Terminal IP address and port', '终端IP地址和端口'),
  parameter(8, 'Upstream mode', '终端上行通信工作方式'),
  parameter(9, 'Event recording', '终端事件记录配置设置'),
  parameter(10, 'Meter archive', '终端电能表/交流采样装置配置参数', { body: MeterArchive, selective: true }),
  parameter(11, 'Pulse inputs', '终端脉冲配置参数'),
  parameter(12, 'State inputs', '终端状态量输入参数'),
  parameter(14, 'Totalling groups', '终端总加组配置参数'),
  parameter(16, 'Private-network user and password', '虚拟专网用户名、密码'),
  ...range(17, 23, 'Power-control limits, periods, tariffs and arrears alarm', '功控定值、时段、费率与催费告警参数'),
  parameter(25, 'Point basics', '测量点基本参数'),
  parameter(26, 'Point limits', '测量点限值参数'),
  parameter(27, 'Point losses', '测量点铜损、铁损参数'),
  parameter(28, 'Power-factor bands', '测量点功率因数分段限值'),
  parameter(29, 'Local display number', '终端当地电能表显示号'),
  parameter(30, 'Stop or start of area reading', '台区集中抄表停抄/投抄设置'),
  parameter(31, 'Carrier sub-node addresses', '载波从节点附属节点地址'),
  parameter(33, 'Reading run parameters', '终端抄表运行参数设置'),
  parameter(34, 'Downstream port parameters', '集中器下行通信模块的参数设置'),
  parameter(35, 'Key accounts', '台区集中抄表重点户设置'),
  parameter(36, 'Traffic limit', '终端上行通信流量门限设置'),
  parameter(37, 'Cascade', '终端级联通信参数'),
  parameter(38, 'Class 1 data configuration', '1类数据配置设置'),
  parameter(39, 'Class 2 data configuration', '2类数据配置设置'),
  ...range(41, 49, 'Control values and rounds', '控制定值与轮次参数'),
  parameter(57, 'Alarm sound', '终端声音告警允许/禁止设置'),
  parameter(58, 'Automatic keep-power', '终端自动保电参数'),
  parameter(59, 'Meter anomaly thresholds', '电能表异常判别阈值设定'),
  parameter(60, 'Harmonic limits', '谐波限值'),
  parameter(65, 'Timed upload task, class 1', '定时上报1类数据任务设置'),
  parameter(66, 'Timed upload task, class 2', '定时上报2类数据任务设置'),
  parameter(67, 'Start or stop of the class 1 task', '定时上报1类数据任务启动/停止设置'),
  parameter(68, 'Start or stop of the class 2 task', '定时上报2类数据任务启动/停止设置'),
]

/** AFN 04. Reference §A6. */
export const setParameter: AfnTable = {
  afn: 0x04, en: 'Set parameter', zh: '设置参数',
  rows: PARAMETERS.map(({ fn, en, zh, body }) => row(fn, en, zh, body && { down: body })),
}

/** AFN 0A, with the numbering of AFN 04. Reference §A6. */
export const queryParameter: AfnTable = {
  afn: 0x0a, en: 'Query parameter', zh: '查询参数',
  rows: PARAMETERS.map(({ fn, en, zh, body, selective }) => row(fn, en, zh, body && { up: body, ...(!selective && { down: nothing }) })),
}
