import type { Apdu, ApduOf, GetRequest, GetResponse, Oad, Piid, RecordRequest, ResultNormal, ResultRecord, TimeTag } from '@zhuzhan/dlt698'
import { readAttribute } from './attributes.js'
import { firstBlock, nextBlock, shortened } from './blocks.js'
import type { BlockTransfer } from './blocks.js'
import { DAR } from './dar.js'
import { clockOf } from './device.js'
import type { Device } from './device.js'
import { callMethod, isControl } from './methods.js'
import { proxied } from './proxy.js'
import { readRecord } from './records.js'
import { readTaskRecords } from './task-records.js'
import { expired } from './time-tag.js'
import { writeAttribute } from './write.js'

/** What answers: a terminal, the meters behind it, and the block transfer it is in. */
export interface Server {
  readonly terminal: Device
  readonly meters: ReadonlyMap<string, Device>
  transfer: BlockTransfer | undefined
  /** Meters that do not answer their terminal now. */
  isSilent(meter: string): boolean
}

export interface Answer {
  apdu: Apdu
  /** A relay or its permission was moved. */
  control: boolean
  /** Meters that were asked on the line behind the terminal, and those of them that kept silent: they take time. */
  asked: number
  silent: number
  /** The longest a silent meter was waited for, seconds; 0 the terminal's default. */
  waitSeconds: number
}

/**
 * The answer of a server to one client APDU (reference §4.3 to §4.9), or `undefined` when there is none to give. The
 * answer repeats priority and number of the PIID and the time tag. `limit`: agreed APDU size. `nowMs`: true time.
 */
export function serve(server: Server, request: Apdu, nowMs: number, limit: number, acd = false): Answer | undefined {
  if (!('piid' in request)) return undefined
  const piid: Piid = { ...request.piid, acd }
  const timeTag = 'timeTag' in request ? request.timeTag : undefined
  const late = expired(timeTag, clockOf(server.terminal, nowMs), server.terminal.meter.zone)
  const tail = { piid, followReport: undefined, timeTag }
  const plain = (apdu: Apdu, control = false): Answer => ({ apdu, control: control && !late, asked: 0, silent: 0, waitSeconds: 0 })
  const { terminal } = server

  switch (request.apdu) {
    case 'get-request': return plain(get(server, request, nowMs, limit, { piid, timeTag }, late))
    case 'set-request': {
      const write = (oad: Oad, data: Parameters<typeof writeAttribute>[2]): number => late ? DAR.timeTagInvalid : writeAttribute(terminal, oad, data, nowMs)
      switch (request.choice) {
        case 'normal': return plain({ apdu: 'set-response', choice: 'normal', ...tail, oad: request.oad, dar: write(request.oad, request.data) })
        case 'normal-list': return plain({
          apdu: 'set-response', choice: 'normal-list', ...tail, results: request.items.map(({ oad, data }) => ({ oad, dar: write(oad, data) })),
        })
        default: return plain({
          apdu: 'set-response', choice: 'then-get-list', ...tail,
          results: request.items.map(({ oad, data, readOad }) => ({ oad, dar: write(oad, data), read: normal(terminal, readOad, nowMs, late) })),
        })
      }
    }
    case 'action-request': {
      const call = (omd: Oad, parameter: Parameters<typeof callMethod>[2]): { omd: Oad; dar: number; data: undefined } =>
        ({ omd, dar: late ? DAR.timeTagInvalid : callMethod(terminal, omd, parameter, nowMs), data: undefined })
      switch (request.choice) {
        case 'normal': return plain({ apdu: 'action-response', choice: 'normal', ...tail, ...call(request.omd, request.parameter) }, isControl(request.omd))
        case 'normal-list': return plain(
          { apdu: 'action-response', choice: 'normal-list', ...tail, results: request.items.map(({ omd, parameter }) => call(omd, parameter)) },
          request.items.some(({ omd }) => isControl(omd)),
        )
        default: return plain({
          apdu: 'action-response', choice: 'then-get-list', ...tail,
          results: request.items.map(({ omd, parameter, readOad }) => ({ ...call(omd, parameter), read: normal(terminal, readOad, nowMs, late) })),
        }, request.items.some(({ omd }) => isControl(omd)))
      }
    }
    case 'proxy-request': {
      const answer = proxied(server, request, nowMs, tail, late)
      return answer.apdu.choice === 'get-record' ? { ...answer, apdu: shortened(answer.apdu, limit) } : answer
    }
    case 'release-request': return plain({ apdu: 'release-response', ...tail, result: 0 })
    case 'connect-request': case 'report-response': case 'link-response': return undefined
    // A service of the other direction or one that has no plain form.
    default: return plain({ apdu: 'error-response', side: 'server', ...tail, type: 2 })
  }
}

function get(server: Server, request: GetRequest, nowMs: number, limit: number, tail: { piid: Piid; timeTag: TimeTag | undefined }, late: boolean): Apdu {
  if (request.choice === 'next') {
    return late ? nextBlock(undefined, request.block, tail) : nextBlock(server.transfer, request.block, tail)
  }
  // MD5 is read by nobody and has no corroborated frame.
  if (request.choice === 'md5') return { apdu: 'error-response', side: 'server', followReport: undefined, ...tail, type: 2 }
  const { response, transfer } = firstBlock(getWhole(server, request, nowMs, { ...tail, followReport: undefined }, late), limit)
  server.transfer = transfer
  return response
}

function getWhole(server: Server, request: Exclude<GetRequest, { choice: 'next' | 'md5' }>, nowMs: number, tail: { piid: Piid; timeTag: TimeTag | undefined; followReport: undefined }, late: boolean): GetResponse {
  const { terminal } = server
  const record = (one: RecordRequest): ResultRecord => {
    if (late) return { oad: one.oad, rcsd: one.rcsd, dar: DAR.timeTagInvalid }
    return one.oad.startsWith('6012') ? readTaskRecords(terminal, server.meters, one, nowMs) : readRecord(terminal, one, nowMs)
  }
  switch (request.choice) {
    case 'normal': return { apdu: 'get-response', choice: 'normal', ...tail, result: normal(terminal, request.oad, nowMs, late) }
    case 'normal-list': return { apdu: 'get-response', choice: 'normal-list', ...tail, results: request.oads.map((oad) => normal(terminal, oad, nowMs, late)) }
    case 'record': return { apdu: 'get-response', choice: 'record', ...tail, record: record(request.record) }
    default: return { apdu: 'get-response', choice: 'record-list', ...tail, records: request.records.map(record) }
  }
}

/** One A-ResultNormal. An error in one item does not fail the others. */
export function normal(device: Device, oad: Oad, nowMs: number, late = false): ResultNormal {
  return late ? { oad, dar: DAR.timeTagInvalid } : { oad, ...readAttribute(device, oad, nowMs) }
}

export type ProxyAnswer = Answer & { apdu: ApduOf<'proxy-response'> }
