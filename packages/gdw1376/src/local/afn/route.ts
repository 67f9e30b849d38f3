import { hexOctets, listOf, nothing, prefixedHex, sequence, u16le, u32le, u8 } from '@zhuzhan/codec'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'
import { Moment } from '../../formats/index.js'
import { Node } from '../link/address.js'
import { Carried, CarriedLong, ProtocolType } from './carried.js'

const none = { down: nothing, up: nothing }

/** 11 F1: this archive is the white list. Reference §B5. */
export const AddNodes = sequence({ nodes: listOf(sequence({ address: Node, protocol: ProtocolType }), { count: u8, least: 7 }) })
/** 11 F2 */
export const DeleteNodes = sequence({ addresses: listOf(Node, { count: u8, least: 6 }) })
/** 11 F5: from when, for how many minutes, repetitions, time slots. */
export const Registration = sequence({ time: Moment, minutes: u16le, retries: u8, slots: u8 })

/** AFN 11. Reference §B3, §B5. */
export const routeSet: AfnTable = {
  afn: 0x11, en: 'Route set', zh: '路由设置',
  rows: [
    row(1, 'Add nodes', '添加从节点', { down: AddNodes }),
    row(2, 'Delete nodes', '删除从节点', { down: DeleteNodes }),
    row(3, 'Fixed relay of a node', '设置从节点固定中继路径'),
    row(4, 'Mode of the router', '设置路由工作模式'),
    row(5, 'Start registration', '激活从节点主动注册', { down: Registration }),
    row(6, 'Stop registration', '终止从节点主动注册', none),
    row(100, 'Network size', '设置网络规模'),
    row(101, 'Start maintenance', '启动网络维护进程'),
    row(102, 'Start networking', '启动组网'),
  ],
}

/** AFN 12. Reference §B3. */
export const routeControl: AfnTable = {
  afn: 0x12, en: 'Route control', zh: '路由控制',
  rows: [row(1, 'Restart', '重启', none), row(2, 'Pause', '暂停', none), row(3, 'Resume', '恢复', none)],
}

/** 13 F1 to the module: with the nodes attached to the one that is read. */
export const ReadRequest = sequence({ protocol: ProtocolType, delayFlag: u8, attached: listOf(Node, { count: u8, least: 6 }), content: prefixedHex(u8) })
/** 13 F1 from it: how many seconds it took. */
export const ReadReply = sequence({ delay: u16le }, Carried)

/** AFN 13. Reference §B3. */
export const routeForward: AfnTable = {
  afn: 0x13, en: 'Route data forward', zh: '路由数据转发',
  rows: [row(1, 'Read a slave node', '监控从节点', { down: ReadRequest, up: ReadReply })],
}

/** AFN 14: the module asks the concentrator. Reference §B3. */
export const routeRead: AfnTable = {
  afn: 0x14, en: 'Route data read', zh: '路由数据抄读',
  rows: [
    row(1, 'What to read', '路由请求抄读内容'),
    row(2, 'Clock', '路由请求集中器时钟'),
    row(3, 'Correction of the communication delay', '请求依通信延时修正通信数据'),
    row(4, 'AC sampling data', '路由请求交采信息'),
  ],
}

/** 15 F1 */
export const FileSegment = sequence({
  fileId: hexOctets(1), fileAttribute: hexOctets(1), fileCommand: hexOctets(1), segments: u16le, segment: u32le, content: prefixedHex(u16le),
})

/** AFN 15. Reference §B3. */
export const file: AfnTable = {
  afn: 0x15, en: 'File transfer', zh: '文件传输',
  rows: [row(1, 'File transfer, segment by segment', '文件传输方式1', { down: FileSegment, up: sequence({ segment: u32le }) })],
}

/** F1 F1 to the module; several frames of the meter's protocol may stand in one request. */
export const ConcurrentRequest = sequence({ protocol: ProtocolType, reserved: u8, content: prefixedHex(u16le) })

/** AFN F1: as many reads at a time as 03 F10 allows. Reference §B3. */
export const concurrent: AfnTable = {
  afn: 0xf1, en: 'Concurrent read', zh: '并发抄表',
  rows: [row(1, 'Concurrent read', '集中器主动并发抄表', { down: ConcurrentRequest, up: CarriedLong })],
}

/** AFN of vendors. Reference §B3. */
export const vendors: readonly AfnTable[] = [
  { afn: 0xf0, en: 'Internal debugging', zh: '内部调试', rows: [] },
  { afn: 0x20, en: 'Vendor extension', zh: '厂商扩展', rows: [] },
]
