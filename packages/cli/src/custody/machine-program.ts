import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ERRORS, HesError } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import { z } from 'zod'
import { PROJECT } from '../station.js'

const Answer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.record(z.string(), z.unknown()) }),
  z.object({ ok: z.literal(false), code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]), message: z.string() }),
])

/**
 * A program of the crypto machine that works on its database and ends: `restore-main`, `rekey-main`. Keys go to its standard input and are
 * wiped; its answer is one line of JSON. @throws HesError as it says
 */
export async function runMachineProgram(name: string, order: object, keys: Buffer, env: Record<string, string>): Promise<Record<string, unknown>> {
  const child = spawn(process.execPath, [join(PROJECT, 'services/crypto-machine/dist', `${name}.js`), JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env },
  })
  child.stdin.on('error', () => undefined) // it ended before it read them; its answer says why
  child.stdin.end(keys, () => keys.fill(0))
  let text = ''
  for await (const part of child.stdout.setEncoding('utf8') as AsyncIterable<string>) text += part
  const answer = Answer.safeParse(text.trim() === '' ? undefined : JSON.parse(text))
  if (!answer.success) throw new HesError('INTERNAL', `${name} ended without an answer`)
  if (!answer.data.ok) throw new HesError(answer.data.code, answer.data.message)
  return answer.data.result
}
