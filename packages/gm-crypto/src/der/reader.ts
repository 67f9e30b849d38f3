/** Tags used by keys, signatures and certificates. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** DER that is not minimal, not whole or not what was expected. Callers turn it into their one error. */
export class DerError extends Error {
  override readonly name = 'DerError'
}

export interface DerElement {
  tag: number
  /** Contents without tag and length. */
  value: Uint8Array
  /** The whole element as it stood in the input. */
  raw: Uint8Array
}

export interface DerReader {
  readonly done: boolean
  /** Tag of the next element without taking it; undefined at the end. */
  peek(): number | undefined
  /** The next element, which must have this tag when one is given. */
  take(tag?: number): DerElement
  /** Reader over the contents of the next element. */
  enter(tag: number): DerReader
  /** Non-negative INTEGER as minimal bytes without sign octet. */
  unsigned(): Uint8Array
  /** A non-negative INTEGER (or another tag of the same form) below 2^48. */
  number(tag?: number): number
  boolean(): boolean
  oid(): string
  /** @throws DerError when bytes are left */
  end(): void
}

/** Strict DER: definite minimal lengths, low tag numbers, nothing left over when `end` is called. */
export function readDer(input: Uint8Array): DerReader {
  let at = 0
  const byte = (): number => {
    const value = input[at]
    if (value === undefined) throw new DerError('DER ends early')
    at++
    return value
  }
  const length = (): number => {
    const first = byte()
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0 || count > 3) throw new DerError('DER length form not allowed')
    let value = 0
    for (let i = 0; i < count; i++) value = value * 256 + byte()
    if (value < 0x80 || value < 256 ** (count - 1)) throw new DerError('DER length not minimal')
    return value
  }
  const take = (tag?: number): DerElement => {
    const start = at
    const found = byte()
    if ((found & 0x1f) === 0x1f) throw new DerError('DER high tag number')
    if (tag !== undefined && found !== tag) throw new DerError(`DER tag ${tag} expected, ${found} found`)
    const count = length()
    if (count > input.length - at) throw new DerError('DER ends early')
    const value = input.subarray(at, at + count)
    at += count
    return { tag: found, value, raw: input.subarray(start, at) }
  }
  return {
    get done() {
      return at === input.length
    },
    peek: () => input[at],
    take,
    enter: (tag) => readDer(take(tag).value),
    unsigned: () => unsignedValue(take(TAG.integer).value),
    number(tag = TAG.integer) {
      const value = unsignedValue(take(tag).value)
      if (value.length > 6) throw new DerError('INTEGER too large')
      return value.reduce((sum, part) => sum * 256 + part, 0)
    },
    boolean() {
      const { value } = take(TAG.boolean)
      if (value.length !== 1 || (value[0] !== 0 && value[0] !== 0xff)) throw new DerError('BOOLEAN is neither 00 nor FF')
      return value[0] === 0xff
    },
    oid: () => oidText(take(TAG.oid).value),
    end() {
      if (at !== input.length) throw new DerError('bytes left after DER')
    },
  }
}

/** Contents of a minimal non-negative INTEGER, without the sign octet. */
export function unsignedValue(value: Uint8Array): Uint8Array {
  const [first, second] = value
  if (first === undefined) throw new DerError('empty INTEGER')
  if (first & 0x80) throw new DerError('negative INTEGER')
  if (first !== 0 || second === undefined) return value
  if (!(second & 0x80)) throw new DerError('INTEGER not minimal')
  return value.subarray(1)
}

/** @throws DerError when the elements of a SET OF do not stand in ascending order, each once */
export function checkSetOrder(elements: readonly Uint8Array[]): void {
  for (const [n, element] of elements.entries()) {
    if (n > 0 && Buffer.compare(elements[n - 1] as Uint8Array, element) >= 0) throw new DerError('SET OF not in order')
  }
}

function oidText(value: Uint8Array): string {
  const arcs: number[] = []
  let arc = 0
  let fresh = true
  for (const part of value) {
    if (fresh && part === 0x80) throw new DerError('OID not minimal')
    if (arc > 0x0fff_ffff) throw new DerError('OID arc too large')
    arc = arc * 128 + (part & 0x7f)
    fresh = (part & 0x80) === 0
    if (fresh) {
      if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)))
      else arcs.push(arc)
      arc = 0
    }
  }
  if (!fresh || arcs.length === 0) throw new DerError('OID ends early')
  return arcs.join('.')
}
