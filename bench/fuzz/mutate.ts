import type { Random } from './random.js'

/** Bytes that sit on the edges of lengths, counts and signs. */
const EDGES = [0x00, 0x01, 0x02, 0x04, 0x10, 0x16, 0x68, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x98, 0xaa, 0xee, 0xfe, 0xff]
/** Lengths that lie: longer than what is there, in every form. */
const LIES = ['80', '81FF', '82FFFF', '83FFFFFF', '84FFFFFFFF', '850000000001', '820003', 'FF', 'FFFF', '7FFF', '0000'].map((hex) => Buffer.from(hex, 'hex'))
/** Openings of values that hold values: array, structure, RSD, MS with regions, selector 3, a wrapper. */
const NESTS = ['0101', '0102', '0201', '5A0220210200', '5C0501', '5802', '5A0301', '1000', '9000'].map((hex) => Buffer.from(hex, 'hex'))
const MOST_BYTES = 16_000

type Mutation = (bytes: Buffer, random: Random, corpus: readonly Buffer[]) => Buffer

const insert = (bytes: Buffer, at: number, added: Uint8Array): Buffer => Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)])
const place = (bytes: Buffer, random: Random): number => random.below(bytes.length + 1)

function overwrite(bytes: Buffer, at: number, by: Uint8Array): Buffer {
  const out = Buffer.from(bytes)
  out.set(by.subarray(0, Math.max(0, out.length - at)), at)
  return out
}

const MUTATIONS: readonly Mutation[] = [
  function bitFlip(bytes, random) {
    const at = random.below(bytes.length)
    return bytes.length === 0 ? bytes : overwrite(bytes, at, Buffer.of(bytes[at]! ^ (1 << random.below(8))))
  },
  function edge(bytes, random) {
    return overwrite(bytes, random.below(bytes.length), Buffer.of(random.pick(EDGES)))
  },
  function nextTo(bytes, random) {
    const at = random.below(bytes.length)
    return overwrite(bytes, at, Buffer.of((bytes[at] ?? 0) + (random.oneIn(2) ? 1 : -1) & 0xff))
  },
  function anyByte(bytes, random) {
    return overwrite(bytes, random.below(bytes.length), random.bytes(1 + random.below(4)))
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, place(bytes, random))
  },
  function cutOut(bytes, random) {
    const at = place(bytes, random)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))])
  },
  function putIn(bytes, random) {
    return insert(bytes, place(bytes, random), random.bytes(1 + random.below(random.oneIn(20) ? 400 : 8)))
  },
  function repeat(bytes, random) {
    const at = place(bytes, random)
    const piece = bytes.subarray(at, at + 1 + random.below(32))
    return insert(bytes, at, Buffer.concat(Array.from({ length: 1 + random.below(random.oneIn(50) ? 200 : 4) }, () => piece)))
  },
  function splice(bytes, random, corpus) {
    const other = random.pick(corpus)
    return Buffer.concat([bytes.subarray(0, place(bytes, random)), other.subarray(place(other, random))])
  },
  function transplant(bytes, random, corpus) {
    const other = random.pick(corpus)
    const from = place(other, random)
    return insert(bytes, place(bytes, random), other.subarray(from, from + 1 + random.below(64)))
  },
  function lie(bytes, random) {
    const by = random.pick(LIES)
    return random.oneIn(2) ? overwrite(bytes, place(bytes, random), by) : insert(bytes, place(bytes, random), by)
  },
  function nest(bytes, random) {
    const open = random.pick(NESTS)
    return insert(bytes, place(bytes, random), Buffer.concat(Array.from({ length: 1 + random.below(random.oneIn(20) ? 2_000 : 24) }, () => open)))
  },
  function inside(bytes, random, corpus) {
    return insert(bytes, place(bytes, random), random.oneIn(2) ? bytes : random.pick(corpus))
  },
]

/** One to four changes, the last bytes (checksum and end) spared half of the time since they are repaired anyway. */
export function mutate(bytes: Buffer, random: Random, corpus: readonly Buffer[]): Buffer {
  const tail = random.oneIn(2) ? Math.min(3, bytes.length) : 0
  let out: Buffer = bytes.subarray(0, bytes.length - tail)
  for (let n = 1 + random.below(random.oneIn(3) ? 4 : 1); n > 0; n--) {
    out = random.pick(MUTATIONS)(out, random, corpus)
    if (out.length > MOST_BYTES) out = out.subarray(0, MOST_BYTES)
  }
  return Buffer.concat([out, bytes.subarray(bytes.length - tail)])
}
