import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ProxyCounts, ProxyNews, ProxyOrder } from './lossy-proxy.js'

/** A line to a gateway that delays whole link frames and loses some. */
export interface LossyLine {
  readonly pid: number
  readonly port: number
  /** From now on this part of all frames, of either direction, is lost. */
  lose(part: number): Promise<void>
  counts(): Promise<ProxyCounts>
  end(): Promise<void>
}

/** @param delayMs of each direction */
export async function startLossyLine(to: { host: string; port: number }, delayMs: number): Promise<LossyLine> {
  const child = fork(fileURLToPath(new URL('./lossy-proxy.ts', import.meta.url)), {
    execArgv: ['--conditions=zhuzhan-source', '--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const ask = (order: ProxyOrder): Promise<ProxyNews> => new Promise((resolve, reject) => {
    child.once('message', resolve)
    void gone.then(() => reject(new Error('the line ended')))
    child.send(order)
  })
  const listening = await ask({ kind: 'listen', to, delayMs })
  if (listening.kind !== 'listening') throw new Error('the line does not listen')
  return {
    pid: child.pid!, port: listening.port,
    lose: async (part) => { await ask({ kind: 'lose', part }) },
    counts: async () => {
      const news = await ask({ kind: 'counts' })
      if (news.kind !== 'counts') throw new Error('the line gave no counts')
      return news.counts
    },
    end: async () => {
      if (child.connected) child.disconnect()
      await gone
    },
  }
}
