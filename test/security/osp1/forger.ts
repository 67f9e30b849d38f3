import { authenticatedAddressOfNumber, recordResponse, sealRecord } from '@zhuzhan/osp1'
import type { SessionKeys } from '@zhuzhan/osp1'
import { STATION } from './adversary.js'

/** What a device could say that is genuine and malicious at once: any content, sealed with its own session key. */
export function sealAnswer({ toClient }: SessionKeys, address: string, to: { seq: number; task: number }, content: Uint8Array): Buffer {
  return recordResponse(1, sealRecord(toClient, { direction: 2, mode: 1, clientAddress: STATION, ad: authenticatedAddressOfNumber(address), ...to }, content))
}
