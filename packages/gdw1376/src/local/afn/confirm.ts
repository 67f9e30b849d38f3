import { EncodeError, convert, nothing, sequence, u16le, u32le, u8 } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'
import { coded } from '../../wire/codes.js'
import { ending } from '../../wire/members.js'
import { DENY_CODES } from '../catalogue/codes.js'
import { Carried } from './carried.js'

/** `command` is D0, the state of the command; channels 1 to 31 whose bit is set are free. */
export interface ChannelState {
  command: number
  freeChannels: number[]
}

const CHANNELS = Array.from({ length: 31 }, (_, i) => i + 1)

const State: Codec<ChannelState> = convert(
  u32le,
  (word) => ({ command: word & 1, freeChannels: CHANNELS.filter((channel) => (word & (1 << channel)) !== 0) }),
  ({ command, freeChannels }) => {
    const fits = (command === 0 || command === 1) && freeChannels.every((channel) => CHANNELS.includes(channel))
    if (!fits) throw new EncodeError('', 'command 0 or 1, channels 1 to 31')
    return freeChannels.reduce((word, channel) => word | (1 << channel), command) >>> 0
  },
)

/** The text of 2019 gives six bytes, modules were seen to send none. */
export const Confirm = ending(sequence({ state: State, wait: u16le }), { key: 'state' })
export const Deny = sequence({ denied: coded(u8, DENY_CODES) })

/** AFN 00. Reference §B3. */
export const confirm: AfnTable = {
  afn: 0x00, en: 'Confirm or deny', zh: '确认/否认',
  rows: [row(1, 'Confirm', '确认', { down: Confirm, up: Confirm }), row(2, 'Deny', '否认', { down: Deny, up: Deny })],
}

const none = { down: nothing, up: nothing }

/** AFN 01. Reference §B3. */
export const initialise: AfnTable = {
  afn: 0x01, en: 'Initialisation', zh: '初始化',
  rows: [
    row(1, 'Hardware initialisation', '硬件初始化', none),
    row(2, 'Parameter initialisation', '参数区初始化', none),
    row(3, 'Data initialisation', '数据区初始化', none),
  ],
}

/** AFN 02. Reference §B3. */
export const forward: AfnTable = {
  afn: 0x02, en: 'Data forward', zh: '数据转发',
  rows: [row(1, 'Forward a frame', '转发通信协议数据帧', { down: Carried, up: Carried })],
}
