import { CONTROL, encodeApdu, encodeFrame, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Data } from '@zhuzhan/dlt698'
import { describeTicket } from './describe.js'
import { decodeTicket, encodeTicket } from './ticket.js'
import type { Ticket } from './ticket.js'
import { ticketApdu } from './ticket-apdu.js'
import { onlyAllowsClosing, signedApdu, ticketContent, ticketReach } from './ticket-content.js'
import { commandMeter } from './trans-command.js'

const piid = { number: 9, priority: false, acd: false }
const RELAY: Data = { type: 'oad', oad: 'F2050201' }
const closing = (...how: number[]): Data => ({
  type: 'array',
  items: how.map((value) => ({ type: 'structure', items: [RELAY, { type: 'enum', value }] })),
})
const close = (parameter: Data, omd = '80008200'): Apdu => ({ apdu: 'action-request', choice: 'normal', piid, omd, parameter })
const proxied = (address: string): Apdu => ({
  apdu: 'proxy-request',
  choice: 'action-list',
  piid,
  timeout: 30,
  targets: [{ tsa: tsaOf(address), timeout: 30, actions: [{ omd: '80008100', parameter: { type: 'null' } }] }],
})
const ticket = (apdu: Apdu, more: Partial<Ticket> = {}): Ticket => ({
  stationId: Buffer.alloc(8, 1),
  epoch: Buffer.alloc(8, 2),
  ticketId: Buffer.alloc(16, 3),
  operatorId: Buffer.alloc(8, 4),
  approverId: Buffer.alloc(8, 5),
  area: Buffer.from('NORTH\0\0\0'),
  notBefore: 1_795_000_000,
  notAfter: 1_795_000_900,
  devices: [Buffer.from('0000259689583757', 'hex')],
  ...ticketContent(encodeApdu(apdu)),
  ...more,
})
const REFUSED = expect.objectContaining({ code: 'TICKET_REFUSED' })

describe('the content of a ticket', () => {
  it.each<[string, Apdu, number, number]>([
    ['a trip', { ...close({ type: 'null' }), omd: '80008100' } as Apdu, 7, 8],
    ['a parameter', { apdu: 'set-request', choice: 'normal', piid, oad: '40030200', data: { type: 'octet-string', hex: '01' } }, 6, 5],
    ['a trip behind a terminal', proxied('000000000007'), 9, 8],
  ])('of %s becomes the same APDU again, with the machine\'s own PIID and TimeTag', (_name, apdu, service, task) => {
    const made = ticket(apdu)
    expect(made).toMatchObject({ service, task })
    const tagged = { ...apdu, piid: { ...piid, number: 5 }, timeTag: { sent: { year: 2026, month: 11, day: 18, hour: 6, minute: 26, second: 40 }, delay: { unit: 0, value: 300 } } }
    expect(ticketApdu(made, 5, made.notBefore, 0)).toEqual(Buffer.from(encodeApdu({ ...tagged, timeTag: { ...tagged.timeTag, sent: sentAt(made.notBefore) } } as Apdu)))
    expect(signedApdu(made)).toEqual({ ...apdu, piid: { ...piid, number: 0 }, timeTag: undefined })
    expect(ticketContent(encodeApdu(tagged as Apdu))).toEqual(ticketContent(encodeApdu(apdu)))
  })

  it.each<[string, Apdu]>([
    ['a read', { apdu: 'get-request', choice: 'normal', piid, oad: '40000200' }],
    ['keys', { ...close({ type: 'null' }), omd: 'F1000700' } as Apdu],
    ['a list', { apdu: 'action-request', choice: 'normal-list', piid, items: [{ omd: '80008100', parameter: { type: 'null' } }] }],
  ])('is not for %s', (_name, apdu) => {
    expect(() => ticketContent(encodeApdu(apdu))).toThrow(REFUSED)
  })
})

const sentAt = (seconds: number) => {
  const at = new Date(seconds * 1000)
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate(), hour: at.getUTCHours(), minute: at.getUTCMinutes(), second: at.getUTCSeconds() }
}

describe('what a ticket reaches', () => {
  it('is every meter of a PROXY, each by its own number', () => {
    expect(ticketReach(proxied('000000000007'))).toEqual({ items: [{ service: 7, target: '80008100' }], meters: ['000000000007'] })
    for (const tsa of [{ flag: 0x85, address: '000000000007' }, { flag: 0xc5, address: '000000000007' }, { flag: 0x15, address: '000000000007' }, { flag: 0x05, address: 'AA0000000007' }, { flag: 0, address: 'AA' }]) {
      const apdu = proxied('000000000007') as Extract<Apdu, { apdu: 'proxy-request'; choice: 'action-list' }>
      expect(() => ticketReach({ ...apdu, targets: [{ ...apdu.targets[0]!, tsa }] })).toThrow(REFUSED)
    }
  })

  it('is the one meter of a TransCommand, and none when frames hide in it', () => {
    const dlt645 = (number: string, control: number, data = ''): Buffer => {
      const body = Buffer.concat([Buffer.of(0x68), Buffer.from(number, 'hex').reverse(), Buffer.of(0x68, control, data.length / 2), Buffer.from(data, 'hex')])
      return Buffer.concat([body, Buffer.of(body.reduce((sum, byte) => (sum + byte) & 0xff, 0), 0x16)])
    }
    const trip = dlt645('000000000008', 0x1c, '00')
    expect(commandMeter(Buffer.concat([Buffer.alloc(4, 0xfe), trip]))).toBe('000000000008')
    expect(commandMeter(dlt645('999999999999', 0x1c))).toBeUndefined()
    expect(commandMeter(dlt645('AAAAAAAAAAAA', 0x1c))).toBeUndefined()
    // A frame for another meter as data of the first.
    expect(commandMeter(dlt645('000000000008', 0x14, trip.toString('hex')))).toBeUndefined()
    expect(commandMeter(Buffer.concat([trip, trip]))).toBeUndefined()
    const frame = encodeFrame({ control: CONTROL.clientRequest, address: { type: 'single', logical: 0, server: '000000000009', client: 1 }, data: encodeApdu(close(closing(0))) })
    expect(commandMeter(frame)).toBe('000000000009')
    const group = encodeFrame({ control: CONTROL.clientRequest, address: { type: 'group', logical: 0, server: '000000000009', client: 1 }, data: encodeApdu(close(closing(0))) })
    expect(commandMeter(group)).toBeUndefined()
  })
})

describe('only allowing to close', () => {
  it('is 80008200 with enum 0 for every relay, for one device', () => {
    expect(onlyAllowsClosing(ticket(close(closing(0))))).toBe(true)
    expect(onlyAllowsClosing(ticket(close(closing(0, 0))))).toBe(true)
  })
  it.each<[string, Ticket]>([
    ['closing directly', ticket(close(closing(1)))],
    ['closing one directly', ticket(close(closing(0, 1)))],
    ['no relay', ticket(close(closing()))],
    ['a trip', ticket(close(closing(0), '80008100'))],
    ['closing without protection', ticket(close(closing(0), '80008300'))],
    ['another number type', ticket(close({ type: 'array', items: [{ type: 'structure', items: [RELAY, { type: 'unsigned', value: 0 }] }] }))],
    ['something more in an entry', ticket(close({ type: 'array', items: [{ type: 'structure', items: [RELAY, { type: 'enum', value: 0 }, { type: 'enum', value: 1 }] }] }))],
    ['two devices', ticket(close(closing(0)), { devices: [Buffer.alloc(8, 1), Buffer.alloc(8, 2)] })],
    ['a meter behind a terminal', ticket({ ...proxied('000000000007'), targets: [{ tsa: tsaOf('000000000007'), timeout: 1, actions: [{ omd: '80008200', parameter: closing(0) }] }] } as Apdu)],
  ])('is not %s', (_name, made) => {
    expect(onlyAllowsClosing(made)).toBe(false)
  })
})

describe('a signing screen', () => {
  it('shows what the bytes say, in both languages', () => {
    const tkt = encodeTicket(ticket(close(closing(1)), { devices: [Buffer.from('0000000000000007', 'hex'), Buffer.from('1122334455667788', 'hex')] }))
    const { title, lines } = describeTicket(tkt)
    expect(title).toEqual({ en: 'Command ticket', zh: '控制命令票' })
    const shown = Object.fromEntries(lines.map(({ label, value }) => [label.en, value.en]))
    expect(shown).toMatchObject({ Task: 'control', Parameter: '[{F2050201, enum 1}]', Devices: '2', Device: 'chip 1122334455667788', Area: '4E4F525448000000 (NORTH)' })
    expect(lines.map(({ value }) => value.en)).toContain('000000000007')
    expect(lines.find(({ label }) => label.en === 'Action')?.value.zh).toContain('合闸')
    expect(decodeTicket(tkt).param.toString('hex')).toContain('1601')
  })
  it('says that the clock is set to the time of sealing', () => {
    const tkt = encodeTicket(ticket({ apdu: 'set-request', choice: 'normal', piid, oad: '40000200', data: { type: 'date-time-s', value: { year: 0xffff, month: 0xff, day: 0xff, hour: 0xff, minute: 0xff, second: 0xff } } }))
    expect(describeTicket(tkt).lines.map(({ value }) => value.en)).toContain('the time of sealing')
  })
})
