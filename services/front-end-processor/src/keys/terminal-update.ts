import { HesError, errorCode } from '@zhuzhan/core'
import type { Apdu } from '@zhuzhan/dlt698'
import type { Terminal } from '../terminals/terminal.js'

/** F100 method 7: what the machine seals; the front end only recognizes the answer. */
const KEY_UPDATE = 'F1000700'
/** Stage, commit, and each once more after a refusal; whatever is not through by then waits for the next turn. */
const MAX_STEPS = 6

export type UpdateTurn =
  /** No update is open any more. */
  | 'over'
  /** A new session is being made; the next turn is when it is ready. */
  | 'renewing'
  /** Not reachable, or not through: a later turn goes on. */
  | 'later'

/**
 * The due steps of a terminal's own key update, in its present session. The machine knows what is due and judges every answer; a
 * doubt (no answer) is settled by a new CONNECT, whose keys the machine chooses (OSP-1 §7.8).
 * @throws HesError KEY_UPDATE_REFUSED, UNAVAILABLE
 */
export async function updateTerminal(terminal: Terminal, timeoutMs: number): Promise<UpdateTurn> {
  const { secure, requests } = terminal
  if (!secure?.ready) return 'later'
  for (let count = 0; count < MAX_STEPS; count += 1) {
    let next: 'reconnect' | 'nothing' | undefined
    try {
      await requests.ask({
        lane: 'command', alone: true, timeoutMs,
        build: (piid): Apdu => ({ apdu: 'action-request', choice: 'normal', piid, omd: KEY_UPDATE, parameter: { type: 'null' }, timeTag: undefined }),
        seal: async (piid) => {
          const due = await secure.keyUpdateStep(piid)
          if (!('next' in due)) return due
          next = due.next
          throw new HesError('STATE_CONFLICT')
        },
      })
    } catch (error) {
      if (next === 'nothing') return 'over'
      if (next === 'reconnect' || errorCode(error) === 'TERMINAL_TIMEOUT') {
        secure.renew()
        return 'renewing'
      }
      if (['SESSION_UNKNOWN', 'TERMINAL_OFFLINE', 'BUSY', 'DEVICE_REFUSED'].includes(errorCode(error))) return 'later'
      throw error
    }
  }
  return 'later'
}
