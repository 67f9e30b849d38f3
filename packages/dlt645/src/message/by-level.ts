import type { Fields } from '@zhuzhan/codec'
import { fields } from './combinators.js'

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds fields of every type
type AnyFields = Fields<any>
type FieldsOf<F> = F extends Fields<infer T> ? T : never

/** The level that was read before (PA) chooses the rest: classes of an ESAM, anything else is a password level. Reference §5.2, §5.3. */
export function byLevel<const R extends Readonly<Record<number, AnyFields>>, F extends AnyFields>(
  classes: R, plain: F,
): Fields<FieldsOf<R[keyof R]> | FieldsOf<F>> {
  const rowOf = (level: unknown): AnyFields => (classes as Record<string, AnyFields>)[String(level)] ?? plain
  return fields({
    readInto: (r, target) => rowOf(target['level']).readInto(r, target),
    write: (w, value) => rowOf((value as { level?: unknown }).level).write(w, value),
  })
}
