import { bits, convert, hexOctets, listOf, nothing, prefixedHex, sequence, u16le, u24le, u8 } from '@zhuzhan/codec'
import type { ByteReader, Codec, Fields } from '@zhuzhan/codec'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'
import { coded, numberOf, wordOf } from '../../wire/codes.js'
import { fixedList } from '../../wire/lists.js'
import { inline } from '../../wire/members.js'
import { DEVICE_TYPES, ID_TYPES, ROLES } from '../catalogue/codes.js'
import { Node } from '../link/address.js'
import { PhaseInformation } from './phase-information.js'

/** Which nodes of a list are asked for; number 1 is the CCO, and every round starts from 1. */
export const NodeRange = sequence({ start: u16le, count: u8 })

/** Total, first number, then so many nodes. */
const nodes = <T>(node: Codec<T>, least: number) => sequence({ total: u16le, start: u16le, nodes: listOf(node, { count: u8, least }) })

const LevelAndRole = convert(
  bits(u8, { level: [0, 4], role: [4, 4] }),
  ({ level, role }) => ({ level, role: wordOf(ROLES, role) }),
  ({ level, role }) => ({ level, role: numberOf(ROLES, role) }),
)

/** F21: place of a node in the network tree; the CCO is TEI 1. */
export const TopologyNode = sequence({ address: Node, tei: u16le, proxyTei: u16le }, inline(LevelAndRole))

/** 24 bytes; hex as sent. Reference §B4. */
export const ChipId = sequence({
  prefix: hexOctets(6), class: hexOctets(1), vendor: hexOctets(2), model: hexOctets(2), serial: hexOctets(5), check: hexOctets(8),
})
const CHIP_ID_SIZE = 24

/** F112 */
export const ChipNode = sequence({ address: Node, deviceType: coded(u8, DEVICE_TYPES), chipId: ChipId, version: hexOctets(2) })

/** F40: of which node which id is asked for. */
export const IdRequest = sequence({ deviceType: coded(u8, DEVICE_TYPES), address: Node, idType: coded(u8, ID_TYPES) })

/** A chip id of 24 bytes by its parts, anything else (a module id has 11) as hex. */
const IdBody: Fields<{ chipId?: object; id?: string }> = {
  readInto: (r, target) => {
    if (target['idType'] !== 'chip' || r.source[r.offset] !== CHIP_ID_SIZE) return Id.readInto(r, target)
    r.u8()
    target['chipId'] = r.trace === undefined ? ChipId.read(r) : r.traced('chipId', ChipId)
  },
  read: (r) => Id.read(r),
  write: (w, value) => {
    if (value.chipId === undefined) return Id.write(w, value as { id: string })
    w.u8(CHIP_ID_SIZE)
    ChipId.write(w, value.chipId as never)
  },
}
const Id = sequence({ id: prefixedHex(u8) })

/** F40 */
export const IdAnswer = sequence(IdRequest, IdBody)

export interface Neighbours {
  /** Own network id, 1 to 16777215. */
  network: number
  cco: string
  neighbours: number[]
}

/** F111: the count of neighbours comes first, their ids at the end. */
export const NeighbourNetworks: Fields<Neighbours> = {
  readInto: (r, target) => {
    const at = r.offset
    const part = <T>(name: string, codec: Codec<T>): T => r.trace === undefined ? codec.read(r) : r.traced(name, codec)
    const count = part('neighbourCount', u8)
    target['network'] = part('network', u24le)
    target['cco'] = part('cco', Node)
    r.checkCount(count, at, 3)
    target['neighbours'] = part('neighbours', fixedList(count, u24le))
  },
  read: (r: ByteReader) => {
    const target: Record<string, unknown> = {}
    NeighbourNetworks.readInto(r, target)
    return target as unknown as Neighbours
  },
  write: (w, { network, cco, neighbours }) => {
    w.u8(neighbours.length)
    u24le.write(w, network)
    Node.write(w, cco)
    fixedList(neighbours.length, u24le).write(w, neighbours)
  },
}

/** AFN 10. Reference §B3, §B4. */
export const routeQuery: AfnTable = {
  afn: 0x10, en: 'Route query', zh: '路由查询',
  rows: [
    row(1, 'Node counts', '从节点数量'),
    row(2, 'Node information', '从节点信息'),
    row(3, 'Upper relay of a node', '指定从节点的上一级中继路由信息'),
    row(4, 'Run state of the router', '路由运行状态'),
    row(5, 'Nodes not read', '未抄读成功的从节点信息'),
    row(6, 'Actively registered nodes', '主动注册的从节点信息'),
    row(7, 'Ids of slave nodes', '从节点ID信息'),
    row(9, 'Size of the HPLC network', 'HPLC网络规模'),
    row(21, 'Topology', '网络拓扑信息', { down: NodeRange, up: nodes(TopologyNode, 11) }),
    row(31, 'Phase information', '相位信息', { down: NodeRange, up: nodes(sequence({ address: Node, phase: PhaseInformation }), 8) }),
    row(40, 'Id of a node', '流水线查询ID信息', { down: IdRequest, up: IdAnswer }),
    row(100, 'Network size', '网络规模'),
    row(101, 'Micro-power radio nodes', '微功率无线从节点信息'),
    row(104, 'Module version after upgrade', '升级后模块版本信息'),
    row(111, 'Neighbour networks', '多网络信息', { down: nothing, up: NeighbourNetworks }),
    row(112, 'Chip information', '芯片信息', { down: NodeRange, up: nodes(ChipNode, 33) }),
  ],
}

