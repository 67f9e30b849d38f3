import { decodeApdu, decodeFrame } from '@zhuzhan/dlt698'
import { LINK_RESULT, linkResponse, readLinkRequest } from './login.js'

/** Recorded by others, reference §9.1: login with 300 s, and a heartbeat. */
const LOGIN = Buffer.from('681E00810501000000000000D2B6010000012C07E602170308063803221CBC16', 'hex')
const HEARTBEAT = Buffer.from('681E00810501000000000000D2B6010001012C07E60217030004330068773416', 'hex')
const RECEIVED = Date.UTC(2022, 1, 23, 0, 6, 57, 5)

test('reads what a recorded terminal sent', () => {
  expect(readLinkRequest(decodeFrame(LOGIN))).toMatchObject({ kind: 'login', heartbeatSeconds: 300, time: { year: 2022, month: 2, day: 23, weekday: 3, hour: 8, minute: 6, second: 56, millisecond: 802 } })
  expect(readLinkRequest(decodeFrame(HEARTBEAT))).toMatchObject({ kind: 'heartbeat' })
})

test('anything else is no LINK-Request', () => {
  const frame = decodeFrame(LOGIN)
  expect(readLinkRequest({ ...frame, data: Buffer.from('0501002000020000', 'hex') })).toBeUndefined()
  expect(() => readLinkRequest({ ...frame, data: frame.data.subarray(0, 6) })).toThrow()
})

test('answers with the copied request time and its own times in the zone of the terminal', () => {
  const frame = decodeFrame(LOGIN)
  const answer = decodeFrame(linkResponse(frame, readLinkRequest(frame)!, LINK_RESULT.accepted, RECEIVED, RECEIVED + 7, 480))
  expect(answer).toMatchObject({ control: { dir: 0, prm: 0, fn: 1 }, address: { server: '000000000001', client: 0 } })
  // Time by time: copied; 2022-02-23 08:06:57.005 and .012 of the terminal's clock.
  expect(answer.data.toString('hex').toUpperCase()).toBe(['81', '00', '00', '07E60217030806380322', '07E60217030806390005', '07E6021703080639000C'].join(''))
})

test('the number is echoed without ACD; scrambled requests get scrambled answers; a refusal says so', () => {
  const frame = decodeFrame(LOGIN)
  const request = { ...readLinkRequest(frame)!, piid: { number: 9, priority: true, acd: true } }
  const bytes = linkResponse({ ...frame, control: { ...frame.control, scrambled: true } }, request, LINK_RESULT.illegalDevice, RECEIVED, RECEIVED, 345)
  expect(bytes[3]).toBe(0x09)
  expect(decodeApdu(decodeFrame(bytes).data)).toMatchObject({ piid: { number: 9, priority: true, acd: false }, result: 2, receiveTime: { hour: 5, minute: 51 } })
})
