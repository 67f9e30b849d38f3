import { createCipheriv, createHash } from 'node:crypto'
import { CONTROL, encodeApdu, encodeFrame, epochToDateTimeS } from '@zhuzhan/dlt698'
import type { Data, LinkAddress, ReportNotification } from '@zhuzhan/dlt698'
import { authenticatedAddressOfNumber, deriveKey, readKeyFile, reportRn, sealReport, verifyReportAnswer } from '@zhuzhan/osp1'
import type { KeyFile } from '@zhuzhan/osp1'

/** Total forward active energy, voltage of phase A, active power: what a minute's report says. */
export const ITEMS = ['00100201', '20000201', '20040201'] as const
const ZONE_MINUTES = 480

/** Makes the protected report frames of one terminal before the clock runs, so that a bench's generator costs little while it does. */
export interface ReportFrames {
  /** The frame of report n (from 0): the minute freeze n steps after `from` of the meter behind the terminal, three values. */
  frame(n: number): Buffer
  /** Does this answer confirm report n? Constant work, no state. */
  confirms(n: number, content: Uint8Array, mac: Uint8Array): boolean
}

export function reportFrames(keys: KeyFile, address: LinkAddress, meter: string, from: number, stepMs: number): ReportFrames {
  const device = readKeyFile(keys)
  const cipherKey = deriveKey(device.keys.report, 'reportCipher', device.dispersion)
  const answerKey = deriveKey(device.keys.report, 'reportAnswer', device.dispersion)
  const ad = authenticatedAddressOfNumber(address.server)
  // The eight random bytes of RN, from a stream cipher of the bench's own: a call of the system for each would cost more than the rest.
  const stream = createCipheriv('aes-128-ctr', createHash('sha256').update(address.server).digest().subarray(0, 16), Buffer.alloc(16))
  const randoms: Buffer[] = []
  const rnOf = (n: number): Buffer => reportRn(n + 1, (randoms[n] ??= stream.update(Buffer.alloc(8))))
  return {
    frame: (n) => {
      const rn = rnOf(n)
      const { content, mac } = sealReport(cipherKey, ad, rn, encodeApdu(report(meter, from + n * stepMs, n)), 'cipher')
      const data = encodeApdu({ apdu: 'security-request', form: 'cipher', content, verification: { kind: 'rn-mac', rn, mac } })
      return encodeFrame({ control: CONTROL.serverReport, address, data })
    },
    confirms: (n, content, mac) => verifyReportAnswer(answerKey, ad, rnOf(n), content, mac),
  }
}

function report(meter: string, at: number, n: number): ReportNotification {
  const values: Data[] = [
    { type: 'date-time-s', value: epochToDateTimeS(at, ZONE_MINUTES) },
    { type: 'double-long-unsigned', value: 100_000 + n },
    { type: 'long-unsigned', value: 2_200 + (n % 100) },
    { type: 'double-long', value: 5_000 + (n % 1_000) },
  ]
  return {
    apdu: 'report-notification', choice: 'record-list', piid: { number: n % 64, priority: false, acd: false }, followReport: undefined, timeTag: undefined,
    records: [{
      oad: '60120300',
      rcsd: [{ oad: '202A0200' }, { oad: '50020200', related: ['20210200', ...ITEMS] }],
      rows: [[{ type: 'tsa', tsa: { flag: 5, address: meter } }, ...values]],
    }],
  }
}
