import type { Apdu, ResultNormal } from '@zhuzhan/dlt698'

/** DAR 33, request timed out: a terminal says so when a meter behind it did not answer. Reference §4.8, §6.1. */
const DAR_TIMED_OUT = 33

/** What an answer to a control command tells. `doubt`: the meter may have acted although nobody heard it say so. */
export type Outcome = { kind: 'done' } | { kind: 'refused'; dar: number } | { kind: 'doubt'; why: string }

export function controlOutcome(answer: Apdu): Outcome {
  const dar = controlDar(answer)
  if (dar === undefined) return { kind: 'doubt', why: `the answer was ${answer.apdu}` }
  if (dar === 0) return { kind: 'done' }
  // Said by the terminal about a silent meter behind it, so the meter may well have received the command.
  if (dar === DAR_TIMED_OUT && answer.apdu === 'proxy-response') return { kind: 'doubt', why: 'the terminal got no answer from the meter (DAR 33)' }
  return { kind: 'refused', dar }
}

function controlDar(answer: Apdu): number | undefined {
  if (answer.apdu === 'action-response' && answer.choice === 'normal') return answer.dar
  if (answer.apdu === 'proxy-response' && answer.choice === 'action-list') return answer.targets[0]?.results[0]?.dar
  return undefined
}

/** The attributes an answer to a read carries. */
export function readResults(answer: Apdu): ResultNormal[] | undefined {
  if (answer.apdu === 'get-response' && answer.choice === 'normal') return [answer.result]
  if (answer.apdu === 'get-response' && answer.choice === 'normal-list') return answer.results
  if (answer.apdu === 'proxy-response' && answer.choice === 'get-list') return answer.targets[0]?.results
  return undefined
}
