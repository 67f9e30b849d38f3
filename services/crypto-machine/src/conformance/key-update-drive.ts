import type { KeyUpdateState } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import type { MachineRig, TestDevice } from './rig.js'
import { ask, connectApdu, finishRequest, openRequest } from './rig.js'

/** A front end in small: carries one key update through, over a line on which a test loses what it wants. */

/** Where a frame is lost, or the line cut: on its way to the device, or with its answer. */
export type Loss = (step: string, way: 'down' | 'up') => boolean

export interface DriveOptions {
  lose?: Loss
  /** Sessions to open at most. */
  connects?: number
}

const SECOND = 1_000

/** CONNECT once; undefined when the device refused or the line lost it. */
export async function tryConnect(rig: Pick<MachineRig, 'port' | 'clock'>, peer: TestDevice, lose: Loss = () => false): Promise<string | undefined> {
  // The device answers one wrong CONNECT a second.
  rig.clock.advance(SECOND)
  const opened = await ask(rig.port, 'connectOpen', openRequest(peer.keys.address))
  if (lose('connect', 'down')) return undefined
  const response = await peer.device.receive({ address: peer.address, apdu: connectApdu(opened) })
  if (!response || lose('connect', 'up')) return undefined
  try {
    const finished = await ask(rig.port, 'connectFinish', finishRequest(opened.exchange, response))
    return 'handle' in finished ? finished.handle : undefined
  } catch (error) {
    if (error instanceof HesError) return undefined
    throw error
  }
}

/** Steps of the update until nothing is due. @returns what was sent, `!` where it was lost */
export async function drive(rig: Pick<MachineRig, 'port' | 'clock'>, peer: TestDevice, { lose = () => false, connects = 6 }: DriveOptions = {}): Promise<string[]> {
  const told: string[] = []
  for (let i = 0; i < connects; i++) {
    const handle = await tryConnect(rig, peer, lose)
    told.push(handle ? 'session' : 'no session')
    if (!handle) continue
    for (;;) {
      const due = await ask(rig.port, 'keyUpdateStep', { handle, piid: 3 }).catch((error: HesError) => {
        // After an abort a session under the keys that were taken back is over.
        if (error.code !== 'SESSION_UNKNOWN') throw error
        return { next: 'reconnect' as const }
      })
      if ('next' in due) {
        if (due.next === 'nothing') return told
        break
      }
      if (lose(due.step, 'down')) {
        told.push(`${due.step}!`)
        break
      }
      const answer = await peer.device.receive({ address: peer.address, apdu: due.apdu })
      if (!answer || lose(due.step, 'up')) {
        told.push(`${due.step}!`)
        break
      }
      told.push(due.step)
      await ask(rig.port, 'open', { handle, apdu: answer })
    }
  }
  return told
}

export async function stateOf(rig: Pick<MachineRig, 'port'>, order: string): Promise<KeyUpdateState | undefined> {
  return (await ask(rig.port, 'keyUpdates', { order })).updates[0]?.state
}

/** Loses the first frame of this step on this way, and nothing else. */
export function loseOnce(step: string, way: 'down' | 'up'): Loss {
  let left = 1
  return (at, going) => at === step && going === way && left-- > 0
}
