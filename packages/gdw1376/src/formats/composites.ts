import { EncodeError, sequence, u8 } from '@zhuzhan/codec'
import type { Bcd, ByteReader, Codec, Fields } from '@zhuzhan/codec'
import { fixedList } from '../wire/lists.js'

/** Phases A, B, C. */
export const phases = (form: Codec<Bcd>) => sequence({ a: form, b: form, c: form })
/** Total first, then the phases. */
export const totalAndPhases = (form: Codec<Bcd>) => sequence({ total: form, a: form, b: form, c: form })
/** The phases, then the zero sequence. */
export const phasesAndZero = (form: Codec<Bcd>) => sequence({ a: form, b: form, c: form, zero: form })

/** A register of a meter with its tariffs. */
export interface Register {
  total: Bcd
  /** Tariff 1 to M. */
  tariffs: Bcd[]
}

/**
 * M, the number of tariffs, once; then for each quantity its total and M tariffs. All quantities have the same number.
 * Reference §A9.
 */
export function registers<const Q extends Readonly<Record<string, Codec<Bcd>>>>(quantities: Q): Fields<{ -readonly [K in keyof Q]: Register }> {
  type Value = { -readonly [K in keyof Q]: Register }
  const forms = Object.entries(quantities)

  function readInto(r: ByteReader, target: Record<string, unknown>): void {
    const at = r.offset
    const tariffs = r.trace === undefined ? u8.read(r) : r.traced('tariffCount', u8)
    r.checkCount(forms.length * (tariffs + 1), at)
    for (const [name, form] of forms) {
      const register = registerOf(form, tariffs)
      target[name] = r.trace === undefined ? register.read(r) : r.traced(name, register)
    }
  }

  return {
    readInto,
    read: (r) => {
      const target: Record<string, unknown> = {}
      readInto(r, target)
      return target as Value
    },
    write: (w, value) => {
      const given = value as Readonly<Record<string, Register | undefined>>
      const tariffs = given[forms[0]![0]]?.tariffs.length
      if (tariffs === undefined) throw new EncodeError(forms[0]![0], 'a total and its tariffs')
      w.u8(tariffs)
      for (const [name, form] of forms) {
        if (given[name]?.tariffs.length !== tariffs) throw new EncodeError(`${name}.tariffs`, `${tariffs} tariffs, as the other quantities`)
        registerOf(form, tariffs).write(w, given[name])
      }
    },
  }
}

const registerCodecs = new WeakMap<Codec<Bcd>, Codec<Register>[]>()

/** Made once for each number of tariffs: a frame may hold a thousand registers. */
function registerOf(form: Codec<Bcd>, tariffs: number): Codec<Register> {
  const known = registerCodecs.get(form) ?? []
  registerCodecs.set(form, known)
  return known[tariffs] ??= sequence({ total: form, tariffs: fixedList(tariffs, form) })
}
