import type { Codec, Fields, Simplify } from '@zhuzhan/codec'

/** An object's members (named bits, say) as members of the table it stands in. */
export function inline<T extends object>(codec: Codec<T>): Fields<T> {
  return {
    readInto: (r, target) => { Object.assign(target, codec.read(r)) },
    read: (r) => codec.read(r),
    write: (w, value) => codec.write(w, value),
  }
}

type Reserved<T> = Extract<keyof T, `reserved${string}`>
type Shown<T> = Simplify<Omit<T, Reserved<T>> & Partial<Pick<T, Reserved<T>>>>

/** These members, named `reserved…`, are left out while they are 0: a device that sets them loses nothing, and usual values stay short. */
export function hideReserved<T extends object>(codec: Codec<T>, ...names: Reserved<T>[]): Codec<Shown<T>> {
  const zeros = Object.fromEntries(names.map((name) => [name, 0]))
  return {
    read: (r) => Object.fromEntries(Object.entries(codec.read(r)).filter(([name, value]) => !Object.hasOwn(zeros, name) || value !== 0)) as Shown<T>,
    write: (w, value) => codec.write(w, { ...zeros, ...value } as unknown as T),
  }
}

/**
 * Members that stand at the very end or not at all: there when exactly so many bytes remain (any number above 0 when
 * no size is given), and written when the value has `key`.
 */
export function ending<T>(fields: Fields<T>, { key, size }: { key: string; size?: number }): Fields<Partial<T>> {
  const present = (remaining: number) => size === undefined ? remaining > 0 : remaining === size
  return {
    readInto: (r, target) => { if (present(r.remaining)) fields.readInto(r, target) },
    read: (r) => present(r.remaining) ? fields.read(r) as Partial<T> : {},
    write: (w, value) => { if ((value as Record<string, unknown>)[key] !== undefined) fields.write(w, value as T) },
  }
}
