import { KNOWN_REPORT, RN_LENGTH } from '@zhuzhan/osp1'
import type { ReportMark } from './report-store.js'

/** Device, RN, MAC. */
const DEVICE = 4
const MARK = DEVICE + KNOWN_REPORT

/** Marks of one statement as one run of bytes. @throws RangeError for an RN or MAC of another length */
export function packMarks(marks: readonly ReportMark[]): Buffer {
  const bytes = Buffer.allocUnsafe(marks.length * MARK)
  let at = 0
  for (const { deviceId, rn, mac } of marks) {
    if (rn.length !== RN_LENGTH || rn.length + mac.length !== KNOWN_REPORT) throw new RangeError('a report is known by RN and MAC of fixed length')
    bytes.writeUInt32BE(deviceId, at)
    bytes.set(rn, at + DEVICE)
    bytes.set(mac, at + DEVICE + RN_LENGTH)
    at += MARK
  }
  return bytes
}

/** @throws RangeError when bytes are left over */
export function unpackMarks(bytes: Buffer): ReportMark[] {
  if (bytes.length % MARK !== 0) throw new RangeError(`a record of marks of ${bytes.length} bytes`)
  return Array.from({ length: bytes.length / MARK }, (_, n) => {
    const at = n * MARK
    return { deviceId: bytes.readUInt32BE(at), rn: bytes.subarray(at + DEVICE, at + DEVICE + RN_LENGTH), mac: bytes.subarray(at + DEVICE + RN_LENGTH, at + MARK) }
  })
}
