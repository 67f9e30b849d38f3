import { encodeConnectHeader } from '@zhuzhan/dlt698'
import type { ConnectHeader } from '@zhuzhan/dlt698'

/**
 * What the station offers in every CONNECT: all services of the 2017 edition (protocol conformance bits 0-33), frames and
 * APDUs of these sizes, two hours. The device may agree on less, never on more (OSP-1 §7.0).
 */
export const OFFER: ConnectHeader = {
  version: 0x0016,
  protocolConformance: 'FFFFFFFFC0000000',
  functionConformance: 'FFFEC400000000000000000000000000',
  sendSize: 1024,
  receiveSize: 2048,
  window: 1,
  apduSize: 8192,
  timeoutSeconds: 7200,
}

export const OFFER_BYTES: Buffer = encodeConnectHeader(OFFER)
