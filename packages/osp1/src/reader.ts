/** Reads the fixed and length-prefixed fields of our own messages; `fail` makes the error of whoever reads. */
export interface FieldReader {
  take(count: number): Buffer
  number(count: number): number
  /** LP(x). */
  prefixed(): Buffer
  hex(count: number): string
  /** Nothing may be left over. */
  end(): void
}

export function fieldReader(bytes: Uint8Array, fail: (why: string) => Error): FieldReader {
  const source = Buffer.from(bytes)
  let at = 0
  const take = (count: number): Buffer => {
    if (at + count > source.length) throw fail('ends early')
    at += count
    return source.subarray(at - count, at)
  }
  const number = (count: number): number => take(count).readUIntBE(0, count)
  return {
    take,
    number,
    prefixed: () => take(number(2)),
    hex: (count) => take(count).toString('hex').toUpperCase(),
    end: () => {
      if (at !== source.length) throw fail('bytes left over')
    },
  }
}
