/** Counter windows, the same rules for both sides and for the vectors. */

/** How far ASCTR may run ahead: exhausting it would take thousands of authentic CONNECTs. §7.2 */
export const ASCTR_WINDOW = 2 ** 20
/** From here on an alarm is due. §7.10 */
export const ASCTR_ALARM = 0xf000_0000
/** A session ends at this seq. §7.4 */
export const MAX_SEQ = 2 ** 20
export const AGSEQ_WINDOW = 2 ** 16

/** stored < received <= stored + 2^20. */
export function asctrAccepted(stored: number, received: number): boolean {
  return received > stored && received <= stored + ASCTR_WINDOW
}

export function agseqAccepted(stored: number, received: number): boolean {
  return received > stored && received <= stored + AGSEQ_WINDOW
}

/** What the station does with an authentic counter answer. §7.2 */
export type CounterVerdict = 'step-forward' | 'lost-counter' | 'senseless'

/** stored >= sent: go on from stored + 1. More than 2^20 below: the meter lost its counter, an operator decides. */
export function judgeCounterAnswer(sent: number, stored: number): CounterVerdict {
  if (stored >= sent) return 'step-forward'
  return sent - stored > ASCTR_WINDOW ? 'lost-counter' : 'senseless'
}

/** Session length a meter may announce, in seconds. §7.2 */
export function sessionSecondsAccepted(seconds: number): boolean {
  return seconds >= 60 && seconds <= 86_400
}
