import { DecodeError, decodeApdu } from '@zhuzhan/dlt698'
import type { Session } from '../sessions/session-table.js'
import type { ReportWindows } from './report-windows.js'

/** F100 attribute 7: the chip's counters {single address, report, group}. */
const COUNTERS = 'F1000700'
const COUNTERS_BYTES = Buffer.from('F1000700', 'hex')

/** The report counter in an authentic answer to GET F1000700; undefined for every other answer. */
export const reportCounterOf = (apdu: Uint8Array): number | undefined => counterOf(apdu, 1)
/** AGSEQ in the same. */
export const groupCounterOf = (apdu: Uint8Array): number | undefined => counterOf(apdu, 2)

function counterOf(apdu: Uint8Array, item: number): number | undefined {
  // Cheap first: this looks at every answer of every session.
  if (apdu[0] !== 0x85 || apdu[1] !== 1 || !COUNTERS_BYTES.equals(apdu.subarray(3, 7))) return undefined
  try {
    const response = decodeApdu(apdu)
    if (
      response.apdu !== 'get-response' ||
      response.choice !== 'normal' ||
      response.result.oad !== COUNTERS ||
      !('data' in response.result)
    )
      return undefined
    const { data } = response.result
    const counter = data.type === 'structure' ? data.items[item] : undefined
    return counter?.type === 'double-long-unsigned' ? counter.value : undefined
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/**
 * Only a reading of F100 attribute 7 inside a session moves H back (a meter that lost its counter), or makes a window
 * known again after a restore. §7.5, §7.10
 */
export async function healReportWindow(windows: ReportWindows, session: Session, apdu: Uint8Array): Promise<void> {
  const counter = reportCounterOf(apdu)
  const { device } = session
  if (counter === undefined || (device.windowKnown && counter >= device.window.highest)) return
  // What was taken between the backup and the loss is not among the entries: up to here nothing can be told from its replay.
  const uncheckedTo = device.windowKnown ? device.uncheckedTo : Math.max(counter, device.uncheckedTo)
  await windows.setHigh(device, { highest: counter, uncheckedTo }, {
    kind: 'report-counter-set',
    subject: device.row.address,
    detail: { before: device.window.highest, after: counter, known: device.windowKnown },
  })
}
