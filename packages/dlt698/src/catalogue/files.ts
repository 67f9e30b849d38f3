import { any, bits, enumeration, flags, leaf, list, nothing, octets, oi, structure, text, u16, u32 } from './layouts.js'
import type { ObjectRow } from './model.js'
import { attribute, method, objectsOf } from './objects.js'
import { securityModeWords } from './security-modes.js'

const object = objectsOf('§8.7')

const FILE = structure(
  ['source file', '源文件', text],
  ['target file', '目标文件', text],
  ['size', '文件大小', leaf('double-long-unsigned', 0, 'B')],
  ['attributes', '文件属性', flags({ 0: ['read', '读'], 1: ['write', '写'], 2: ['execute', '执行'] })],
  ['version', '文件版本', text],
  ['kind', '文件类别', enumeration({
    0: ['terminal', '终端文件'], 1: ['local module', '本地通信模块文件'], 2: ['remote module', '远程通信模块文件'], 3: ['collector', '采集器文件'],
    4: ['slave node module', '从节点通信模块文件'], 255: ['other', '其它文件'],
  })],
)

/** UNSURE: 0 is CRC in one source; 1, 2 and 255 are general knowledge. The recorded start carries 0 with an empty value. */
const CHECK = structure(
  ['kind', '校验类型', enumeration({ 0: ['CRC', 'CRC校验'], 1: ['MD5', 'MD5校验'], 2: ['SHA1', 'SHA1校验'], 255: ['other', '其它'] })], ['value', '校验值', octets],
)

/** Blocks count from 0, bit 0 of the bitmap is block 0 (UNSURE). Sizes and numbers are u16; one tool sends u32. */
const BLOCK = structure(['block number', '块序号', u16], ['bytes', '块数据', octets])

const common = (name: string, nameZh: string) => ({
  2: attribute(`${name}: file information`, `${nameZh}文件信息`, FILE, { access: 'read' }),
  3: attribute(`${name}: command result`, `${nameZh}命令结果`, enumeration(), { access: 'read' }),
})

/** File transfer, class 18. */
export const files: readonly ObjectRow[] = [
  object('F000', 18, 'File transfer frame by frame', '文件分帧传输管理', {
    attributes: common('File by frame', '分帧传输'), methods: { 7: method('Download', '下载', any), 8: method('Upload', '上传', any) },
  }),
  object('F001', 18, 'File transfer block by block', '文件分块传输管理', {
    attributes: { ...common('File by block', '分块传输'), 4: attribute('Block bitmap', '传输块状态字', bits, { access: 'read', confidence: 'recorded' }) },
    methods: {
      1: method('Reset', '复位', leaf('integer'), { confidence: 'recorded' }),
      7: method('Start transfer', '启动传输', structure(['file', '文件信息', FILE], ['block size', '传输块大小', u16], ['check', '校验', CHECK]), { confidence: 'recorded' }),
      8: method('Write block', '写文件', BLOCK, { confidence: 'recorded' }),
      9: method('Read block', '读文件', u16, { returns: BLOCK }),
      10: method('Software compare', '软件比对', any),
    },
  }),
  object('F002', 18, 'File transfer by FTP', '文件传输扩展(FTP)管理'),
]

const MODE = structure(['object', '对象标识', oi], ['mode', '安全模式', { ...u16, meaning: securityModeWords }])
const sidMac = leaf('sid-mac')
const keyUpdate = structure(['data', '数据', octets], ['verification', '安全标识及MAC', sidMac])

/** ESAM and security mode. */
export const security: readonly ObjectRow[] = [
  object('F100', 21, 'ESAM', 'ESAM', {
    attributes: {
      2: attribute('Serial number', 'ESAM序列号', octets, { access: 'read', confidence: 'recorded' }),
      3: attribute('Version', 'ESAM版本号', octets, { access: 'read' }),
      4: attribute('Symmetric key version', '对称密钥版本', octets, { access: 'read' }),
      5: attribute('Session threshold', '会话时效门限', u32, { access: 'read' }),
      6: attribute('Session time remaining', '会话时效剩余时间', u32, { access: 'read' }),
      7: attribute('Counters', '当前计数器', structure(
        ['single address counter', '单地址应用协商计数器', u32], ['active report counter', '主动上报计数器', u32], ['group and broadcast counter', '应用广播通信序列号', u32],
      ), { access: 'read' }),
      8: attribute('Certificate versions', '证书版本', structure(['terminal', '终端证书版本', any], ['master station', '主站证书版本', any]), { access: 'read' }),
      9: attribute('Terminal certificate serial number', '终端证书序列号', octets, { access: 'read' }),
      10: attribute('Terminal certificate', '终端证书', octets, { access: 'read' }),
      11: attribute('Master station certificate serial number', '主站证书序列号', octets, { access: 'read' }),
      12: attribute('Master station certificate', '主站证书', octets, { access: 'read' }),
      13: attribute('ESAM object list', 'ESAM安全存储对象列表', any, { access: 'read' }),
    },
    methods: {
      3: method('ESAM operation', 'ESAM数据读取', leaf('sid'), { returns: octets }),
      4: method('Data update', '数据更新', keyUpdate),
      5: method('End session', '协商失效', nothing, { returns: leaf('date-time-s') }),
      6: method('Wallet operation', '钱包操作', any),
      7: method('Key update', '密钥更新', keyUpdate),
      8: method('Certificate update', '证书更新', structure(['data', '数据', octets], ['security identifier', '安全标识', leaf('sid')])),
      9: method('Set session validity', '设置协商时效', structure(['data', '数据', octets], ['verification', '安全标识', any]), { confidence: 'unsure' }),
      10: method('Wallet initialise 1', '钱包初始化1', any, { confidence: 'unsure' }),
      11: method('Wallet initialise 2', '钱包初始化2', any, { confidence: 'unsure' }),
    },
  }),
  object('F101', 8, 'Security mode', '安全模式参数', {
    attributes: {
      2: attribute('Security mode', '安全模式选择', enumeration({ 0: ['off', '不启用安全模式参数'], 1: ['on', '启用安全模式参数'] })),
      3: attribute('Explicit security modes', '显式安全模式参数', list(MODE)),
    },
    methods: {
      1: method('Clear', '复位', leaf('integer')),
      127: method('Add', '增加显式对象安全模式', MODE),
      128: method('Delete', '删除显式对象安全模式', leaf('oi')),
      129: method('Add several', '批量增加显式对象安全模式', list(MODE)),
    },
  }),
]
