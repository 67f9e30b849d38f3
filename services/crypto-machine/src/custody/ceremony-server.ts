import { chmod, lstat, unlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HesError, errorCode, errorText } from '@zhuzhan/core'
import type { Logger, Part } from '@zhuzhan/service-kit'

export interface CeremonyRequest {
  header(name: string): string
  body: Buffer
}
/** JSON, or bytes as they come. */
export type CeremonyAnswer = { json: unknown } | { bytes: AsyncIterable<Buffer> }
/** By method and path. */
export type Ceremonies = Readonly<Record<string, (request: CeremonyRequest) => Promise<CeremonyAnswer> | CeremonyAnswer>>

/** A share is far smaller. */
const MAX_BODY = 16 * 1024
/** What an address of a socket file may be long, with the closing zero, on every system we know. */
const MAX_PATH = 103

/**
 * Key ceremonies: HTTP on a socket file that only the account of this process may open. Nothing of it is reachable over a network,
 * from the request pipe or from REST.
 */
export function ceremonyServer({ path, ceremonies, log }: { path: string; ceremonies: Ceremonies; log: Logger }): Part {
  if (Buffer.byteLength(path) > MAX_PATH) throw new HesError('CONFIG_INVALID', `ZHUZHAN_CEREMONY_SOCKET is longer than ${MAX_PATH} bytes: socket files cannot be; name a shorter folder`)
  let server: Server | undefined

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request)
    try {
      const ceremony = ceremonies[`${request.method ?? ''} ${request.url ?? ''}`]
      if (!ceremony) throw new HesError('NOT_FOUND', 'there is no such ceremony')
      const result = await ceremony({ header: (name) => String(request.headers[name] ?? ''), body })
      if ('json' in result) return void response.setHeader('content-type', 'application/json').end(JSON.stringify(result.json))
      response.setHeader('content-type', 'application/octet-stream')
      await pipeline(Readable.from(result.bytes), response)
    } catch (error) {
      if (response.headersSent) return void response.destroy()
      const context = error instanceof HesError ? error.context : {}
      if (!(error instanceof HesError)) log.error({ err: error }, 'ceremony failed')
      response.writeHead(409, { 'content-type': 'application/json' }).end(JSON.stringify({ code: errorCode(error), message: error instanceof HesError ? error.message : errorText(error), context }))
    } finally {
      body.fill(0)
    }
  }

  return {
    name: 'ceremonies',
    start: async () => {
      // Left by a process that was killed. A file that is no socket stays, and listening fails.
      const left = await lstat(path).catch(() => undefined)
      if (left?.isSocket()) await unlink(path)
      const listening = createServer((request, response) => {
        answer(request, response).catch((error: unknown) => {
          log.warn({ err: error }, 'ceremony ended half-way')
          response.destroy()
        })
      })
      server = listening
      // No moment at which others could open it.
      const before = process.umask(0o177)
      try {
        await new Promise<void>((resolve, reject) => {
          listening.once('error', reject)
          listening.listen(path, resolve)
        })
      } finally {
        process.umask(before)
      }
      await chmod(path, 0o600)
      log.info({ socket: path }, 'key ceremonies')
    },
    stop: async () => {
      server?.closeAllConnections()
      await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
    },
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY) throw new HesError('BODY_INVALID', 'too long')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return body
}
