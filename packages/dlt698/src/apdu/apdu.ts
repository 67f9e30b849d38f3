import { variants } from '@zhuzhan/codec'
import type { Quirk, TypeOf } from '@zhuzhan/codec'
import { ActionRequest, ActionResponse } from './action.js'
import { ConnectRequest, ConnectResponse, ReleaseNotification, ReleaseRequest, ReleaseResponse } from './connect.js'
import { ClientError, ServerError } from './error.js'
import { GetRequest, GetResponse } from './get.js'
import { LinkRequest, LinkResponse } from './link.js'
import { ProxyRequest, ProxyResponse } from './proxy.js'
import { ReportNotification, ReportResponse } from './report.js'
import { SecurityRequest, SecurityResponse } from './security.js'
import { SetRequest, SetResponse } from './set.js'

/** Every service, reference §4. Of the compact services 45, 46, 49, C5, C6, C9 no layout is known: they do not decode. */
export const ApduTable = variants('a known service', [
  [0x01, { apdu: 'link-request' }, LinkRequest],
  [0x02, { apdu: 'connect-request' }, ConnectRequest],
  [0x03, { apdu: 'release-request' }, ReleaseRequest],
  [0x05, { apdu: 'get-request' }, GetRequest],
  [0x06, { apdu: 'set-request' }, SetRequest],
  [0x07, { apdu: 'action-request' }, ActionRequest],
  [0x08, { apdu: 'report-response' }, ReportResponse],
  [0x09, { apdu: 'proxy-request' }, ProxyRequest],
  [0x10, { apdu: 'security-request' }, SecurityRequest],
  [0x6e, { apdu: 'error-response', side: 'client' }, ClientError],
  [0x81, { apdu: 'link-response' }, LinkResponse],
  [0x82, { apdu: 'connect-response' }, ConnectResponse],
  [0x83, { apdu: 'release-response' }, ReleaseResponse],
  [0x84, { apdu: 'release-notification' }, ReleaseNotification],
  [0x85, { apdu: 'get-response' }, GetResponse],
  [0x86, { apdu: 'set-response' }, SetResponse],
  [0x87, { apdu: 'action-response' }, ActionResponse],
  [0x88, { apdu: 'report-notification' }, ReportNotification],
  [0x89, { apdu: 'proxy-response' }, ProxyResponse],
  [0x90, { apdu: 'security-response' }, SecurityResponse],
  [0xee, { apdu: 'error-response', side: 'server' }, ServerError],
])

/** What tolerant decoding had to overlook, so that the same bytes can be written again. */
export interface LeftOff {
  /** Tail bytes (FollowReport, TimeTag) that were not sent. */
  missing: number
  /** Bytes after the end, hex. */
  trailing: string
}

interface Leftovers {
  /** Legal but unusual forms (long lengths and the like); only there when there were some. */
  quirks?: Quirk[]
  /** Only in tolerant mode, and only when something was wrong. */
  leftOff?: LeftOff
}

type Body = TypeOf<typeof ApduTable>

/** One service primitive, discriminated by `apdu`, then `choice`. Buffers are views of the bytes that were decoded. */
export type Apdu = Body extends infer B ? B extends unknown ? B & Leftovers : never : never

export type ApduName = Apdu['apdu']
export type ApduOf<N extends ApduName> = Extract<Apdu, { apdu: N }>
export type GetRequest = ApduOf<'get-request'>
export type GetResponse = ApduOf<'get-response'>
export type SetRequest = ApduOf<'set-request'>
export type SetResponse = ApduOf<'set-response'>
export type ActionRequest = ApduOf<'action-request'>
export type ActionResponse = ApduOf<'action-response'>
export type ReportNotification = ApduOf<'report-notification'>
export type ReportResponse = ApduOf<'report-response'>
export type ProxyRequest = ApduOf<'proxy-request'>
export type ProxyResponse = ApduOf<'proxy-response'>
export type SecurityRequest = ApduOf<'security-request'>
export type SecurityResponse = ApduOf<'security-response'>
export type LinkRequest = ApduOf<'link-request'>
export type LinkResponse = ApduOf<'link-response'>
export type ConnectRequest = ApduOf<'connect-request'>
export type ConnectResponse = ApduOf<'connect-response'>
