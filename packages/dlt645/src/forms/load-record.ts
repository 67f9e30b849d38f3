import { ByteWriter, EncodeError, hexOctets } from '@zhuzhan/codec'
import type { ByteReader, Codec } from '@zhuzhan/codec'
import { moment } from './moments.js'

/** A record of the load profile. What a group holds depends on the class and is not in the reference: its bytes as sent. */
export interface LoadRecord {
  time: string
  groups: string[]
  /** Not checked: what it covers is not in the reference. */
  checksum: string
}

const START = 0xa0
const GROUP_END = 0xaa
const END = 0xe5
const TIME_SIZE = 5
const Time = moment('YYMMDDhhmm')
const Checksum = hexOctets(1)

/**
 * A0 A0, length, time, groups ended by AA, checksum, E5; UNSURE, so bytes that are not so are refused. The length counts
 * time and groups. AA is no BCD byte, hence ends a group wherever it stands. Reference §4.6.
 */
export const LoadRecord: Codec<LoadRecord> = {
  read: (r) => {
    if (r.u8() !== START || r.u8() !== START) r.fail('A0 A0', r.offset - 1)
    const length = r.u8()
    const end = r.offset + length
    if (length < TIME_SIZE || r.remaining < length + 2) r.fail('a time, and bytes for the length', r.offset - 1)
    const time = r.trace === undefined ? Time.read(r) : r.traced('time', Time)
    const groups: string[] = []
    const group = { read: () => readGroup(r, end) }
    while (r.offset < end) groups.push(r.trace === undefined ? readGroup(r, end) : r.traced(String(groups.length), group))
    const checksum = r.trace === undefined ? Checksum.read(r) : r.traced('checksum', Checksum)
    if (r.u8() !== END) r.fail('E5', r.offset - 1)
    return { time, groups, checksum }
  },
  write: (w, { time, groups, checksum }) => {
    const body = new ByteWriter(64)
    Time.write(body, time)
    for (const group of groups) {
      if (Buffer.from(group, 'hex').includes(GROUP_END)) throw new EncodeError('groups', 'groups without AA')
      body.hex(group)
      body.u8(GROUP_END)
    }
    w.u8(START)
    w.u8(START)
    w.u8(body.length)
    w.bytes(body.finish())
    Checksum.write(w, checksum)
    w.u8(END)
  },
}

function readGroup(r: ByteReader, end: number): string {
  const at = r.source.indexOf(GROUP_END, r.offset)
  if (at < 0 || at >= end) r.fail('AA at the end of a group')
  const group = r.hex(at - r.offset)
  r.u8()
  return group
}
