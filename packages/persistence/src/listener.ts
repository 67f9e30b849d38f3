import pg from 'pg'

export interface ListenerOptions {
  url: string
  channel: string
  onNotify(payload: string): void
  /** Called after every (re)connection: what was notified while away is lost, so the caller looks for itself. */
  onConnected(): void
  onError?(error: Error): void
}

export interface Listener {
  close(): Promise<void>
}

/** LISTEN on a connection of its own that comes back after every loss. */
export function listen(options: ListenerOptions): Listener {
  let closed = false
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let delayMs = 200

  const connect = async (): Promise<void> => {
    if (closed) return
    const mine = new pg.Client({ connectionString: options.url, keepAlive: true, connectionTimeoutMillis: 5_000, application_name: `listen ${options.channel}` })
    client = mine
    let lost = false
    const again = (error?: Error): void => {
      if (lost) return
      lost = true
      if (error && !closed) options.onError?.(error)
      mine.end().catch(() => undefined)
      if (!closed) timer = setTimeout(() => void connect(), delayMs)
      delayMs = Math.min(delayMs * 2, 5_000)
    }
    mine.on('error', again)
    mine.on('end', () => again())
    mine.on('notification', (message) => options.onNotify(message.payload ?? ''))
    try {
      await mine.connect()
      await mine.query(`LISTEN ${pg.escapeIdentifier(options.channel)}`)
      delayMs = 200
      options.onConnected()
    } catch (error) {
      again(error as Error)
    }
  }
  void connect()

  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      await client?.end().catch(() => undefined)
    },
  }
}
