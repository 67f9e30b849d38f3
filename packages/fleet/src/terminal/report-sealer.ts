import { DecodeError, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { LinkFrame, ReportNotification } from '@zhuzhan/dlt698'
import type { Osp1Device } from '@zhuzhan/osp1'

/** How a report goes out and what confirms it: plain, or under OSP-1. */
export interface ReportSealer {
  /** The bytes to send and the name under which the report is confirmed. */
  seal(report: ReportNotification): Promise<SealedReport>
  /** The bytes of a repetition. */
  repeat(sealed: SealedReport): Promise<Buffer>
  /** Name of the report that this answer confirms; `undefined` when it confirms none. */
  confirms(frame: LinkFrame): number | undefined
}

export interface SealedReport {
  id: number
  apdu: Buffer
}

/** Plain reports: the confirmation repeats number, priority and the OADs in their order. Reference §4.7, §13. */
export function plainSealer(): ReportSealer {
  const waiting = new Map<number, ReportNotification>()
  let next = 1
  return {
    seal: async (report) => {
      const id = next++
      waiting.set(id, report)
      return { id, apdu: encodeApdu(report) }
    },
    repeat: async ({ apdu }) => apdu,
    confirms: (frame) => {
      const answer = decoded(frame)
      if (answer === undefined) return undefined
      for (const [id, report] of waiting) {
        if (!fits(report, answer)) continue
        waiting.delete(id)
        return id
      }
      return undefined
    },
  }
}

/** OSP-1 §7.5: only an authentic answer confirms; which report it was the MAC itself tells. */
export function protectedSealer(device: Osp1Device): ReportSealer {
  return {
    seal: (report) => device.sealReport(encodeApdu(report), 'cipher'),
    repeat: async (sealed) => (await device.repeatReport(sealed.id))?.apdu ?? sealed.apdu,
    confirms: (frame) => device.confirmReport(frame.data)?.id,
  }
}

type Confirmation = Extract<ReturnType<typeof decodeApdu>, { apdu: 'report-response' }>

function decoded(frame: LinkFrame): Confirmation | undefined {
  try {
    const apdu = decodeApdu(frame.data)
    return apdu.apdu === 'report-response' ? apdu : undefined
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function fits(report: ReportNotification, answer: Confirmation): boolean {
  if (answer.choice !== report.choice || answer.piid.number !== report.piid.number || answer.piid.priority !== report.piid.priority) return false
  if (report.choice === 'transparent' || answer.choice === 'transparent') return true
  const sent = report.choice === 'normal-list' ? report.results.map(({ oad }) => oad) : report.records.map(({ oad }) => oad)
  return sent.length === answer.oads.length && sent.every((oad, i) => oad === answer.oads[i])
}
