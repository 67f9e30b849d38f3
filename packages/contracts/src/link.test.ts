import { createLinkBatch } from './link-batch.js'
import { LINK_BATCH_RECORDS, decodeLinkRecords, decodeTraced, encodeLinkRecord, encodeTrace, LINK_RECORD } from './link.js'

const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('link records', () => {
  it('carries several records in one message, in order', () => {
    const message = Buffer.concat([
      encodeLinkRecord(LINK_RECORD.frame, 7, encodeTrace(trace), Buffer.from('6816', 'hex')),
      encodeLinkRecord(LINK_RECORD.credit, 0, Buffer.from([0, 0, 0, 9])),
    ])
    const records = [...decodeLinkRecords(message)]
    expect(records.map((r) => [r.type, r.connection])).toEqual([[LINK_RECORD.frame, 7], [LINK_RECORD.credit, 0]])
    expect(decodeTraced(records[0]!.body)).toEqual({ traceparent: trace, frame: Buffer.from('6816', 'hex') })
  })

  it('refuses a record whose length lies', () => {
    const record = encodeLinkRecord(LINK_RECORD.frame, 7, Buffer.alloc(10))
    record.writeUInt32BE(400, 0)
    expect(() => [...decodeLinkRecords(record)]).toThrow(RangeError)
    expect(() => [...decodeLinkRecords(Buffer.alloc(3))]).toThrow(RangeError)
  })

  it('writes one byte where no trace is sampled', () => {
    expect(decodeTraced(Buffer.concat([encodeTrace(undefined), Buffer.from('68', 'hex')]))).toEqual({ traceparent: undefined, frame: Buffer.from('68', 'hex') })
  })
})

describe('messages of the link', () => {
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  const record = (connection: number): Buffer => encodeLinkRecord(LINK_RECORD.frame, connection, Buffer.from('6816', 'hex'))
  const sent: number[][] = []
  const send = (message: Buffer): void => { sent.push([...decodeLinkRecords(message)].map(({ connection }) => connection)) }
  beforeEach(() => { sent.length = 0 })

  it('leave with their turn of the event loop, and on a busy link not sooner than a while after the one before', async () => {
    const batch = createLinkBatch(send, 400)
    batch.push(record(1))
    batch.push(record(2))
    await turn()
    expect(sent).toEqual([[1, 2]])
    batch.push(record(3))
    await sleep(5)
    batch.push(record(4))
    expect(sent).toHaveLength(1)
    await sleep(900)
    expect(sent).toEqual([[1, 2], [3, 4]])
    batch.push(record(5))
    await turn()
    expect(sent).toHaveLength(3)
  })

  it('leave at once when they are full, whatever is due later', async () => {
    const batch = createLinkBatch(send, 30)
    for (let n = 0; n < LINK_BATCH_RECORDS + 1; n++) batch.push(record(n))
    expect(sent.map(({ length }) => length)).toEqual([LINK_BATCH_RECORDS])
    await sleep(80)
    expect(sent.map(({ length }) => length)).toEqual([LINK_BATCH_RECORDS, 1])
  })
})
