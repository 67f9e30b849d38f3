import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { deviceCalls, deviceSeconds } from '../../../telemetry.js'
import { FUNCTIONS } from './functions.js'
import type { AnswerMessage, CallMessage, FunctionName, InputsOf, OutputsOf } from './functions.js'
import { SdfFailure, failureOf, returnCode } from './return-codes.js'

/** The program that holds the library: compiled beside this file; tests give the source and a loader. */
export interface LibraryProgram {
  file: string
  execArgv: readonly string[]
}
export const LIBRARY_PROGRAM: LibraryProgram = { file: fileURLToPath(new URL('./main.js', import.meta.url)), execArgv: [] }

export interface LibraryOptions {
  /** The vendor's shared library. */
  path: string
  program: LibraryProgram
  /** Symbols a device model names otherwise. */
  symbols: Partial<Record<FunctionName, string>>
  /** Calls under way at a time at most: one thread each. */
  threads: number
  /** Loading the library, then each call. */
  startMs: number
  callMs: number
}

/** A loaded library in a process of its own. */
export interface Library {
  /**
   * @returns what the call gives back, its code being 0
   * @throws SdfFailure; after `timeout` or `ended` the process is gone, and every other call under way fails too
   */
  call<N extends FunctionName>(name: N, ...inputs: InputsOf<N>): Promise<OutputsOf<N>>
  /** Resolves when the process has gone, however. */
  readonly ended: Promise<void>
  /** At once: a thread that hangs inside the library cannot be stopped otherwise. */
  kill(): void
}

interface Waiting {
  symbol: string
  startedAt: number
  timer: NodeJS.Timeout
  resolve(outputs: unknown[]): void
  reject(error: SdfFailure): void
}

/** The library and its configuration get the environment without what is the station's own: secrets are not theirs to read. */
function environment(threads: number): NodeJS.ProcessEnv {
  const own = /^(ZHUZHAN_|DATABASE_URL$|REDIS_URL$|OTEL_|PG|NODE_OPTIONS$)/
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name))),
    UV_THREADPOOL_SIZE: String(Math.min(threads + 2, 1024)),
  }
}

/** Start the process and load the library. @throws SdfFailure, `load` when the library cannot be loaded */
export async function startLibrary(options: LibraryOptions): Promise<Library> {
  const { path, program, symbols, threads, startMs, callMs } = options
  const child = fork(program.file, [path], {
    execArgv: [...program.execArgv],
    env: environment(threads),
    serialization: 'advanced',
    // What a library prints is its own affair, and may be more than anybody wants to read.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const waiting = new Map<number, Waiting>()
  let gone = false
  let nextId = 1

  const take = (id: number): Waiting | undefined => {
    const one = waiting.get(id)
    waiting.delete(id)
    clearTimeout(one?.timer)
    return one
  }
  const fail = (id: number, error: SdfFailure, label = error.result): void => {
    const one = take(id)
    if (!one) return
    count(one, label)
    one.reject(error)
  }
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      gone = true
      for (const [id, { symbol }] of [...waiting]) fail(id, new SdfFailure('device', symbol, 'ended'))
      resolve()
    }
    child.once('exit', end)
    child.once('error', end)
  })
  const kill = (): void => {
    gone = true
    child.kill('SIGKILL')
  }

  child.on('message', (message: AnswerMessage) => {
    if ('ready' in message || 'failed' in message) return
    const symbol = waiting.get(message.id)?.symbol ?? ''
    if ('missing' in message) return fail(message.id, new SdfFailure('refused', symbol, 'missing'))
    if (message.code !== 0) return fail(message.id, failureOf(symbol, message.code), returnCode(message.code).name)
    // Larger structures than the model says: what was written over is unknown, and nothing it gave can be believed.
    if (message.overrun) return fail(message.id, new SdfFailure('device', symbol, 'layout'))
    const one = take(message.id)
    if (!one) return
    count(one, 'ok')
    one.resolve(message.outputs.map((output) => (ArrayBuffer.isView(output) ? Buffer.from(output) : output)))
  })

  await loaded(child, path, ended, startMs).catch((error: unknown) => {
    kill()
    throw error
  })

  return {
    ended,
    kill,
    call: <N extends FunctionName>(name: N, ...inputs: InputsOf<N>): Promise<OutputsOf<N>> => {
      const [own, ...signature] = FUNCTIONS[name]
      const symbol = symbols[name] ?? own
      if (gone) return Promise.reject(new SdfFailure('device', symbol, 'ended'))
      const id = nextId++
      return new Promise<unknown[]>((resolve, reject) => {
        const timer = setTimeout(() => {
          fail(id, new SdfFailure('device', symbol, 'timeout'))
          kill()
        }, callMs)
        waiting.set(id, { symbol, startedAt: performance.now(), timer, resolve, reject })
        const message: CallMessage = { id, symbol, signature, inputs }
        child.send(message, (error) => {
          if (error) fail(id, new SdfFailure('device', symbol, 'ended'))
        })
      }) as Promise<OutputsOf<N>>
    },
  }
}

function count({ symbol, startedAt }: Waiting, result: string): void {
  deviceCalls.add(1, { function: symbol, result })
  deviceSeconds.record((performance.now() - startedAt) / 1000)
}

/** Wait for the process's first word. */
function loaded(child: ChildProcess, path: string, ended: Promise<void>, startMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new SdfFailure('device', 'load', 'timeout')), startMs)
    child.once('message', (message: AnswerMessage) => {
      clearTimeout(timer)
      if ('ready' in message) resolve()
      else reject(new SdfFailure('device', 'load', 'failed' in message ? `${path}: ${message.failed}` : 'ended'))
    })
    void ended.then(() => {
      clearTimeout(timer)
      reject(new SdfFailure('device', 'load', 'ended'))
    })
  })
}
