import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { decodeApdu, decodeFrame } from '@zhuzhan/dlt698'
import { adapted, confirmationFor, connectRecordedTerminal, crc16, recordedReport } from '../recorded-terminal.js'
import type { RecordedTerminal } from '../recorded-terminal.js'

const ADDRESS = '000000424242'
const RECORDED_GET = Buffer.from('68170043050100000000001026F60501002000020000E5BE16', 'hex')
const RECORDED_LINK_ANSWER = Buffer.from('68300001050100000000000052D981000007E602170308050202F907E6021703080609003207E60217030806090032F0E716', 'hex')

describe('recorded terminal', () => {
  let server: Server
  let sockets: Socket[] = []
  let heard: Buffer[] = []
  let terminal: RecordedTerminal
  beforeEach(async () => {
    heard = []
    sockets = []
    server = createServer((socket) => {
      sockets.push(socket)
      socket.on('data', (chunk) => {
        heard.push(chunk)
        if (chunk[14] === 0x01) socket.write(adapted(RECORDED_LINK_ANSWER, ADDRESS))
        if (chunk[14] === 0x88) socket.write(confirmationFor(chunk, ADDRESS))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    terminal = await connectRecordedTerminal('127.0.0.1', (server.address() as AddressInfo).port, ADDRESS)
  })
  afterEach(() => {
    terminal.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const last = () => decodeFrame(heard.at(-1)!)

  it('has the CRC of the standard', () => {
    expect(crc16(Buffer.from('123456789'))).toBe(0x906e)
  })

  it('logs in and beats with whole frames of its own address', async () => {
    await terminal.login()
    expect(last().address.server).toBe(ADDRESS)
    expect(decodeApdu(last().data)).toMatchObject({ apdu: 'link-request', kind: 'login', heartbeatSeconds: 300 })
    await terminal.heartbeat()
    expect(decodeApdu(last().data)).toMatchObject({ kind: 'heartbeat' })
  })

  it('answers a GET of the voltage with the recorded 224.1 V, to who asked, with his number', async () => {
    await terminal.login()
    sockets[0]!.write(adapted(RECORDED_GET, ADDRESS, { client: 0x21, piid: 0x2a }))
    while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(last().address).toMatchObject({ server: ADDRESS, client: 0x21 })
    expect(decodeApdu(last().data)).toMatchObject({
      apdu: 'get-response', piid: { number: 0x2a }, result: { oad: '20000200', data: { items: [{ type: 'long-unsigned', value: 2241 }, { value: 0 }, { value: 0 }] } },
    })
    expect(terminal.asked).toEqual([{ oad: '20000200', answered: true }])
  })

  it('sends the recorded report and returns the confirmation\'s bytes', async () => {
    const confirmation = await terminal.report()
    expect(decodeApdu(last().data)).toMatchObject({ apdu: 'report-notification', piid: { number: 9 }, records: [{ oad: '31060200' }] })
    expect(decodeApdu(decodeFrame(confirmation).data)).toEqual({
      apdu: 'report-response', choice: 'record-list', piid: { number: 9, priority: false, acd: false }, oads: ['31060200'], timeTag: undefined,
    })
    expect(confirmation).toEqual(confirmationFor(recordedReport(ADDRESS), ADDRESS))
  })
})
