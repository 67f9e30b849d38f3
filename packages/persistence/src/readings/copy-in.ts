import pg from 'pg'

/** What of `pg`'s connection its types leave out. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/**
 * `COPY … FROM STDIN` of data that is there as a whole, as a query of `pg`. A stream that is written while the server has already refused a
 * row has to be ended with care; what has left in one piece the server throws away by itself.
 */
class CopyIn extends pg.Query {
  constructor(text: string, readonly data: Buffer, done: (error: Error | null | undefined) => void) {
    super(text, done)
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(this.data)
    connection.endCopyFrom()
  }
}

/** @throws what the server says; nothing is in the table then */
export function copyIn(client: pg.ClientBase, text: string, data: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(text, data, (error) => {
      if (error) reject(error)
      else resolve()
    }))
  })
}
