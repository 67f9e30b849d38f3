import type { Answer } from '../device/services.js'

const TERMINAL_MS = 15
/** One exchange with a meter over the local line. */
const METER_MS = 35
const LONGEST_LINE_MS = 3_000
/** What a terminal waits for a silent meter when the station leaves it the choice. */
const USUAL_WAIT_SECONDS = 3
const LONGEST_WAIT_SECONDS = 60

/** How long a terminal takes to answer: itself, each meter it asks, and the wait for meters that keep silent. */
export function answerDelay(answer: Answer | undefined): number {
  if (answer === undefined) return TERMINAL_MS
  const line = Math.min(LONGEST_LINE_MS, (answer.asked - answer.silent) * METER_MS)
  const wait = answer.silent > 0 ? Math.min(LONGEST_WAIT_SECONDS, answer.waitSeconds || USUAL_WAIT_SECONDS) * 1000 : 0
  return TERMINAL_MS + line + wait
}
