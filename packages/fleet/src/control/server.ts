import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { HesError, errorCode, errorText } from '@zhuzhan/core'
import { z } from 'zod'
import type { Fleet } from '../run/fleet.js'
import { VERBS } from './verbs.js'

/** The control port: tests and people drive a running fleet through it. */
export interface ControlServer {
  readonly port: number
  close(): Promise<void>
}

/** Longer lines are no request of anybody. */
const MAX_LINE = 65_536

const Request = z.looseObject({ id: z.union([z.string(), z.number()]).optional(), verb: z.string() })

/** Answers one request: `{id?, verb, ...parameters}` to `{id, ok: true, result}` or `{id, ok: false, error: {code, message}}`. */
export async function answerControl(fleet: Fleet, line: string): Promise<string> {
  let id: string | number | undefined
  try {
    const { id: given, verb: name, ...parameters } = Request.parse(JSON.parse(line))
    id = given
    const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
    if (verb === undefined) throw new HesError('NOT_FOUND', `no verb '${name}'; there are ${Object.keys(VERBS).join(', ')}`)
    return JSON.stringify({ id, ok: true, result: (await verb.run(fleet, verb.parameters.parse(parameters))) ?? null })
  } catch (error) {
    const wrong = error instanceof z.ZodError || error instanceof SyntaxError
    const message = error instanceof z.ZodError ? z.prettifyError(error) : errorText(error)
    return JSON.stringify({ id, ok: false, error: { code: wrong ? 'BODY_INVALID' : errorCode(error), message } })
  }
}

/** Newline-delimited JSON over TCP, on the loopback interface unless told otherwise. Port 0: any free one. */
export async function startControl(fleet: Fleet, { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {}): Promise<ControlServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let rest = ''
    // Answers keep the order of the questions.
    let answered = Promise.resolve()
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line.trim() !== '') answered = answered.then(() => answerControl(fleet, line)).then((answer) => { if (!socket.destroyed) socket.write(`${answer}\n`) })
      }
      if (rest.length > MAX_LINE) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    }),
  }
}
