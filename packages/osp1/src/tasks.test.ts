import { CONTROL, decodeFrame, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import fc from 'fast-check'
import { taskOf } from './tasks.js'
import { commandIsRead } from './trans-command.js'

const piid = { number: 5, priority: false, acd: false }
const nothing = { type: 'null' } as const
const tsa = { flag: 5, address: '000000000001' }
const set = (oad: string): Apdu => ({ apdu: 'set-request', choice: 'normal', piid, oad, data: nothing })
const call = (omd: string, parameter: Extract<Apdu, { apdu: 'action-request'; choice: 'normal' }>['parameter'] = nothing): Apdu => ({
  apdu: 'action-request',
  choice: 'normal',
  piid,
  omd,
  parameter,
})
const setList = (...oads: string[]): Apdu => ({
  apdu: 'set-request',
  choice: 'normal-list',
  piid,
  items: oads.map((oad) => ({ oad, data: nothing })),
})
const callList = (...omds: string[]): Apdu => ({
  apdu: 'action-request',
  choice: 'normal-list',
  piid,
  items: omds.map((omd) => ({ omd, parameter: nothing })),
})
const through = (command: Buffer): Apdu => ({
  apdu: 'proxy-request',
  choice: 'trans-command',
  piid,
  oad: 'F2010201',
  comdcb: { baud: 6, parity: 2, dataBits: 8, stopBits: 1, flow: 0 },
  frameTimeout: 10,
  byteTimeout: 100,
  command,
})
const frame698 = (data: Buffer, control = CONTROL.clientRequest, server = '000000000001'): Buffer =>
  encodeFrame({ control, address: { type: 'single', logical: 0, server, client: 0x10 }, data })
const GET = encodeApdu({ apdu: 'get-request', choice: 'normal', piid, oad: '00100200' })
const TRIP = encodeApdu(call('80008100'))

/** 68 A0..A5 68 C L data CS 16. */
function frame645(control: number, data = Buffer.alloc(0), address = Buffer.alloc(6)): Buffer {
  const head = Buffer.concat([Buffer.of(0x68), address, Buffer.of(0x68, control, data.length), data])
  return Buffer.concat([
    head,
    Buffer.of(
      head.reduce((sum, byte) => (sum + byte) & 0xff, 0),
      0x16,
    ),
  ])
}

/** OSP-1 §7.4, row by row. */
describe('tasks', () => {
  it.each<[string, Apdu, number]>([
    ['GET', { apdu: 'get-request', choice: 'normal', piid, oad: '00100200' }, 3],
    ['GET of the relay', { apdu: 'get-request', choice: 'normal', piid, oad: '80000200' }, 3],
    ['GET Next', { apdu: 'get-request', choice: 'next', piid, block: 1 }, 3],
    ['RELEASE', { apdu: 'release-request', piid }, 3],
    [
      'PROXY GetList',
      { apdu: 'proxy-request', choice: 'get-list', piid, timeout: 5, targets: [{ tsa, timeout: 5, oads: ['00100200'] }] },
      3,
    ],
    ['F100 method 3, manifest', call('F1000300', { type: 'sid', sid: 'F1050000', attach: '00'.repeat(16) }), 3],
    ['F100 method 3 with another SID', call('F1000300', { type: 'sid', sid: 'F1040000', attach: '00'.repeat(16) }), 2],
    ['F100 method 3 without a SID', call('F1000300'), 2],
    ['F100 method 5, end of session', call('F1000500'), 3],
    ['F100 method 5 in another mode', call('F1000501'), 2],
    ['F100 method 9', call('F1000900'), 2],
    ['SET on F100', set('F1000700'), 2],
    ['F101', set('F1010200'), 2],
    ['F100 method 7', call('F1000700'), 7],
    ['F100 method 8', call('F1000800'), 7],
    ['clock', set('40000200'), 5],
    ['tariff list', setList('40160200', '40140200'), 5],
    ['file start', call('F0010700'), 6],
    ['block write', call('F0010800'), 6],
    ['trip', call('80008100'), 8],
    ['SET on a control object', set('81FF0200'), 8],
    ['trips in a list', callList('80008100', '80008200'), 8],
    [
      'PROXY SetList',
      {
        apdu: 'proxy-request',
        choice: 'set-list',
        piid,
        timeout: 5,
        targets: [{ tsa, timeout: 5, items: [{ oad: '40000200', data: nothing }] }],
      },
      5,
    ],
    [
      'PROXY trip',
      {
        apdu: 'proxy-request',
        choice: 'action-list',
        piid,
        timeout: 5,
        targets: [{ tsa, timeout: 5, actions: [{ omd: '80008100', parameter: nothing }] }],
      },
      8,
    ],
    [
      'PROXY end of session: the terminal would do it for us',
      {
        apdu: 'proxy-request',
        choice: 'action-list',
        piid,
        timeout: 5,
        targets: [{ tsa, timeout: 5, actions: [{ omd: 'F1000500', parameter: nothing }] }],
      },
      2,
    ],
    ['TransCommand with a plain GET', through(frame698(GET)), 3],
    ['TransCommand with wake-up bytes', through(Buffer.concat([Buffer.alloc(4, 0xfe), frame645(0x11, Buffer.alloc(4, 0x33))])), 3],
    ['TransCommand with a 645 read', through(frame645(0x11, Buffer.from('33333433', 'hex'))), 3],
    [
      'TransCommand with SECURITY',
      through(
        frame698(
          encodeApdu({
            apdu: 'security-request',
            form: 'cipher',
            content: Buffer.alloc(9),
            verification: { kind: 'rn', rn: Buffer.alloc(16) },
          }),
        ),
      ),
      3,
    ],
    ['TransCommand with a trip', through(frame698(TRIP)), 8],
    ['TransCommand with a 645 control', through(frame645(0x1c, Buffer.alloc(16, 0x44))), 8],
    ['TransCommand with a 645 write', through(frame645(0x14, Buffer.alloc(12))), 8],
    ['TransCommand with anything else', through(Buffer.from('01030000000AC5CD', 'hex')), 8],
    ['TransCommand with two frames', through(Buffer.concat([frame698(GET), frame698(GET)])), 8],
    ["TransCommand with a server's frame", through(frame698(GET, CONTROL.serverResponse)), 8],
  ])('%s', (_name, apdu, task) => expect(taskOf(encodeApdu(apdu))).toBe(task))

  it.each<[string, Buffer]>([
    ['a list of mixed tasks', encodeApdu(callList('F1000500', '80008100'))],
    [
      'mixed tasks over meters',
      encodeApdu({
        apdu: 'proxy-request',
        choice: 'action-list',
        piid,
        timeout: 5,
        targets: ['80008100', '40007F00'].map((omd) => ({ tsa, timeout: 5, actions: [{ omd, parameter: nothing }] })),
      }),
    ],
    ['an empty list', encodeApdu(setList())],
    ['bytes left over', Buffer.concat([GET, Buffer.of(0)])],
    ['a truncated APDU', GET.subarray(0, -1)],
    ['an unknown service', Buffer.from('4501000000', 'hex')],
    [
      'a SECURITY inside',
      encodeApdu({ apdu: 'security-request', form: 'plain', content: GET, verification: { kind: 'rn', rn: Buffer.alloc(16) } }),
    ],
    ['a REPORT-Response', encodeApdu({ apdu: 'report-response', choice: 'transparent', piid })],
    ['a response', Buffer.from('8501050010020000000000', 'hex')],
    ['a length in a long form', Buffer.from('0502058101' + '00100200' + '00', 'hex')],
    ['nothing', Buffer.alloc(0)],
  ])('refuses %s', (_name, bytes) => expect(() => taskOf(bytes)).toThrow(expect.objectContaining({ code: 'TICKET_REFUSED' })))

  it('never throws anything but a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect([2, 3, 5, 6, 7, 8]).toContain(taskOf(bytes))
        } catch (error) {
          expect(error).toMatchObject({ code: 'TICKET_REFUSED' })
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** The bus behind a terminal resynchronises on any 68: what is hidden in a harmless frame would still be carried out. */
describe('frames inside frames', () => {
  const carried = (content: Buffer): Buffer =>
    frame698(encodeApdu({ apdu: 'security-request', form: 'cipher', content, verification: { kind: 'rn', rn: Buffer.alloc(16) } }))

  it('a 645 control frame inside a SECURITY is a control', () =>
    expect(commandIsRead(carried(frame645(0x1c, Buffer.alloc(16))))).toBe(false))
  it('a 698 trip inside a SECURITY is a control', () => expect(commandIsRead(carried(frame698(TRIP)))).toBe(false))
  it('reads inside a SECURITY are none of our business', () =>
    expect(commandIsRead(carried(Buffer.concat([frame645(0x11), frame698(GET)])))).toBe(true))
  it('random content is not mistaken for a frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (content) => {
        expect(commandIsRead(carried(Buffer.from(content)))).toBe(true)
      }),
    )
  })

  it('a frame that is a 698 GET and a 645 control at once is a control', () => {
    // Found by search over two address bytes: both checksums of 698 and the one of 645 (control 1C, 13 data bytes) hold.
    const both = Buffer.from('681700430500B8681C0D0010A0DA0501050010020000520916', 'hex')
    expect(decodeFrame(both).data).toEqual(GET)
    expect(commandIsRead(both)).toBe(false)
  })
})
