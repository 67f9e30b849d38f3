import { choice, either, flag, sequence, u16be } from '@zhuzhan/codec'
import { Oad, Oads } from '../data/descriptors.js'
import { Dar, Piid, many } from './members.js'
import { RecordRequest, ResultRecord } from './records.js'
import { ResultMd5, ResultNormal } from './results.js'
import { ClientTail, ServerTail } from './tail.js'

const piid = { piid: Piid }

/** 05, reference §4.4. */
export const GetRequest = choice('choice', {
  'normal': [1, sequence(piid, { oad: Oad }, ClientTail)],
  'normal-list': [2, sequence(piid, { oads: Oads }, ClientTail)],
  'record': [3, sequence(piid, { record: RecordRequest }, ClientTail)],
  'record-list': [4, sequence(piid, { records: many(RecordRequest, 6) }, ClientTail)],
  'next': [5, sequence(piid, { block: u16be }, ClientTail)],
  'md5': [6, sequence(piid, { oad: Oad }, ClientTail)],
})

/** Blocks start at 1 in most code, 0 in others (UNSURE): echo what came. Each block holds whole results. */
const BlockContent = either({ dar: [0, Dar], results: [1, many(ResultNormal, 6)], records: [2, many(ResultRecord, 7)] })

/** 85, reference §4.4. */
export const GetResponse = choice('choice', {
  'normal': [1, sequence(piid, { result: ResultNormal }, ServerTail)],
  'normal-list': [2, sequence(piid, { results: many(ResultNormal, 6) }, ServerTail)],
  'record': [3, sequence(piid, { record: ResultRecord }, ServerTail)],
  'record-list': [4, sequence(piid, { records: many(ResultRecord, 7) }, ServerTail)],
  'next': [5, sequence(piid, { last: flag, block: u16be, content: BlockContent }, ServerTail)],
  'md5': [6, sequence(piid, ResultMd5, ServerTail)],
})
