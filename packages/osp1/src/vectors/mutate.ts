import { VectorFormatError } from '@zhuzhan/gm-crypto'
import type { VectorCase } from '@zhuzhan/gm-crypto'

/**
 * A copy of the case with one field replaced; `field` is a path like `mac`, `records[0].mac` or `devices[1]`.
 * @throws VectorFormatError when the path does not lead to something that is there
 */
export function replaceField(source: VectorCase, field: string, value: unknown): VectorCase {
  const copy = structuredClone(source) as Record<string, unknown>
  const steps = field.replace(/\[(\d+)\]/g, '.$1').split('.')
  const last = steps.pop() ?? ''
  let at: unknown = copy
  for (const step of steps) at = isHolder(at) ? at[step] : undefined
  if (!isHolder(at) || !(last in at)) throw new VectorFormatError(`field '${field}' is not in the base case`)
  at[last] = value
  return copy
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
