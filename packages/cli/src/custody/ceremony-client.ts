import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { ERRORS, HesError } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import { z } from 'zod'
import { dataFolder } from '../station.js'

const Refusal = z.object({ code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]), message: z.string(), context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])) })

/** The socket file of the crypto machine on this host. */
export function ceremonySocket(env: NodeJS.ProcessEnv = process.env): string {
  return env['ZHUZHAN_CEREMONY_SOCKET'] || join(dataFolder(env), 'run/ceremony.sock')
}

/**
 * One ceremony with the crypto machine, over its socket file.
 * @returns the answer's body as it comes
 * @throws HesError with the machine's code and words, or UNAVAILABLE when there is no machine
 */
export async function ceremony(method: 'GET' | 'POST', path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: Uint8Array } = {}): Promise<IncomingMessage> {
  const socketPath = ceremonySocket()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers }, resolve)
    asked.once('error', (error) => reject(new HesError('UNAVAILABLE', `No crypto machine answers at ${socketPath} (${error.message}). Run this on its host and under its account; ZHUZHAN_CEREMONY_SOCKET or ZHUZHAN_DATA_DIR name the place.`)))
    asked.end(body)
  })
  if (response.statusCode === 200) return response
  const refusal = Refusal.safeParse(JSON.parse(await textOf(response)))
  if (!refusal.success) throw new HesError('INTERNAL', 'the crypto machine answered something else')
  throw new HesError(refusal.data.code, refusal.data.message, refusal.data.context)
}

export async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk
  return text
}

export const SealState = z.object({
  sealed: z.boolean(),
  set: z.string().optional(),
  threshold: z.number().optional(),
  officers: z.array(z.string()).optional(),
  given: z.array(z.number()).optional(),
  missing: z.number().optional(),
})
