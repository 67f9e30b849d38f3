import { EncodeError, listOf, prefixedHex, restHex, sequence, sized, u16le, u8 } from '@zhuzhan/codec'
import type { Codec, Fields } from '@zhuzhan/codec'
import { row } from '../../afn-table.js'
import type { AfnTable, Layout } from '../../afn-table.js'
import { coded } from '../../wire/codes.js'
import { listToEnd } from '../../wire/lists.js'
import { FINISHED, LIVE_STATES, POWER_EVENTS, REPORTING_DEVICES, REPORT_KINDS } from '../catalogue/codes.js'
import { Node } from '../link/address.js'
import { ProtocolType } from './carried.js'

/** F1 */
export const NodeReport = sequence({ nodes: listOf(sequence({ address: Node, protocol: ProtocolType, nodeSequence: u16le }), { count: u8, least: 9 }) })

/** F2: what the router has read by itself; delay in seconds. */
export const ReadReport = sequence({ nodeSequence: u16le, protocol: ProtocolType, delay: u16le, content: prefixedHex(u8) })

/** F4: a node and the meters behind it, at most 8 of at most 32 in one report. */
export const DeviceReport = sequence({
  address: Node, protocol: ProtocolType, nodeSequence: u16le, deviceType: u8, subMeterCount: u8,
  subMeters: listOf(sequence({ address: Node, protocol: ProtocolType }), { count: u8, max: 8, least: 7 }),
})

const PowerEvent = sequence({ event: coded(u8, POWER_EVENTS), addresses: listToEnd(Node) })
const CollectorPowerEvent = sequence({ event: coded(u8, POWER_EVENTS), meters: listToEnd(sequence({ address: Node, state: coded(u8, LIVE_STATES) })) })
const RejectedNodes = sequence({ rejected: listOf(sequence({ address: Node, deviceType: u8 }), { count: u8, max: 32, least: 7 }) })
/** A status word is a frame of the meter's protocol; reports of other kinds are hex, too. */
const StatusWord = sequence({ frame: restHex })

const Reporter = sequence({ device: coded(u8, REPORTING_DEVICES), kind: coded(u8, REPORT_KINDS) })

/** What an event report holds, by who reports what. Reference §B5. */
function reportOf({ device, kind }: { device: unknown; kind: unknown }): Layout {
  if (kind === 'rejected-nodes') return RejectedNodes
  if (kind === 'power-event') return device === 'collector' ? CollectorPowerEvent : PowerEvent
  return StatusWord
}

export interface EventReportValue {
  /** Word of REPORTING_DEVICES. */
  device: string | number
  /** Word of REPORT_KINDS. */
  kind: string | number
  report: Record<string, unknown>
}

/** F5: device type, protocol type, length, content. */
export const EventReport: Fields<EventReportValue> = {
  readInto: (r, target) => {
    Reporter.readInto(r, target)
    const report: Codec<Record<string, unknown>> = sized(u8, reportOf(target as unknown as EventReportValue))
    target['report'] = r.trace === undefined ? report.read(r) : r.traced('report', report)
  },
  read: (r) => {
    const target: Record<string, unknown> = {}
    EventReport.readInto(r, target)
    return target as unknown as EventReportValue
  },
  write: (w, value) => {
    Reporter.write(w, value)
    if (value.report === undefined) throw new EncodeError('report', 'what is reported')
    sized(u8, reportOf(value)).write(w, value.report)
  },
}

/** AFN 06, sent by the module. Reference §B3, §B5. */
export const reports: AfnTable = {
  afn: 0x06, en: 'Active report', zh: '主动上报',
  rows: [
    row(1, 'Slave nodes', '上报从节点信息', { up: NodeReport }),
    row(2, 'Read data', '上报抄读数据', { up: ReadReport }),
    row(3, 'Router finished', '上报路由工况变动信息', { up: sequence({ finished: coded(u8, FINISHED) }) }),
    row(4, 'Slave node with its device type and sub-meters', '上报从节点信息及设备类型', { up: DeviceReport }),
    row(5, 'Event of a slave node', '上报从节点事件', { up: EventReport }),
  ],
}
