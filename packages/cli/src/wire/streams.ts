import { createReadStream, existsSync } from 'node:fs'
import { HesError } from '@zhuzhan/core'
import { hexRun } from './hex-run.js'

/** Bytes of a file, or of standard input when none is named. @throws HesError NOT_FOUND */
export async function* inputChunks(file: string | undefined): AsyncGenerator<Buffer> {
  const stream = file === undefined || file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 256 * 1024 })
  try {
    for await (const chunk of stream) yield chunk as Buffer
  } catch (error) {
    throw new HesError('NOT_FOUND', `cannot read ${file ?? 'standard input'}: ${(error as Error).message}`, {}, { cause: error })
  }
}

/** What stands behind `decode`: names of files, hex pasted from a log, or nothing for standard input. @throws HesError NOT_FOUND */
export async function* filesOrHex(input: readonly string[]): AsyncGenerator<Buffer> {
  const line = input.join(' ')
  if (input.length > 0 && !existsSync(input[0]!) && hexRun(line)?.amongWords === false) return yield Buffer.from(`${line}\n`)
  for (const file of input.length > 0 ? input : [undefined]) yield* inputChunks(file)
}

export interface TextOutput {
  /** Collects; nothing is written before `flush`. */
  write(text: string): void
  /** Writes what was collected, no faster than it is read. */
  flush(): Promise<void>
}

/** Standard output in large pieces. A reader that goes away (`| head`) ends the program quietly. */
export function standardOutput(): TextOutput {
  let pieces: string[] = []
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
  return {
    write: (text) => { pieces.push(text) },
    flush: async () => {
      if (pieces.length === 0) return
      const text = pieces.join('')
      pieces = []
      if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve))
    },
  }
}
