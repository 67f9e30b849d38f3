import type { Apdu, Data } from '@zhuzhan/dlt698'
import type { Random } from '../fuzz/random.js'

type Get = Extract<Apdu, { apdu: 'get-response' }>

const hexOf = (random: Random, size: number): string => random.bytes(size).toString('hex').toUpperCase()
const moment = (random: Random) => ({ year: 2000 + random.below(100), month: 1 + random.below(12), day: 1 + random.below(28), hour: random.below(24), minute: random.below(60), second: random.below(60) })
/** Mostly short; sometimes so long that the length takes more than one byte. */
const size = (random: Random): number => random.oneIn(30) ? 128 + random.below(100) : random.below(20)

const LEAVES: readonly ((random: Random) => Data)[] = [
  () => ({ type: 'null' }),
  (r) => ({ type: 'bool', value: r.oneIn(2) }),
  (r) => {
    const bytes = r.below(4)
    return { type: 'bit-string', bits: bytes * 8, hex: hexOf(r, bytes) }
  },
  (r) => ({ type: 'double-long', value: r.word() | 0 }),
  (r) => ({ type: 'double-long-unsigned', value: r.word() }),
  (r) => ({ type: 'octet-string', hex: hexOf(r, size(r)) }),
  (r) => ({ type: 'visible-string', text: Array.from({ length: size(r) }, () => String.fromCharCode(32 + r.below(95))).join('') }),
  (r) => ({ type: 'utf8-string', text: '电能表'.slice(0, r.below(4)) }),
  (r) => ({ type: 'integer', value: r.below(256) - 128 }),
  (r) => ({ type: 'long', value: r.below(65536) - 32768 }),
  (r) => ({ type: 'unsigned', value: r.below(256) }),
  (r) => ({ type: 'long-unsigned', value: r.below(65536) }),
  (r) => ({ type: 'long64', value: BigInt.asIntN(64, (BigInt(r.word()) << 32n) | BigInt(r.word())) }),
  (r) => ({ type: 'long64-unsigned', value: (BigInt(r.word()) << 32n) | BigInt(r.word()) }),
  (r) => ({ type: 'enum', value: r.below(256) }),
  (r) => ({ type: 'float32', value: Math.fround((r.below(2_000_000) - 1_000_000) / 64) }),
  (r) => ({ type: 'float64', value: (r.word() - 2 ** 31) / 1000 }),
  (r) => ({ type: 'date-time', value: { ...moment(r), weekday: r.below(7), millisecond: r.below(1000) } }),
  (r) => {
    const { year, month, day } = moment(r)
    return { type: 'date', value: { year, month, day, weekday: r.below(7) } }
  },
  (r) => {
    const { hour, minute, second } = moment(r)
    return { type: 'time', value: { hour, minute, second } }
  },
  (r) => ({ type: 'date-time-s', value: moment(r) }),
  (r) => ({ type: 'oi', oi: hexOf(r, 2) }),
  (r) => ({ type: 'oad', oad: hexOf(r, 4) }),
  (r) => ({ type: 'omd', omd: hexOf(r, 4) }),
]

/** Values of the types that every reader of the standard has. */
export function randomData(random: Random, depth = 0): Data {
  if (depth < 3 && random.oneIn(4)) return { type: random.oneIn(2) ? 'array' : 'structure', items: Array.from({ length: random.below(5) }, () => randomData(random, depth + 1)) }
  return random.pick(LEAVES)(random)
}

function result(random: Random) {
  const oad = hexOf(random, 4)
  return random.oneIn(6) ? { oad, dar: random.below(256) } : { oad, data: randomData(random) }
}

function record(random: Random) {
  const rcsd = Array.from({ length: 1 + random.below(4) }, () => ({ oad: hexOf(random, 4) }))
  const rows = Array.from({ length: random.oneIn(4) ? random.below(4) : 1 }, () => rcsd.map(() => randomData(random, 1)))
  const oad = hexOf(random, 4)
  return random.oneIn(6) ? { oad, rcsd, dar: random.below(256) } : { oad, rcsd, rows }
}

/** A GET-Response of one of its four usual forms. */
export function randomGetResponse(random: Random): Get {
  const head = { apdu: 'get-response' as const, piid: { number: random.below(64), priority: random.oneIn(2), acd: random.oneIn(8) }, followReport: undefined, timeTag: undefined }
  const several = <T>(one: (r: Random) => T): T[] => Array.from({ length: random.below(4) }, () => one(random))
  switch (random.below(4)) {
    case 0: return { ...head, choice: 'normal', result: result(random) }
    case 1: return { ...head, choice: 'normal-list', results: several(result) }
    case 2: return { ...head, choice: 'record', record: record(random) }
    default: return { ...head, choice: 'record-list', records: several(record) }
  }
}
