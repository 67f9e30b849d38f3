export { authenticatedAddress, authenticatedAddressOf, authenticatedAddressOfNumber, dispersionOfNumber } from './address.js'
export { BROADCAST_LIMITS, BROADCAST_SID, BROADCAST_TIME, broadcastAddress, broadcastAttach, broadcastRequest, readBroadcastAttach, signBroadcast, verifyBroadcast } from './broadcast.js'
export { certificateName, checkCertificateRole } from './certificates.js'
export type { CertificateRole } from './certificates.js'
export { AGSEQ_WINDOW, ASCTR_ALARM, ASCTR_WINDOW, MAX_SEQ, agseqAccepted, asctrAccepted, judgeCounterAnswer, sessionSecondsAccepted } from './counters.js'
export type { CounterVerdict } from './counters.js'
export { dataText, describeMandate, describeOrder, describeTicket } from './describe.js'
export type { Described } from './describe.js'
export { createOsp1Device, memoryStore } from './device/index.js'
export type {
  ActContext,
  DeviceFirmware,
  DeviceEvent,
  DeviceState,
  DeviceStore,
  Osp1Device,
  Osp1DeviceOptions,
  Received,
  ReportToSend,
} from './device/index.js'
export { CHIP_OPERATION, KEY_UPDATE, challengeOf, keyUpdateOf, keyUpdateRequest, manifestRequest, octetsOf, octetsResponse } from './field-apdus.js'
export { FILE_BITMAP, FILE_BLOCK, FILE_START, FIRMWARE_CHECK, fileBlockRequest, fileStartOf, firmwareStart, withCheckValue } from './file-transfer.js'
export type { FileStart } from './file-transfer.js'
export { MAX_IMAGE_BYTES, decodeFirmwareFile, encodeFirmwareFile, firmwareFileFault, prepareFirmware } from './firmware-file.js'
export type { FirmwareFault, FirmwareFile, FirmwareTerms } from './firmware-file.js'
export { decodeFirmwareManifest, encodeFirmwareManifest, stationReleaseInput, unwrapImageKey, wrapImageKey } from './firmware.js'
export type { FirmwareManifest } from './firmware.js'
export { readKeyFile } from './key-file.js'
export type { DeviceKeys, DeviceModule, KeyFile, KeyFileModule } from './key-file.js'
export {
  checkStage,
  decodeUpdateAnswer,
  decodeUpdateHead,
  encodeStage,
  encodeUpdateAnswer,
  encodeUpdateHead,
  openStage,
} from './key-update.js'
export type { ActiveKeys, KeyUpdateAnswer, KeyUpdateHead, UpdateStep, WrappedKey } from './key-update.js'
export { DERIVED, PURPOSE, PURPOSES, deriveKey, deviceContext, diversificationBlock, diversify, keyCheckValue, prf, prfMessage, regionRoot } from './keys.js'
export type { DerivedKey, Purpose } from './keys.js'
export { decodeMandate, encodeMandate, mandateApproverInput, mandateOperatorInput, verifyMandate } from './mandate.js'
export type { Mandate } from './mandate.js'
export { decodeManifest, encodeManifest, judgeModule, moduleMac } from './manifest.js'
export type { ManifestContext, ModuleEntry, ModuleFinding } from './manifest.js'
export { acceptAnswerF, acceptConnectF, acceptCounterAnswerF, answerF, completeAnswerF, connectF, counterAnswerF } from './mode-f.js'
export type { FAnswer, FContext, FRequest, Sm2Verifier } from './mode-f.js'
export {
  acceptAnswerS,
  acceptConnectS,
  acceptCounterAnswerS,
  answerS,
  connectS,
  counterAnswerS,
  handshakeKeys,
  sessionKeysS,
} from './mode-s.js'
export type { HandshakeKeys, SAnswer, SContext, SRequest } from './mode-s.js'
export { HEADER_LENGTH, commonHeader, headerWithinOffer } from './offer.js'
export { NOBODY, decodeOrder, encodeOrder, firstOrderInput, foundingInput, secondOrderInput } from './order.js'
export type { Order } from './order.js'
export { ALLOWANCES, PERSON_STATES, ROLES } from './order-body.js'
export type { Allowance, BoundModule, OrderBody, OrderKind, PersonState, PolicyEntry, Role } from './order-body.js'
export { PROOF_RN_LENGTH, PROOF_VALID_MS, signReadProof, verifyReadProof } from './read-proof.js'
export { checkInnerTag, innerTagAllowed, openRecord, sealRecord, tagLength } from './record.js'
export type { Direction, RecordAddress, RecordHead, RecordMode, SealedRecord } from './record.js'
export { REPORT_TAG, RN_LENGTH, openReport, reportRn, rspctrOf, sealReport, signReportAnswer, verifyReportAnswer } from './report.js'
export type { SealedReport } from './report.js'
export { KNOWN_REPORT, REPORT_WINDOW, ReportWindow, knownReports } from './report-window.js'
export type { KnownReport, ReportVerdict } from './report-window.js'
export { erase } from './session-keys.js'
export type { SessionKeys } from './session-keys.js'
export { softStaticKey, softStationKey } from './static-key.js'
export type { AgreedKey, Agreement, AgreementPeer, StaticKey, StationKey } from './static-key.js'
export { TASKS, isTask, taskOf } from './tasks.js'
export type { Task } from './tasks.js'
export { describeSigned, signedInput } from './signed-message.js'
export { MAX_TICKET_DEVICES, approverInput, decodeTicket, encodeTicket, operatorInput, ticketTimely, verifyTicket } from './ticket.js'
export type { Ticket, TicketService, TicketSignatures } from './ticket.js'
export { localDateTime, ticketApdu } from './ticket-apdu.js'
export { onlyAllowsClosing, signedApdu, ticketContent, ticketReach } from './ticket-content.js'
export type { TicketContent, TicketItem, TicketReach } from './ticket-content.js'
export { commandIsRead, commandMeter } from './trans-command.js'
export { runVectors } from './vectors/run.js'
export type { VectorFailure, VectorReport } from './vectors/run.js'
export {
  parseSecurityRequest,
  parseSecurityResponse,
  readRecordRequest,
  readRecordResponse,
  recordRequest,
  recordResponse,
} from './wire.js'
export type { RequestParts } from './wire.js'
