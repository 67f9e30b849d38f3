import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HesError } from '@zhuzhan/core'
import type { GeneratorCounts } from './generator.js'
import type { GeneratorFile } from './main.js'

/** The generator's process, as the rig holds it. */
export interface GeneratorProcess {
  readonly pid: number
  counts(): Promise<GeneratorCounts>
  stopMaking(): Promise<GeneratorCounts>
  stop(): Promise<void>
  /** Rejects when it ends by itself. */
  failed: Promise<never>
}

const ANSWER_MS = 20_000
const STOP_MS = 10_000

export async function startGenerator(folder: string, options: GeneratorFile): Promise<GeneratorProcess> {
  const file = join(folder, 'generator.json')
  writeFileSync(file, JSON.stringify(options), { mode: 0o600 })
  const child = spawn(process.execPath, ['--enable-source-maps', fileURLToPath(new URL('main.js', import.meta.url)), file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: { ...process.env, NODE_OPTIONS: '' }, detached: true,
  })
  const waiting = new Map<number, (counts: GeneratorCounts) => void>()
  let next = 1
  let stopping = false
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: { ready?: true; id?: number; counts?: GeneratorCounts }) => {
      if (message.ready) return resolve()
      if (message.id !== undefined && message.counts) waiting.get(message.id)?.(message.counts)
      waiting.delete(message.id ?? 0)
    })
  })
  const failed = new Promise<never>((_, reject) => {
    child.once('exit', (code, signal) => { if (!stopping) reject(new HesError('UNAVAILABLE', `the generator ended (${signal ?? code})`)) })
    child.once('error', reject)
  })
  failed.catch(() => undefined)

  const ask = (what: 'counts' | 'stop-making'): Promise<GeneratorCounts> => {
    const answer = new Promise<GeneratorCounts>((resolve, reject) => {
      const id = next++
      const timer = setTimeout(() => reject(new HesError('UNAVAILABLE', 'the generator does not answer')), ANSWER_MS)
      waiting.set(id, (counts) => {
        clearTimeout(timer)
        resolve(counts)
      })
      child.send({ ask: what, id }, (error) => { if (error) reject(error) })
    })
    return Promise.race([answer, failed])
  }
  await Promise.race([ready, failed])
  return {
    pid: child.pid ?? 0, failed,
    counts: () => ask('counts'),
    stopMaking: () => ask('stop-making'),
    stop: async () => {
      stopping = true
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.send({ ask: 'stop', id: 0 }, () => undefined)
      const hard = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await gone
      clearTimeout(hard)
    },
  }
}
