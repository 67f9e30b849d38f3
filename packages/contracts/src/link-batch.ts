import { LINK_BATCH_BYTES, LINK_BATCH_RECORDS, LINK_SPACE_MS } from './link.js'

/** Collects records into one message: a message costs each side several times a record. */
export interface LinkBatch {
  push(record: Buffer): void
  flush(): void
}

/**
 * A message leaves with the turn of the event loop that brought its first record; when another left less than `spaceMs` before, it
 * waits that long for more. A single record is so never held up, and a busy link carries at most 1,000 / `spaceMs` part-filled messages a second.
 */
export function createLinkBatch(send: (message: Buffer) => void, spaceMs = LINK_SPACE_MS): LinkBatch {
  let records: Buffer[] = []
  let bytes = 0
  let scheduled = false
  let sentAt = -Infinity
  const flush = (): void => {
    if (records.length === 0) return
    const message = records.length === 1 ? (records[0] as Buffer) : Buffer.concat(records, bytes)
    records = []
    bytes = 0
    sentAt = performance.now()
    send(message)
  }
  const due = (): void => {
    scheduled = false
    flush()
  }
  return {
    push: (record) => {
      records.push(record)
      bytes += record.length
      if (records.length >= LINK_BATCH_RECORDS || bytes >= LINK_BATCH_BYTES) return flush()
      if (scheduled) return
      scheduled = true
      const wait = sentAt + spaceMs - performance.now()
      if (wait > 0) setTimeout(due, wait)
      else setImmediate(due)
    },
    flush,
  }
}
