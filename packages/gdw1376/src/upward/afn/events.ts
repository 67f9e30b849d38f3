import { prefixedHex, sequence, u8 } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { listToEnd } from '../../wire/lists.js'
import { ERCS } from '../catalogue/events.js'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'

/** Which records are asked for: pointers Pm and Pn. */
export const EventRequest = sequence({ firstPointer: u8, lastPointer: u8 })

/** One record; `name` and `nameZh` are of the ERC, for people, and ignored by encode. The body has a layout of its own per ERC. */
export interface EventRecord {
  erc: number
  body: string
  name?: string
  nameZh?: string
}

const Bare = sequence({ erc: u8, body: prefixedHex(u8) })

const Record: Codec<EventRecord> = {
  read: (r) => {
    const record = Bare.read(r)
    const words = ERCS[record.erc]
    return words === undefined ? record : { ...record, name: words.en, nameZh: words.zh }
  },
  write: Bare.write,
}

/** Counters, pointers, then the records up to the end. */
export const EventReply = sequence({ importantEvents: u8, generalEvents: u8, firstPointer: u8, lastPointer: u8, records: listToEnd(Record) })

/** AFN 0E. Reference §A11. */
export const events: AfnTable = {
  afn: 0x0e, en: 'Class 3 data: events', zh: '请求3类数据(事件数据)',
  rows: [
    row(1, 'Important events', '请求重要事件', { down: EventRequest, up: EventReply }),
    row(2, 'General events', '请求一般事件', { down: EventRequest, up: EventReply }),
  ],
}
