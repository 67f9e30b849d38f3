import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CONTROL, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, Data } from '@zhuzhan/dlt698'
import { createRandom } from '../fuzz/random.js'
import { peerArguments } from './arguments.js'
import { randomGetResponse } from './random-698.js'
import { createTally } from './tally.js'

/**
 * GET-Responses encoded here, read by the TypeScript reader of github.com/tensoar/DLT698Reader-4N.
 *
 *   node --conditions=zhuzhan-source --import tsx bench/peers/reader-4n.ts --peer DIR [--count N] [--seed S]
 */

type Get = Extract<Apdu, { apdu: 'get-response' }>
type Json = unknown
/** Its objects, as far as they are looked at. */
interface PeerData { mark: number; value: unknown; bitLen?: number }
interface PeerResult { oad: { value: number[] }; result: { resultType: number; data: PeerData | null } }
interface PeerRecord { oad: { value: number[] }; resultType: number; rcsd: { relatedColumOadList: { value: number[] }[] }; recordRow: { dataList: PeerData[] } | null }
interface PeerApdu { piid: { priority: number; index: number }; resultNormal?: PeerResult; resultNormals?: PeerResult[]; resultRecord?: PeerRecord; resultRecordList?: PeerRecord[]; message?: string }

const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString('hex').toUpperCase()
const two = (n: number): string => String(n).padStart(2, '0')
const day = ({ year, month, day: d }: { year: number; month: number; day: number }): string => `${year}-${two(month)}-${two(d)}`
const clock = ({ hour, minute, second }: { hour: number; minute: number; second: number }): string => `${two(hour)}:${two(minute)}:${two(second)}`

/** Our value in the words of the reader. */
function ours(data: Data): Json {
  switch (data.type) {
    case 'null': return null
    case 'array': case 'structure': return data.items.map(ours)
    case 'bool': return Number(data.value)
    case 'bit-string': case 'octet-string': return data.hex
    case 'visible-string': case 'utf8-string': return data.text
    case 'long64': case 'long64-unsigned': return String(data.value)
    case 'date-time': return `${day(data.value)} ${clock(data.value)}.${data.value.millisecond} Week ${data.value.weekday}`
    case 'date': return day(data.value)
    case 'time': return clock(data.value)
    case 'date-time-s': return `${day(data.value)} ${clock(data.value)}`
    case 'oi': return Number.parseInt(data.oi, 16)
    case 'oad': return data.oad
    case 'omd': return data.omd.toLowerCase()
    default: return 'value' in data ? data.value : undefined
  }
}

function theirs({ mark, value }: PeerData): Json {
  if (mark === 1 || mark === 2) return (value as PeerData[]).map(theirs)
  if (mark === 4 || mark === 81) return hex(value as number[])
  return typeof value === 'bigint' ? String(value) : value
}

const ourApdu = (apdu: Get): Json => ({
  piid: [Number(apdu.piid.priority), apdu.piid.number],
  results: 'result' in apdu ? [ourResult(apdu.result)] : 'results' in apdu ? apdu.results.map(ourResult) : [],
  records: 'record' in apdu ? [ourRecord(apdu.record)] : 'records' in apdu ? apdu.records.map(ourRecord) : [],
})
const ourResult = (result: { oad: string; dar: number } | { oad: string; data: Data }): Json => 'data' in result ? [result.oad, ours(result.data)] : [result.oad, 'no data']
const ourRecord = (record: { oad: string; rcsd: { oad: string }[]; dar: number } | { oad: string; rcsd: { oad: string }[]; rows: Data[][] }): Json =>
  [record.oad, record.rcsd.map(({ oad }) => oad), 'rows' in record ? record.rows.map((row) => row.map(ours)) : 'no data']

const theirResult = ({ oad, result }: PeerResult): Json => [hex(oad.value), result.data === null ? 'no data' : theirs(result.data)]
const theirRecord = ({ oad, rcsd, resultType, recordRow }: PeerRecord): Json =>
  [hex(oad.value), rcsd.relatedColumOadList.map(({ value }) => hex(value)), resultType === 1 ? recordRow === null ? [] : [recordRow.dataList.map(theirs)] : 'no data']
const theirApdu = ({ piid, resultNormal, resultNormals, resultRecord, resultRecordList }: PeerApdu): Json => ({
  piid: [piid.priority, piid.index],
  results: (resultNormal ? [resultNormal] : resultNormals ?? []).map(theirResult),
  records: (resultRecord ? [resultRecord] : resultRecordList ?? []).map(theirRecord),
})

/** Every value in an APDU. */
function values(apdu: Get): Data[] {
  const within = (data: Data): Data[] => 'items' in data ? [data, ...data.items.flatMap(within)] : [data]
  const results = 'result' in apdu ? [apdu.result] : 'results' in apdu ? apdu.results : []
  const records = 'record' in apdu ? [apdu.record] : 'records' in apdu ? apdu.records : []
  return [...results.flatMap((r) => 'data' in r ? within(r.data) : []), ...records.flatMap((r) => 'rows' in r ? r.rows.flat().flatMap(within) : [])]
}

/** Differences that docs/protocol/peers.md explains, by what the APDU holds; the first that applies. */
function reasonOf(apdu: Get, size: number): string | undefined {
  if (size === 0x68) return 'a frame of 104 bytes, whose size is taken for the start byte'
  const all = values(apdu)
  const records = 'record' in apdu ? [apdu.record] : 'records' in apdu ? apdu.records : []
  const results = 'results' in apdu ? apdu.results : 'result' in apdu ? [apdu.result] : []
  if (all.some((data) => ('hex' in data && data.hex.length >= 256) || (data.type === 'visible-string' && data.text.length >= 128))) return 'lengths above 127 read as one byte'
  if (records.some((record) => 'rows' in record && record.rows.length > 1)) return 'only records of one row read'
  if ([...results, ...records].slice(0, -1).some((one) => 'dar' in one)) return 'the DAR of a list element not read'
  if ([...results, ...records].some((one) => 'dar' in one && one.dar === 1)) return 'a DAR taken for the choice'
  if (all.some(({ type }) => type === 'date-time' || type === 'date')) return 'months of date and date_time printed one less'
  if (all.some(({ type }) => type === 'oad')) return 'an OAD inside data read and dropped'
  return undefined
}

const { peer, count, seed } = peerArguments()
const load = async (path: string): Promise<unknown> => ((await import(pathToFileURL(join(peer, 'src', path)).href)) as { default: unknown }).default
const Frame = await load('frame/GetResponseFrame.ts') as new (buf: unknown) => { frameCheckResult: { value: number; name?: string } }
const Parser = await load('frame/codec/ApduParser.ts') as { parseResponseApdu(frames: unknown[]): PeerApdu }
const { ByteBuf } = await import(pathToFileURL(join(peer, 'src/domain/ByteBuf.ts')).href) as { ByteBuf: { wrap(bytes: Buffer): unknown } }
const { FrameCheckResult } = await import(pathToFileURL(join(peer, 'src/constant/InProtocol.ts')).href) as { FrameCheckResult: { OK: unknown } }
// It tells of every buffer that grows.
console.debug = () => undefined

const random = createRandom(seed)
const tally = createTally()
for (let n = 0; n < count; n++) {
  const apdu = randomGetResponse(random)
  const scrambled = random.oneIn(4)
  const bytes = encodeFrame({
    control: { ...CONTROL.serverResponse, scrambled }, data: encodeApdu(apdu),
    address: { type: 'single', logical: random.below(2), server: random.bytes(1 + random.below(8)).toString('hex').toUpperCase(), client: random.below(256) },
  })
  const expected = JSON.stringify(ourApdu(apdu))
  try {
    const frame = new Frame(ByteBuf.wrap(bytes))
    if (frame.frameCheckResult !== FrameCheckResult.OK) tally.differ(apdu.choice, undefined, `frame refused: ${bytes.toString('hex')}`)
    else {
      const found = JSON.stringify(theirApdu(Parser.parseResponseApdu([frame])))
      if (found === expected) tally.agree(scrambled ? `${apdu.choice}, scrambled` : apdu.choice)
      else tally.differ(apdu.choice, reasonOf(apdu, bytes.length), `${expected} / ${found} / ${bytes.toString('hex')}`)
    }
  } catch (error) {
    tally.differ(apdu.choice, reasonOf(apdu, bytes.length), `${String(error)} ${bytes.toString('hex')}`)
  }
}
tally.print('tensoar/DLT698Reader-4N')
