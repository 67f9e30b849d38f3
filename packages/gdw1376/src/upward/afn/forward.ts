import { bits, hexOctets, prefixedHex, sequence, u16le, u8 } from '@zhuzhan/codec'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'

/** F1 down. `control` has baud and parity; the frame timeout its unit in D7; the byte timeout counts 10 ms. Reference §A12. */
export const ForwardRequest = sequence({
  port: u8,
  portControl: hexOctets(1),
  frameTimeout: bits(u8, { unit: [7, 1], value: [0, 7] }),
  byteTimeout: u8,
  content: prefixedHex(u16le),
})

/** F1 up; a concentrator without answer from the meter sends no content, or denies with 00 F2 (UNSURE, forwardOutcome reads both). */
export const ForwardReply = sequence({ port: u8, content: prefixedHex(u16le) })

/** AFN 10: F1 carries a whole frame of DL/T 645 or 698.45. Reference §A12. */
export const forward: AfnTable = {
  afn: 0x10, en: 'Data forward', zh: '数据转发',
  rows: [
    row(1, 'Transparent forward', '透明转发', { down: ForwardRequest, up: ForwardReply }),
    row(9, 'Direct read of a meter', '转发主站直接对电能表的抄读数据命令'),
    row(10, 'Direct trip of a meter', '转发主站直接对电能表的遥控跳闸/允许合闸命令'),
    row(11, 'Direct power command to a meter', '转发主站直接对电能表的遥控送电命令'),
    row(12, 'Batch forward (2013)', '批量转发(2013)'),
    row(13, 'Batch forward, second form (2013)', '批量转发(2013)'),
  ],
}
