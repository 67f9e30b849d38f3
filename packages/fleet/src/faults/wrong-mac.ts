import { decodeFrame, encodeFrame } from '@zhuzhan/dlt698'
import type { Faults } from './faults.js'

const SECURITY_TAGS: ReadonlySet<number> = new Set([0x10, 0x90])

/**
 * Breaks what proves a frame: the last byte of the MAC of a protected APDU (the frame itself stays whole, so that it
 * reaches whoever checks MACs), or the FCS of a frame without protection.
 */
export function createSpoiler(address: string, isProtected: boolean, faults: Faults): (frame: Buffer) => Buffer {
  let seen = 0
  return (frame) => {
    const fault = faults.get(address, 'wrong-mac')
    if (fault === undefined || seen++ % Math.max(1, fault.every) !== 0) return frame
    const spoilt = Buffer.from(frame)
    if (!isProtected) {
      spoilt[spoilt.length - 2]! ^= 0x01
      return spoilt
    }
    const decoded = decodeFrame(spoilt)
    // In a segmented transfer the MAC stands in the last piece only; those are left alone.
    if (decoded.control.segmented || !SECURITY_TAGS.has(decoded.data[0] ?? 0)) return frame
    decoded.data[decoded.data.length - 1]! ^= 0x01
    return encodeFrame(decoded)
  }
}
