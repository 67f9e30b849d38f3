import type { Clock } from '@zhuzhan/core'
import { hexOf } from '../bytes.js'
import type { Kind } from '../kinds.js'
import type { PairingCode } from '../pairing-code.js'

const OPEN_MS = 10 * 60_000
/** How long the answer to a used code is kept for a device that did not get it. */
const REPEAT_MS = 60_000
const MAX_OPEN = 8

interface Window {
  code: PairingCode
  until: number
  used?: { pid: string; request: Buffer; answer: Buffer }
}

/** Codes that may be used now, each once. A wrong try closes nothing: nobody far away can use up a pairing. */
export interface PairingWindows {
  /** The oldest gives way when there are too many. */
  open(code: PairingCode): void
  /** Codes a device of this kind and pid may use. */
  usable(kind: Kind, pid: Uint8Array): PairingCode[]
  /** The answer, when these very bytes were answered before. */
  repeated(pid: Uint8Array, request: Uint8Array): Buffer | undefined
  use(code: PairingCode, pid: Uint8Array, request: Uint8Array, answer: Buffer): void
  closeAll(): void
}

export function createPairingWindows(clock: Clock): PairingWindows {
  let windows: Window[] = []
  const swept = (): Window[] => (windows = windows.filter(({ until }) => clock.monotonic() < until))
  return {
    open(code) {
      windows = [...swept(), { code, until: clock.monotonic() + OPEN_MS }].slice(-MAX_OPEN)
    },
    usable: (kind, pid) =>
      swept()
        .filter(({ code, used }) => used === undefined && code.kind === kind && (code.shownBy === 'meter' || code.id.equals(pid)))
        .map(({ code }) => code),
    repeated: (pid, request) => swept().find(({ used }) => used?.pid === hexOf(pid) && used.request.equals(request))?.used?.answer,
    use(code, pid, request, answer) {
      const window = windows.find((one) => one.code === code)
      if (!window) return
      window.used = { pid: hexOf(pid), request: Buffer.from(request), answer }
      window.until = clock.monotonic() + REPEAT_MS
      window.code = { ...code, secret: Buffer.alloc(16) }
    },
    closeAll: () => void (windows = []),
  }
}
