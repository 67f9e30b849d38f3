import type { UpwardFrame } from './frame.js'

export type ForwardOutcome =
  | { outcome: 'answered'; content: string }
  /** The meter did not answer. */
  | { outcome: 'silent' }
  /** The terminal denies: also what some send when the meter did not answer (UNSURE). */
  | { outcome: 'denied' }

/** What became of a forwarded frame (10 F1); undefined when this frame is no answer to one. Reference §A12. */
export function forwardOutcome({ control, afn, units }: UpwardFrame): ForwardOutcome | undefined {
  if (control.dir !== 1) return undefined
  for (const { fn, contents = [] } of units) {
    if (afn === '00' && fn.includes(2)) return { outcome: 'denied' }
    const content = afn === '10' ? contents.find((one) => one.fn === 1)?.['content'] : undefined
    if (typeof content === 'string') return content === '' ? { outcome: 'silent' } : { outcome: 'answered', content }
  }
  return undefined
}
