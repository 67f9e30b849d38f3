import { HesError } from '@zhuzhan/core'
import { equalBytes } from '@zhuzhan/gm-crypto'
import { decodeUpdateAnswer, keyCheckValue } from '@zhuzhan/osp1'
import type { KeyUpdateAnswer, UpdateStep } from '@zhuzhan/osp1'
import type { OpenUpdate } from './devices.js'

/** DAR of a key update that the meter refuses. §7.12 */
const REFUSED = 22
const STATE = { none: 0, staged: 1, committed: 2 } as const

export type UpdateVerdict =
  | { kind: 'staged' | 'committed' | 'aborted' }
  | { kind: 'wrong-check-value' | 'refused'; step: UpdateStep }
  | { kind: 'failed'; step: UpdateStep; why: string }

/** What an authentic answer to one step means. The check value, compared in constant time, proves that the device holds the new keys. §7.8 */
export function judgeUpdateAnswer(step: UpdateStep, { row, keys }: Pick<OpenUpdate, 'row' | 'keys'>, answer: { octets: Buffer } | { dar: number } | undefined): UpdateVerdict {
  const failed = (why: string): UpdateVerdict => ({ kind: 'failed', step, why })
  if (!answer) return failed('form')
  if ('dar' in answer) return answer.dar === REFUSED ? { kind: 'refused', step } : failed(`DAR ${answer.dar}`)
  const ka = decoded(answer.octets)
  if (!ka) return failed('form')
  if (ka.step !== step || !ka.updateId.equals(row.updateId)) return failed('another update')
  const proved = equalBytes(ka.kcv, keyCheckValue(keys.auth, row.updateId, row.newDispersion))
  if (step === 'abort' && ka.state === STATE.none) return { kind: 'aborted' }
  const expected = step === 'stage' ? STATE.staged : STATE.committed
  if (ka.state !== expected) return failed(`state ${ka.state}`)
  if (!proved) return { kind: 'wrong-check-value', step }
  return { kind: expected === STATE.staged ? 'staged' : 'committed' }
}

function decoded(octets: Buffer): KeyUpdateAnswer | undefined {
  try {
    return decodeUpdateAnswer(octets)
  } catch (error) {
    if (error instanceof HesError) return undefined
    throw error
  }
}
