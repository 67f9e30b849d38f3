import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { encodeApdu } from '@zhuzhan/dlt698'
import type { Random } from '@zhuzhan/gm-crypto'
import { openReport, parseSecurityRequest, rspctrOf, signReportAnswer } from '@zhuzhan/osp1'
import type { Device, Devices, WorkingKeys } from '../keys/devices.js'
import { keysInForce } from '../keys/key-trials.js'
import { createTokens } from '../sessions/tokens.js'
import { eachNow, refusal } from '../batch.js'
import type { MachineStore } from '../store/store.js'
import { createMarks } from './marks.js'
import type { ReportWindows } from './report-windows.js'

/** A report that was opened and may be confirmed. */
interface Opened {
  device: Device
  /** The set it was sealed under: its answer goes by the same. */
  keys: WorkingKeys
  rn: Buffer
  mac: Buffer
}

const CONFIRM_WITHIN_MS = 10 * 60_000
const MAX_OPENED = 200_000
const NOTIFICATION = 0x88
const CONFIRMATION = 0x08

export interface Reports {
  open(owner: string, requests: readonly CryptoRequest<'openReport'>[]): Promise<(CryptoResult<'openReport'> | HesError)[]>
  confirm(owner: string, requests: readonly CryptoRequest<'confirmReport'>[]): Promise<(CryptoResult<'confirmReport'> | HesError)[]>
}

/** Reports without a session. §7.5 */
export function createReports({
  devices,
  store,
  windows,
  clock,
  random,
}: {
  devices: Devices
  store: MachineStore
  windows: ReportWindows
  clock: Clock
  random: Random
}): Reports {
  const markDurably = createMarks(store, windows)
  const tokens = createTokens<Opened>({ random, clock, validMs: CONFIRM_WITHIN_MS, capacity: MAX_OPENED })

  const openOf = (owner: string, device: Device, { address, apdu }: CryptoRequest<'openReport'>): CryptoResult<'openReport'> => {
    const request = parseSecurityRequest(apdu)
    if (request?.verification.kind !== 'rn-mac') throw new HesError('AUTH_FAILED', undefined, { address })
    const { rn, mac } = request.verification
    const { keys, plain } = openUnder(device, { form: request.form, content: request.content, rn, mac })
    if (plain[0] !== NOTIFICATION) throw new HesError('AUTH_FAILED', 'not a report inside', { address })
    const verdict = device.window.judge(rn, mac)
    if (verdict === 'conflict' || verdict === 'stale') {
      throw new HesError('COUNTER', undefined, { address, reason: verdict, rspctr: rspctrOf(rn), highest: device.window.highest })
    }
    const token = tokens.issue(owner, { device, keys, rn: Buffer.from(rn), mac: Buffer.from(mac) })
    return { state: verdict, apdu: plain, token, replayChecked: device.windowKnown && rspctrOf(rn) > device.uncheckedTo }
  }

  return {
    async open(owner, requests) {
      // Known devices are the rule: for them nothing waits, and a batch is one turn of the event loop.
      const atHand = requests.map(({ address }) => devices.atHand(address))
      const found = atHand.includes(undefined) ? await Promise.all(requests.map(({ address }) => devices.get(address).catch(refusal))) : (atHand as Device[])
      return eachNow(requests.map((request, i) => ({ request, device: found[i] as Device | HesError })), ({ request, device }) => {
        if (device instanceof HesError) throw device
        return openOf(owner, device, request)
      })
    },

    async confirm(owner, requests) {
      const found = requests.map(({ address, token, apdu }): Opened | HesError => {
        const opened = tokens.find(owner, token)
        if (!opened || opened.device.row.address !== address) return new HesError('SESSION_UNKNOWN')
        return apdu[0] === CONFIRMATION ? opened : new HesError('BODY_INVALID', 'a report is answered by a REPORT-Response')
      })
      const marks = found
        .filter((one): one is Opened => !(one instanceof HesError))
        .filter(({ device, rn, mac }) => device.window.judge(rn, mac) === 'new')
      // Marked durably before the answer exists: an answered report is known for ever after (§7.10).
      if (marks.length > 0) await markDurably(marks.map(({ device, rn, mac }) => ({ deviceId: device.row.id, window: device.window, rn, mac })))
      return found.map((one, i): CryptoResult<'confirmReport'> | HesError => {
        const request = requests[i]
        if (one instanceof HesError || !request) return one instanceof HesError ? one : new HesError('INTERNAL')
        const { device, keys, rn } = one
        tokens.drop(request.token)
        const mac = signReportAnswer(keys.reportAnswer, device.row.ad, rn, request.apdu)
        return { apdu: encodeApdu({ apdu: 'security-response', form: 'plain', content: Buffer.from(request.apdu), mac }) }
      })
    },
  }
}

/** While a key update is open: the new KRU, then the old. §7.8 @throws HesError AUTH_FAILED */
function openUnder(device: Device, report: Parameters<typeof openReport>[2]): { keys: WorkingKeys; plain: Buffer } {
  let failure: unknown
  for (const keys of keysInForce(device)) {
    try {
      return { keys, plain: openReport(keys.reportCipher, device.row.ad, report) }
    } catch (error) {
      if (!(error instanceof HesError)) throw error
      failure = error
    }
  }
  throw failure
}
