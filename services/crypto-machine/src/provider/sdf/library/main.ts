/**
 * The process that holds the device's library, and nothing else: started by process.ts, one per opened device. A library
 * that hangs, crashes or writes where it should not takes only this process with it. It knows no keys and no meaning,
 * only calls.
 */
import koffi from 'koffi'
import type { AnswerMessage, Argument, CallMessage } from './functions.js'

/** Bytes behind every output that must come back untouched, and behind every input for a library that reads too far. */
const MARGIN = 512
const MARK = 0xa5

const C_TYPE: Readonly<Record<Argument, string>> = {
  handle: 'void *',
  newHandle: '_Out_ void **',
  number: 'uint32_t',
  bytes: 'const uint8_t *',
  // A plain pointer: the library writes straight into the buffer, the margin behind it included.
  output: 'uint8_t *',
  length: '_Inout_ uint32_t *',
}

const send = (message: AnswerMessage): void => {
  process.send?.(message)
}
/** Not exit(): that would wait for threads a hanging library still holds. */
const die = (): void => {
  process.kill(process.pid, 'SIGKILL')
}

type Native = { async: (...args: unknown[]) => void }

function main(path: string): void {
  process.on('disconnect', die)
  let library: ReturnType<typeof koffi.load>
  try {
    koffi.config({ max_async_calls: 256 })
    library = koffi.load(path)
  } catch (error) {
    return send({ failed: error instanceof Error ? error.message : String(error) })
  }
  const bound = new Map<string, Native>()
  const bind = (symbol: string, signature: readonly Argument[]): Native => {
    let native = bound.get(symbol)
    if (!native) {
      const list = signature.map((argument, i) => `${C_TYPE[argument]} a${i}`).join(', ')
      native = library.func(`uint32_t ${symbol}(${list})`) as unknown as Native
      bound.set(symbol, native)
    }
    return native
  }
  process.on('message', (message: CallMessage) => {
    let native: Native
    try {
      native = bind(message.symbol, message.signature)
    } catch {
      return send({ id: message.id, missing: message.symbol })
    }
    run(native, message)
  })
  send({ ready: true })
}

function run(native: Native, { id, signature, inputs }: CallMessage): void {
  let at = 0
  const secrets: Buffer[] = []
  const native_arguments = signature.map((argument) => {
    const given = argument === 'newHandle' ? undefined : inputs[at++]
    switch (argument) {
      case 'newHandle': return [null]
      case 'length': return [given]
      case 'output': return Buffer.alloc((given as number) + MARGIN, MARK).fill(0, 0, given as number)
      case 'bytes': {
        if (given === null) return null
        const copy = Buffer.concat([given as Uint8Array, Buffer.alloc(MARGIN)])
        secrets.push(copy)
        return copy
      }
      case 'handle':
      case 'number': return given
    }
  })
  native.async(...native_arguments, (error: Error | null, code: number) => {
    for (const secret of secrets) secret.fill(0)
    if (error) return die()
    const outputs: (bigint | number | Uint8Array)[] = []
    let overrun = false
    for (const [i, argument] of signature.entries()) {
      const value = native_arguments[i]
      if (argument === 'newHandle' || argument === 'length') outputs.push((value as (bigint | number | null)[])[0] ?? 0n)
      if (argument !== 'output') continue
      const buffer = value as Buffer
      overrun ||= buffer.subarray(buffer.length - MARGIN).some((byte) => byte !== MARK)
      outputs.push(Uint8Array.from(buffer.subarray(0, buffer.length - MARGIN)))
      buffer.fill(0)
    }
    send({ id, code: code >>> 0, outputs, overrun })
  })
}

main(process.argv[2] ?? '')
