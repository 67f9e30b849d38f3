import { CONTROL, decodeApdu, decodeFrame, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, LinkControl, LinkRequest } from '@zhuzhan/dlt698'

/** A frame as a terminal of this address sends it. */
export function frameOf(address: string, data: Uint8Array, control: LinkControl = CONTROL.serverReport): Buffer {
  return encodeFrame({ control, address: { type: 'single', logical: 0, server: address, client: 16 }, data: Buffer.from(data) })
}

/** LINK-Request: login, heartbeat or logout. */
export function linkFrame(address: string, kind: LinkRequest['kind'], heartbeatSeconds = 60): Buffer {
  const time = { year: 2026, month: 10, day: 5, weekday: 1, hour: 8, minute: 0, second: 0, millisecond: 0 }
  return frameOf(address, encodeApdu({ apdu: 'link-request', piid: { number: 0, priority: false, acd: false }, kind, heartbeatSeconds, time }), CONTROL.serverLink)
}

/** REPORT-Notification of one voltage with this PIID number: something to send that can be told apart. */
export function reportFrame(address: string, number: number): Buffer {
  return frameOf(address, encodeApdu({
    apdu: 'report-notification', choice: 'normal-list', piid: { number: number % 64, priority: false, acd: false },
    results: [{ oad: '20000201', data: { type: 'long-unsigned', value: number } }], followReport: undefined, timeTag: undefined,
  }))
}

/** The number a reportFrame carries. */
export function reportNumber(frame: Uint8Array): number {
  const apdu = apduOf(frame)
  if (apdu.apdu !== 'report-notification' || apdu.choice !== 'normal-list') throw new Error(`no report but ${apdu.apdu}`)
  const [result] = apdu.results
  if (!result || !('data' in result) || result.data.type !== 'long-unsigned') throw new Error('no number')
  return result.data.value
}

export function apduOf(frame: Uint8Array): Apdu {
  return decodeApdu(decodeFrame(frame).data)
}
