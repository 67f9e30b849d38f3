import { encodeApdu } from '@zhuzhan/dlt698'
import type { ApduOf, GetResponse, Piid, ResultNormal, ResultRecord, TimeTag } from '@zhuzhan/dlt698'
import { DAR } from './dar.js'

type BlockContent = { results: ResultNormal[] } | { records: ResultRecord[] }

/** A large answer waiting to be fetched block by block. One per device: a new request ends the old transfer. Reference §4.4. */
export interface BlockTransfer {
  blocks: BlockContent[]
}

/** The numbers of a transfer start at 1, as most code does (UNSURE). */
const FIRST_BLOCK = 1

interface Tail {
  piid: Piid
  timeTag?: TimeTag | undefined
}

/**
 * The answer as it may be sent: itself when it is at most `limit` bytes, otherwise the first of several blocks, each
 * of complete results, so that each decodes by itself. What cannot be cut any smaller is sent as it is.
 */
export function firstBlock(response: GetResponse, limit: number): { response: GetResponse; transfer?: BlockTransfer } {
  if (encodeApdu(response).length <= limit) return { response }
  const content = contentOf(response)
  if (content === undefined) return { response }
  const blocks = cut(content, limit)
  if (blocks.length === 1) return { response }
  const transfer = { blocks }
  return { response: block(transfer, FIRST_BLOCK, response), transfer }
}

/** Answer to GET Next: `received` is the number of the last block that arrived. */
export function nextBlock(transfer: BlockTransfer | undefined, received: number, tail: Tail): GetResponse {
  if (transfer === undefined) return refused(received, DAR.notInBlockTransfer, tail)
  if (received < FIRST_BLOCK || received >= transfer.blocks.length + FIRST_BLOCK) return refused(received, DAR.blockNumberInvalid, tail)
  // The last block was received: nothing is left, which a client should have known from it.
  if (received === transfer.blocks.length) return refused(received, DAR.notInBlockTransfer, tail)
  return block(transfer, received + 1, tail)
}

function block({ blocks }: BlockTransfer, number: number, { piid, timeTag }: Tail): GetResponse {
  const last = number === blocks.length + FIRST_BLOCK - 1
  return next({ piid, timeTag }, last, number, blocks[number - FIRST_BLOCK]!)
}

function refused(number: number, dar: number, { piid, timeTag }: Tail): GetResponse {
  return next({ piid, timeTag }, true, number, { dar })
}

function next(tail: Tail, last: boolean, number: number, content: BlockContent | { dar: number }): GetResponse {
  return { apdu: 'get-response', choice: 'next', piid: tail.piid, last, block: number, content, followReport: undefined, timeTag: tail.timeTag }
}

function contentOf(response: GetResponse): BlockContent | undefined {
  switch (response.choice) {
    case 'normal': return { results: [response.result] }
    case 'normal-list': return { results: response.results }
    case 'record': return { records: [response.record] }
    case 'record-list': return { records: response.records }
    default: return undefined
  }
}

const SAMPLE: Tail = { piid: { number: 0, priority: false, acd: false }, timeTag: { sent: { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }, delay: { unit: 0, value: 0 } } }

/** Halves until each part fits. Cutting by encoded size keeps one truth about sizes, the codec. */
function cut(content: BlockContent, limit: number): BlockContent[] {
  if (encodeApdu(next(SAMPLE, true, 0, content)).length <= limit) return [content]
  const halves = halve(content)
  return halves === undefined ? [content] : halves.flatMap((half) => cut(half, limit))
}

function halve(content: BlockContent): [BlockContent, BlockContent] | undefined {
  if ('results' in content) {
    const halves = split(content.results)
    return halves && [{ results: halves[0] }, { results: halves[1] }]
  }
  const records = split(content.records)
  if (records !== undefined) return [{ records: records[0] }, { records: records[1] }]
  const [only] = content.records
  if (only === undefined || !('rows' in only)) return undefined
  const rows = split(only.rows)
  return rows && [{ records: [{ ...only, rows: rows[0] }] }, { records: [{ ...only, rows: rows[1] }] }]
}

function split<T>(list: readonly T[]): [T[], T[]] | undefined {
  const middle = list.length >> 1
  return middle === 0 ? undefined : [list.slice(0, middle), list.slice(middle)]
}

/**
 * A proxied record has no blocks. When it is too large the newest rows are left off: what is missing can be seen from
 * the freeze times and asked for again, while an answer beyond the agreed APDU size would be lost altogether.
 */
export function shortened(response: Extract<ApduOf<'proxy-response'>, { choice: 'get-record' }>, limit: number): typeof response {
  let fitting = response
  while ('rows' in fitting.record && fitting.record.rows.length > 1 && encodeApdu(fitting).length > limit) {
    fitting = { ...fitting, record: { ...fitting.record, rows: fitting.record.rows.slice(0, fitting.record.rows.length >> 1) } }
  }
  return fitting
}
