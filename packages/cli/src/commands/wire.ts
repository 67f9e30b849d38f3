import { createInterface } from 'node:readline'
import { fromHex, HesError, toHex } from '@zhuzhan/core'
import { DecodeError, EncodeError, frameFromJson, frameToJson } from '@zhuzhan/dlt698'
import type { Command } from 'commander'

/** One JSON object a line: `{ok: true, protocol, frame}` or `{ok: false, error: {code, offset, message}}`. */
export function wireCommands(program: Command): void {
  program.command('decode').description('frames in hex, one a line on standard input, to JSON lines')
    .option('--protocol <name>', 'auto or dlt698', 'auto')
    .action(async (options: { protocol: string }) => {
      if (options.protocol !== 'auto' && options.protocol !== 'dlt698') throw new HesError('BODY_INVALID', `--protocol ${options.protocol} is not built yet; there are auto and dlt698`)
      await eachLine((line) => JSON.stringify(decodeLine(line)))
    })
  program.command('encode').description('JSON lines as decode prints them, to frames in hex').action(() => eachLine(encodeLine))
}

function decodeLine(line: string): object {
  try {
    return { ok: true, protocol: 'dlt698', frame: frameToJson(fromHex(line)) }
  } catch (error) {
    if (error instanceof DecodeError) return { ok: false, error: { code: error.code, offset: error.offset, message: error.message } }
    if (error instanceof RangeError) return { ok: false, error: { code: 'FRAME_INVALID', offset: 0, message: error.message } }
    throw error
  }
}

function encodeLine(line: string): string {
  try {
    const parsed = JSON.parse(line) as { frame?: object }
    return toHex(frameFromJson(parsed.frame ?? parsed))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof EncodeError || error instanceof HesError) {
      process.exitCode = 1
      return JSON.stringify({ ok: false, error: { code: 'BODY_INVALID', message: error.message } })
    }
    throw error
  }
}

async function eachLine(work: (line: string) => string): Promise<void> {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim() === '') continue
    if (!process.stdout.write(`${work(line)}\n`)) await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
}
