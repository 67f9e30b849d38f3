import { HesError } from '@zhuzhan/core'
import { encodeApdu } from '@zhuzhan/dlt698'
import { reportRn, sealReport, verifyReportAnswer } from '../report.js'
import { parseSecurityResponse } from '../wire.js'
import type { KeySet, Keyring } from './keyring.js'
import type { Counters } from './state.js'
import type { Osp1DeviceOptions, ReportToSend } from './types.js'

/** Report counters reserved by one store. */
const BLOCK = 8
/** A report is sealed anew from this many later reports on: the station's window would forget it. §7.5 */
const SEAL_ANEW_AFTER = 16
/** Reports kept without a confirmation. A meter's memory is finite; beyond it sealing refuses. */
const MAX_UNCONFIRMED = 1_000

interface Kept {
  id: number
  plain: Buffer
  form: 'cipher' | 'plain'
  rspctr: number
  rn: Buffer
  apdu: Buffer
  /** The keys it was sealed under. */
  set: KeySet
}

/** The device's part of reports: sealed with a counter, kept until an authentic answer came. §7.5 */
export function createReports(options: Osp1DeviceOptions, ad: Buffer, counters: Counters, keyring: Keyring) {
  const { random, onEvent } = options
  const kept = new Map<number, Kept>()
  // After a power loss the rest of a reserved block is skipped: a counter is never used twice.
  let next = counters.state.rspctr + 1
  let nextId = 1

  const seal = async (id: number, plain: Buffer, form: 'cipher' | 'plain'): Promise<Kept> => {
    if (next > counters.state.rspctr) await counters.change({ rspctr: next + BLOCK - 1 })
    const rspctr = next++
    const rn = reportRn(rspctr, random(8))
    const sealed = sealReport(keyring.active.reportCipher, ad, rn, plain, form)
    const apdu = encodeApdu({
      apdu: 'security-request',
      form,
      content: sealed.content,
      verification: { kind: 'rn-mac', rn, mac: sealed.mac },
    })
    const entry = { id, plain, form, rspctr, rn, apdu, set: keyring.active }
    kept.set(id, entry)
    return entry
  }
  return {
    async seal(apdu: Uint8Array, form: 'cipher' | 'plain'): Promise<ReportToSend> {
      if (kept.size >= MAX_UNCONFIRMED) throw new HesError('LIMIT', 'too many reports without a confirmation')
      const entry = await seal(nextId++, Buffer.from(apdu), form)
      return { id: entry.id, apdu: entry.apdu }
    },
    async repeat(id: number): Promise<ReportToSend | undefined> {
      let entry = kept.get(id)
      if (!entry) return undefined
      // After a key update what waits is sealed anew under the new keys (§7.14).
      if (next - 1 - entry.rspctr >= SEAL_ANEW_AFTER || entry.set !== keyring.active) entry = await seal(id, entry.plain, entry.form)
      return { id, apdu: entry.apdu }
    },
    confirm(bytes: Uint8Array): { id: number; answer: Buffer } | undefined {
      const response = parseSecurityResponse(bytes)
      if (response?.form === 'plain' && response.mac && response.content[0] === 0x08) {
        for (const entry of kept.values()) {
          if (!verifyReportAnswer(keyring.active.reportAnswer, ad, entry.rn, response.content, response.mac)) continue
          kept.delete(entry.id)
          return { id: entry.id, answer: Buffer.from(response.content) }
        }
      }
      onEvent?.({ kind: 'confirmation-refused' })
      return undefined
    },
    unconfirmed: (): number[] => [...kept.keys()].sort((a, b) => a - b),
    forget: (): void => kept.clear(),
  }
}
