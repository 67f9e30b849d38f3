import { errorCode } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { Terminal } from '../terminals/terminal.js'

/** F100 attribute 7: the chip's counters. The machine looks at every answer inside a session for it; nothing is done with it here. */
const COUNTERS = 'F1000700'
const AGAIN_MS = 60_000

export interface ReportCounters {
  /** The terminal has a session: read its counters if the machine does not know them. */
  onBound(terminal: Terminal): Promise<void>
  /** A report's counter did not fit the window (OSP-1 §7.5): only this reading may move it. At most once a minute for a terminal. */
  onRefused(terminal: Terminal): Promise<void>
}

/** Reads F100 attribute 7 in a session where the report window needs it: after a restore, and when a device lost its counter. §7.5, §7.10 */
export function createReportCounters({ clock, requestMs, log }: { clock: Clock; requestMs: number; log: { warn(context: object, message: string): void } }): ReportCounters {
  const asked = new WeakMap<Terminal, number>()

  const read = async (terminal: Terminal): Promise<void> => {
    const now = clock.monotonic()
    if (now - (asked.get(terminal) ?? -Infinity) < AGAIN_MS) return
    asked.set(terminal, now)
    try {
      await terminal.requests.ask({ lane: 'command', timeoutMs: requestMs, build: (piid) => ({ apdu: 'get-request', choice: 'normal', piid, oad: COUNTERS, timeTag: undefined }) })
    } catch (error) {
      log.warn({ terminal: terminal.address, code: errorCode(error) }, 'report counters not read; its reports stay unchecked until they are')
    }
  }

  return {
    onBound: async (terminal) => {
      if (terminal.secure?.countersUnknown) await read(terminal)
    },
    onRefused: async (terminal) => {
      if (terminal.secure?.ready) await read(terminal)
    },
  }
}
