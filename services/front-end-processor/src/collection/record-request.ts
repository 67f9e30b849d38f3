import { HesError } from '@zhuzhan/core'
import { epochToDateTimeS, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Data, Ms, RecordRequest, ResultRecord, Ti } from '@zhuzhan/dlt698'
import type { CollectionPlan, MeterRecord } from '@zhuzhan/persistence'
import type { Terminal } from '../terminals/terminal.js'
import type { SlotRange } from './slots.js'

const FREEZE_TIME = '20210200'
/** Records of the terminal's collection tasks, and the column that names the meter of a row. Reference §8.5, §13. */
const TASK_RECORDS = '60120300'
const METER = '202A0200'
const MONTH_FREEZE = '5006'

/** GET Record of a freeze by time: selector 2 on the freeze time, interval of a curve as TI. Reference §3.2, §9.3. */
export function recordRequest(plan: CollectionPlan, range: SlotRange, offsetMinutes: number): RecordRequest {
  const at = (ms: number): Data => ({ type: 'date-time-s', value: epochToDateTimeS(ms, offsetMinutes) })
  return {
    oad: plan.freezeOad,
    rsd: {
      selector: 2, oad: FREEZE_TIME, from: at(range.from), to: at(range.to),
      interval: plan.intervalMinutes === null ? { type: 'null' } : { type: 'ti', value: { unit: 1, value: plan.intervalMinutes } },
    },
    rcsd: [{ oad: FREEZE_TIME }, ...plan.items.map((oad) => ({ oad }))],
  }
}

/**
 * GET Record on the terminal's own records: rows of these meters by start or by storage time of the collecting task, whichever the
 * plan says bears the time of the freeze, with the freeze's own time and items under it. Selectors 4 to 7, reference §3.2, §8.5.
 */
export function taskRecordsRequest(plan: CollectionPlan, range: SlotRange, meters: readonly MeterRecord[], offsetMinutes: number): RecordRequest {
  const ms: Ms = { choice: 3, items: meters.map(({ address }) => tsaOf(address)) }
  const stored = plan.taskRecords === 'stored'
  const from = epochToDateTimeS(range.from, offsetMinutes)
  return {
    oad: TASK_RECORDS,
    rsd: range.slots.length === 1
      ? { selector: stored ? 5 : 4, time: from, ms }
      : { selector: stored ? 7 : 6, from, to: epochToDateTimeS(range.to, offsetMinutes), interval: intervalOf(plan), ms },
    rcsd: [{ oad: METER }, { oad: plan.freezeOad, related: [FREEZE_TIME, ...plan.items] }],
  }
}

/** Units of a TI: 1 minute, 3 day, 4 month. */
function intervalOf({ intervalMinutes, freezeOad }: CollectionPlan): Ti {
  if (intervalMinutes !== null) return { unit: 1, value: intervalMinutes }
  return { unit: freezeOad.startsWith(MONTH_FREEZE) ? 4 : 3, value: 1 }
}

type NextResponse = Extract<Apdu, { apdu: 'get-response'; choice: 'next' }>
const MAX_BLOCKS = 64

/** The rest of an answer that came in application blocks; each block decodes by itself. Reference §4.4. */
export async function joinBlocks(terminal: Terminal, first: NextResponse, timeoutMs: number): Promise<ResultRecord> {
  let joined: ResultRecord | undefined
  let block = first
  for (let count = 0; count < MAX_BLOCKS; count += 1) {
    if (!('records' in block.content)) throw new HesError('APDU_INVALID', 'a block without records')
    for (const record of block.content.records) {
      if (joined && 'rows' in joined && 'rows' in record && joined.oad === record.oad) joined = { ...joined, rows: [...joined.rows, ...record.rows] }
      else joined = record
    }
    if (block.last) {
      if (!joined) throw new HesError('APDU_INVALID', 'an answer of empty blocks')
      return joined
    }
    const received = block.block
    const answer = await terminal.requests.ask({ lane: 'collection', timeoutMs, build: (piid) => ({ apdu: 'get-request', choice: 'next', piid, block: received, timeTag: undefined }) })
    if (answer.apdu !== 'get-response' || answer.choice !== 'next') throw new HesError('APDU_INVALID', 'no next block')
    block = answer
  }
  throw new HesError('LIMIT_EXCEEDED', `more than ${MAX_BLOCKS} blocks`)
}
