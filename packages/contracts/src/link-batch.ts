import { LINK_BATCH_BYTES, LINK_BATCH_RECORDS } from './link.js'

/** Collects records of one turn of the event loop into one message: a message costs several times a record. */
export interface LinkBatch {
  push(record: Buffer): void
  flush(): void
}

export function createLinkBatch(send: (message: Buffer) => void): LinkBatch {
  let records: Buffer[] = []
  let bytes = 0
  let scheduled = false
  const flush = (): void => {
    scheduled = false
    if (records.length === 0) return
    const message = records.length === 1 ? (records[0] as Buffer) : Buffer.concat(records, bytes)
    records = []
    bytes = 0
    send(message)
  }
  return {
    push: (record) => {
      records.push(record)
      bytes += record.length
      if (records.length >= LINK_BATCH_RECORDS || bytes >= LINK_BATCH_BYTES) flush()
      else if (!scheduled) {
        scheduled = true
        setImmediate(flush)
      }
    },
    flush,
  }
}
