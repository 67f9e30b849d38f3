import { errorCode } from '@zhuzhan/core'
import type { RequestTable } from '../requests/request-table.js'

const CLOCK = '40000200'
const TRIES = 3

/**
 * A device keeps a new session half-open and forgets it after 120 s unless a record comes (OSP-1 §7.4). Nothing else may be due
 * for longer than that, so the station reads the clock at once: the session is established, and the machine knows the clock.
 * @returns false when no answer came; the session is then likely to be gone at the device
 */
export async function sendFirstRecord(requests: Pick<RequestTable, 'ask'>, timeoutMs: number): Promise<boolean> {
  for (let tried = 1; ; tried += 1) {
    try {
      await requests.ask({ lane: 'command', timeoutMs, build: (piid) => ({ apdu: 'get-request', choice: 'normal', piid, oad: CLOCK, timeTag: undefined }) })
      return true
    } catch (error) {
      if (errorCode(error) !== 'TERMINAL_TIMEOUT' || tried === TRIES) return false
    }
  }
}
