import { sequence, u8 } from '@zhuzhan/codec'
import { Piid } from './members.js'
import { ClientTail, ServerTail } from './tail.js'

/** 6E. Type 1: could not be parsed, 2: service not supported, 255 other. Reference §4.9. */
export const ClientError = sequence({ piid: Piid, type: u8 }, ClientTail)

/** EE. */
export const ServerError = sequence({ piid: Piid, type: u8 }, ServerTail)
