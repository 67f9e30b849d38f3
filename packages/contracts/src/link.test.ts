import { decodeLinkRecords, decodeTraced, encodeLinkRecord, encodeTrace, LINK_RECORD } from './link.js'

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
