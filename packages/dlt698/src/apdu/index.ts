export type {
  ActionRequest, ActionResponse, Apdu, ApduName, ApduOf, ConnectRequest, ConnectResponse, GetRequest, GetResponse, LeftOff, LinkRequest,
  LinkResponse, ProxyRequest, ProxyResponse, ReportNotification, ReportResponse, SecurityRequest, SecurityResponse, SetRequest, SetResponse,
} from './apdu.js'
export { leafColumns, leafRows, rowColumns } from './columns.js'
export type { LeafColumn } from './columns.js'
export { decodeConnectHeader, encodeConnectHeader } from './connect.js'
export type { ConnectHeader, Mechanism } from './connect.js'
export { decodeApdu, encodeApdu } from './decode.js'
export type { DecodeApduOptions } from './decode.js'
export type { Piid } from './members.js'
export type { RecordRequest, ResultRecord } from './records.js'
export type {
  Assigned, AssignedThenGot, Assignment, AssignmentThenGet, MethodCall, MethodCallThenGet, MethodResult, MethodResultThenGot, ResultNormal,
} from './results.js'
export type { Verification } from './security.js'
export type { FollowReport, TimeTag } from './tail.js'
