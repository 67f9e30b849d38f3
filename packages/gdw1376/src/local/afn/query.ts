import { hexOctets, nothing, reversedHex, sequence, u16le, u8 } from '@zhuzhan/codec'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'
import { A20 } from '../../formats/index.js'
import { coded } from '../../wire/codes.js'
import { listToEnd } from '../../wire/lists.js'
import { BANDS } from '../catalogue/codes.js'
import { Node } from '../link/address.js'

const asked = { down: nothing }

/** F1: 9 bytes. */
export const VendorVersion = sequence({ vendor: hexOctets(2), chip: hexOctets(2), versionDate: A20, version: hexOctets(2) })

/**
 * F10, 39 bytes and 2 per rate. The two dates keep their three bytes as hex, highest first: the order of their digits is
 * not said. The 9 bytes of the vendor are read like F1, which has as many.
 */
export const RunMode = sequence({
  modeWord: hexOctets(6), maxTimeout: u8, broadcastTimeout: u16le, maxFrame: u16le, maxPacket: u16le, upgradeWait: u8,
  master: Node, maxNodes: u16le, currentNodes: u16le, protocolDate: reversedHex(3), registrationDate: reversedHex(3),
  vendorVersion: VendorVersion, rates: listToEnd(u16le),
})

const Capability = sequence({ queriedAfn: hexOctets(1), capabilities: hexOctets(32) })

/** AFN 03. The module sends F10 by itself after power-up. Reference §B3, §B6. */
export const query: AfnTable = {
  afn: 0x03, en: 'Query', zh: '查询数据',
  rows: [
    row(1, 'Vendor code and version', '厂商代码和版本信息', { ...asked, up: VendorVersion }),
    row(2, 'Noise', '噪声值'),
    row(3, 'Listened nodes', '载波从节点监听信息'),
    row(4, 'Address of the master node', '主节点地址', { ...asked, up: sequence({ master: Node }) }),
    row(5, 'State and rate of the master node', '主节点状态字和通信速率'),
    row(6, 'Interference of the master node', '主节点干扰状态'),
    row(7, 'Timeout of slave monitoring', '从节点监控最大超时时间'),
    row(8, 'Radio parameters', '无线通信参数'),
    row(9, 'Duration of a broadcast', '通信延时相关广播通信时长'),
    row(10, 'Run mode of the local module', '本地通信模块运行模式信息', { ...asked, up: RunMode }),
    row(11, 'Supported functions of an AFN', '本地通信模块AFN索引', { down: sequence({ queriedAfn: hexOctets(1) }), up: Capability }),
    row(12, 'Module id', '本地主节点通信模块ID'),
    row(16, 'Frequency band', '宽带载波通信参数(频段)', { ...asked, up: sequence({ band: coded(u8, BANDS) }) }),
    row(100, 'Field-strength threshold', '场强门限', { ...asked, up: sequence({ fieldStrength: u8 }) }),
  ],
}

/** AFN 04. Reference §B3. */
export const linkTest: AfnTable = {
  afn: 0x04, en: 'Link test', zh: '链路接口检测',
  rows: [row(1, 'Send test', '发送测试'), row(2, 'Name call of a slave node', '从节点点名'), row(3, 'Message test of the module', '本地通信模块报文通信测试')],
}
