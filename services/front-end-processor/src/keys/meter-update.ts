import { HesError, errorCode } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoResult } from '@zhuzhan/contracts'
import { BETWEEN_CONNECTS_MS } from '../meters/meter-sessions.js'
import type { MeterSession, MeterSessions } from '../meters/meter-sessions.js'
import type { Terminal } from '../terminals/terminal.js'
import type { UpdateTurn } from './terminal-update.js'

export interface MeterUpdateOptions {
  machine: CryptoMachine
  meterSessions: MeterSessions
}

/** Sessions of one turn: new keys, old keys, new keys after the stage, and one for a counter that healed. */
const MAX_CONNECTS = 4
const MAX_STEPS = 4
/** No new CONNECT settles these. */
const FINAL: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TERMINAL_OFFLINE', 'INTERNAL', 'KEY_UPDATE_REFUSED', 'DEVICE_NOT_ENROLLED'])

/** The key update of a meter behind a terminal, in a session of the meter's own, which lives for one turn. OSP-1 §7.8, §7.11 */
export async function updateMeter(terminal: Terminal, meter: string, { machine, meterSessions }: MeterUpdateOptions): Promise<UpdateTurn> {
  if (terminal.secure && !terminal.secure.ready) return 'later'

  /** Steps until the session is of no more use. */
  const steps = async (session: MeterSession): Promise<UpdateTurn> => {
    for (let count = 0; count < MAX_STEPS; count += 1) {
      const due: CryptoResult<'keyUpdateStep'> = outcomeValue<'keyUpdateStep'>((await machine.keyUpdateStep([{ handle: session.handle, piid: count }]))[0])
      if ('next' in due) return due.next === 'nothing' ? 'over' : 'renewing'
      await session.exchange(due.apdu).catch((error: unknown) => {
        // What the device refuses is the machine's to judge: it heard the answer when it opened it.
        if (!(error instanceof HesError) || error.code !== 'DEVICE_REFUSED') throw error
      })
    }
    return 'later'
  }

  return meterSessions.alone(terminal, meter, async () => {
    let doubt = false
    for (let count = 0; count < MAX_CONNECTS; count += 1) {
      if (doubt) await new Promise((resolve) => setTimeout(resolve, BETWEEN_CONNECTS_MS))
      doubt = true
      let session: MeterSession | undefined
      try {
        session = await meterSessions.connect(terminal, meter, 'collection')
        if (!session) continue
        const turn = await steps(session)
        if (turn !== 'renewing') return turn
        doubt = false
      } catch (error) {
        if (FINAL.has(errorCode(error))) throw error
        // No answer, or one that is not genuine: a doubt, which a new CONNECT settles.
      } finally {
        session?.end()
      }
    }
    return 'later'
  })
}
