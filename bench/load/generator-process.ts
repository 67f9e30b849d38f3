import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { GeneratorNews, GeneratorOrder, LoadPlan, LoadResult } from './generator-messages.js'

/** A generator as its parent sees it. */
export interface Generator {
  readonly pid: number
  prepare(plan: LoadPlan): Promise<number>
  flood(reports: number, window: number): Promise<LoadResult>
  steady(perSecond: number, seconds: number): Promise<LoadResult>
  end(): Promise<void>
}

export function startGenerator(): Generator {
  const child = fork(fileURLToPath(new URL('./generator.ts', import.meta.url)), {
    execArgv: ['--conditions=zhuzhan-source', '--import', 'tsx', ...(process.env['GENERATOR_PROF'] ? ['--cpu-prof', `--cpu-prof-dir=${process.env['GENERATOR_PROF']}`] : [])], serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const ask = <T>(order: GeneratorOrder, pick: (news: GeneratorNews) => T | undefined): Promise<T> => new Promise((resolve, reject) => {
    const onNews = (news: GeneratorNews): void => {
      if (news.kind === 'progress') return void process.stderr.write(`  ${news.text}\n`)
      child.off('message', onNews)
      const found = pick(news)
      if (found !== undefined) resolve(found)
      else reject(new Error(news.kind === 'failed' ? `generator: ${news.why}` : 'the generator said something else'))
    }
    child.on('message', onNews)
    void gone.then(() => reject(new Error('the generator ended')))
    child.send(order)
  })
  const done = (news: GeneratorNews): LoadResult | undefined => (news.kind === 'done' ? news.result : undefined)
  return {
    pid: child.pid!,
    prepare: (plan) => ask({ kind: 'prepare', plan }, (news) => (news.kind === 'prepared' ? news.sessions : undefined)),
    flood: (reports, window) => ask({ kind: 'flood', reports, window }, done),
    steady: (perSecond, seconds) => ask({ kind: 'steady', perSecond, seconds }, done),
    end: async () => {
      if (child.connected) child.send({ kind: 'end' } satisfies GeneratorOrder)
      await gone
    },
  }
}

/** The wait in ms below which this part of all confirmations came. */
export function quantile(latency: readonly number[], part: number): number {
  const all = latency.reduce((sum, count) => sum + count, 0)
  let seen = 0
  for (const [ms, count] of latency.entries()) {
    seen += count
    if (seen >= all * part) return ms + 1
  }
  return latency.length
}

/** Results of several generators at once, as one. */
export function together(results: readonly LoadResult[]): LoadResult {
  return results.reduce((a, b) => ({
    sent: a.sent + b.sent, confirmed: a.confirmed + b.confirmed, seconds: Math.max(a.seconds, b.seconds), latency: a.latency.map((count, ms) => count + (b.latency[ms] as number)),
    faults: Object.fromEntries([...new Set([...Object.keys(a.faults), ...Object.keys(b.faults)])].map((what) => [what, (a.faults[what] ?? 0) + (b.faults[what] ?? 0)])),
    cpuSeconds: a.cpuSeconds + b.cpuSeconds, late: a.late + b.late,
    heartbeats: { sent: a.heartbeats.sent + b.heartbeats.sent, answered: a.heartbeats.answered + b.heartbeats.answered, slowestMs: Math.max(a.heartbeats.slowestMs, b.heartbeats.slowestMs) },
  }))
}
