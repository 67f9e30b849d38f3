import type { LocalFrame } from './frame.js'
import type { LocalAddress } from './link/address.js'
import type { DownInformation } from './link/information.js'

/** What every request needs besides its data. */
export interface LocalRequestOptions {
  /** 0 to 255; the answer repeats it. */
  sequence: number
  /** Word of MODES; HPLC unless said. */
  mode?: string
  /** Makes the frame one for a slave node: sets the module flag and the relay level. */
  address?: LocalAddress
  /** Other members of R; all 0 unless said. */
  information?: Partial<Omit<DownInformation, 'module' | 'relayLevel' | 'sequence'>>
}

function request(afn: string, fn: number, { sequence, mode = 'hplc', address, information }: LocalRequestOptions, data?: object): LocalFrame {
  const usual = { route: false, attached: false, collisionCheck: false, channel: 0, errorCorrection: 0, answerBytes: 0, rateAndUnit: 0 }
  return {
    control: { dir: 0, prm: 1, mode },
    information: { ...usual, ...information, module: address !== undefined, relayLevel: address?.relays?.length ?? 0, sequence },
    ...(address && { address }),
    afn,
    fn: [fn],
    ...(data && { data: { ...data } }),
  }
}

/** AFN 01: F1 hardware, F2 parameters, F3 data. */
export function initialiseModule(area: 'hardware' | 'parameters' | 'data', options: LocalRequestOptions): LocalFrame {
  return request('01', ['hardware', 'parameters', 'data'].indexOf(area) + 1, options)
}

/** A node and the protocol of its meter, a word of PROTOCOLS. */
export interface ArchiveNode {
  address: string
  protocol: string | number
}

/** 11 F1: into the archive, which is the white list too. */
export function addNodes(nodes: readonly ArchiveNode[], options: LocalRequestOptions): LocalFrame {
  return request('11', 1, options, { nodes })
}

/** 11 F2: out of the archive. */
export function deleteNodes(addresses: readonly string[], options: LocalRequestOptions): LocalFrame {
  return request('11', 2, options, { addresses })
}

/** AFN 12: the router reads by itself until it is paused; a single read is put between pause and resume. Reference §B6. */
export function routeCommand(command: 'restart' | 'pause' | 'resume', options: LocalRequestOptions): LocalFrame {
  return request('12', ['restart', 'pause', 'resume'].indexOf(command) + 1, options)
}

export interface MeterRequest {
  protocol: string | number
  /** Frame for the meter, hex; for a concurrent read it may be several. */
  content: string
}

/** A request for a slave node needs its address. */
export type NodeRequestOptions = LocalRequestOptions & { address: LocalAddress }

export interface NodeRead extends MeterRequest {
  /** Nodes attached to the one that is read. */
  attached?: readonly string[]
  delayFlag?: number
}

/** 13 F1: read one slave node. */
export function readNode({ protocol, content, attached = [], delayFlag = 0 }: NodeRead, options: NodeRequestOptions): LocalFrame {
  return request('13', 1, options, { protocol, delayFlag, attached, content })
}

/** F1 F1: read one slave node while others are being read; how many at a time 03 F10 tells. */
export function readNodeConcurrently({ protocol, content }: MeterRequest, options: NodeRequestOptions): LocalFrame {
  return request('F1', 1, options, { protocol, reserved: 0, content })
}

/** 05 F3: to all nodes. */
export function broadcast({ protocol, content }: MeterRequest, options: LocalRequestOptions): LocalFrame {
  return request('05', 3, options, { protocol, content })
}

const NODE_LISTS = { topology: 21, phases: 31, chips: 112 } as const

/** 10 F21, F31, F112: nodes from number `start` on; number 1 is the CCO. */
export function queryNodes(list: keyof typeof NODE_LISTS, { start, count }: { start: number; count: number }, options: LocalRequestOptions): LocalFrame {
  return request('10', NODE_LISTS[list], options, { start, count })
}

/** 00 F1, the answer to a report of the module: without data, as devices were seen to send, or with a state. */
export function confirmReport(frame: LocalFrame, data?: { state: { command: number; freeChannels: readonly number[] }; wait: number }): LocalFrame {
  const answer = request('00', 1, { sequence: frame.information.sequence, mode: frame.control.mode }, data)
  return { ...answer, control: { ...answer.control, prm: 0 } }
}
