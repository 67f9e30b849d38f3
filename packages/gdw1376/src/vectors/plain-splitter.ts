/** The rules of reference §A1 and §B1 as plainly as possible: look at the whole stream, check every 68 from scratch. For tests. */

/** Size of a frame that may start here, 0 when none does, undefined when that cannot be told yet. */
export type PlainRule = (rest: Buffer) => number | undefined

export interface Outcome {
  frames: string[]
  discarded: number
  pending: number
}

export function plainly(stream: Buffer, rules: readonly { size: PlainRule; accepts: (bytes: Buffer) => boolean }[]): Outcome {
  const frames: string[] = []
  let discarded = 0
  for (let at = 0; at < stream.length;) {
    const rest = stream.subarray(at)
    const sizes = rules.map(({ size }) => rest[0] === 0x68 ? size(rest) : 0)
    const whole = sizes.find((size, i) => size !== undefined && size > 0 && size <= rest.length && rules[i]!.accepts(rest.subarray(0, size)))
    if (whole !== undefined) {
      frames.push(rest.subarray(0, whole).toString('hex'))
      at += whole
    } else if (sizes.some((size) => size === undefined || size > rest.length)) return { frames, discarded, pending: rest.length }
    else {
      discarded++
      at++
    }
  }
  return { frames, discarded, pending: 0 }
}

/** 1376.1: 68 L L 68. */
export const upwardRule = (maxLength: number): PlainRule => (rest) => {
  if (rest.length < 3) return undefined
  const word = rest.readUInt16LE(1)
  const length = word >> 2
  if ((word & 3) !== 2 || length < 8 || length > maxLength) return 0
  if (rest.length < 6) return undefined
  return rest.readUInt16LE(3) === word && rest[5] === 0x68 ? length + 8 : 0
}

/** 1376.2: mode, room for A, DT. */
export const localRule = (maxSize: number): PlainRule => (rest) => {
  if (rest.length < 5) return undefined
  const size = rest.readUInt16LE(1)
  if (size < 15 || size > maxSize || ![1, 2, 3, 10, 20].includes(rest[3]! & 0x3f)) return 0
  const relays = rest[3]! < 0x80 ? rest[4]! >> 4 : 0
  const dt = 11 + ((rest[4]! & 4) === 0 ? 0 : 12 + 6 * relays)
  if (dt + 4 > size) return 0
  if (rest.length < dt + 2) return undefined
  return rest[dt] === 0 || rest[dt + 1]! > 30 ? 0 : size
}
