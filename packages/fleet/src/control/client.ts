import { connect } from 'node:net'
import { HesError } from '@zhuzhan/core'

/** Asks a running fleet; for tests and the command line. */
export interface ControlClient {
  /** @throws HesError with the code the fleet gave */
  ask<T = unknown>(verb: string, parameters?: Record<string, unknown>): Promise<T>
  close(): void
}

interface Reply {
  id: number
  ok: boolean
  result?: unknown
  error?: { code: string; message: string }
}

export async function connectControl(host: string, port: number): Promise<ControlClient> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let next = 1
  let rest = ''
  const socket = connect(port, host)
  const fail = (why: string): void => {
    for (const { reject } of waiting.values()) reject(new HesError('UNAVAILABLE', `control port: ${why}`))
    waiting.clear()
  }
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (error) => reject(new HesError('UNAVAILABLE', `control port: ${error.message}`)))
  })
  socket.setEncoding('utf8')
  socket.on('error', (error) => fail(error.message))
  socket.on('close', () => fail('closed'))
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const reply = JSON.parse(line) as Reply
      const asked = waiting.get(reply.id)
      waiting.delete(reply.id)
      if (reply.ok) asked?.resolve(reply.result)
      else asked?.reject(new HesError((reply.error?.code ?? 'INTERNAL') as 'INTERNAL', reply.error?.message))
    }
  })
  return {
    ask: <T>(verb: string, parameters: Record<string, unknown> = {}) => new Promise<T>((resolve, reject) => {
      const id = next++
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      socket.write(`${JSON.stringify({ ...parameters, id, verb })}\n`)
    }),
    close: () => socket.destroy(),
  }
}
