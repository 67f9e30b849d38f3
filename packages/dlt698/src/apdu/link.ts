import { named, sequence, u16be, u8 } from '@zhuzhan/codec'
import { DateTime } from '../data/time.js'
import { Piid } from './members.js'

/** 01, sent by the server: login, heartbeat, logout. No tail. Reference §4.1. */
export const LinkRequest = sequence({
  piid: Piid,
  kind: named(u8, { login: 0, heartbeat: 1, logout: 2 }),
  heartbeatSeconds: u16be,
  time: DateTime,
})

/** 81, sent by the client. Result bit 7: our clock is trusted; bits 2-0: 0 success, other codes UNSURE. Reference §4.1. */
export const LinkResponse = sequence({
  piid: Piid, result: u8, requestTime: DateTime, receiveTime: DateTime, responseTime: DateTime,
})
