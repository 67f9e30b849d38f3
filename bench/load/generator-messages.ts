import type { KeyFile } from '@zhuzhan/osp1'

/** What a generator process is told, and says. Latencies: counts by whole millisecond, the last one for everything above. */
export interface LoadPlan {
  terminals: { address: string; meter: string; keys: KeyFile; gateway: { host: string; port: number }; localAddress?: string }[]
  reports: number
  /** Time of the first report's values, epoch ms. */
  from: number
  /** Between the values of two reports; a minute when not given. */
  stepMs?: number
  checkEvery: number
  heartbeatSeconds: number
  /** Sessions begun at once. */
  connecting: number
}
export type GeneratorOrder =
  | { kind: 'prepare'; plan: LoadPlan }
  /** Every terminal sends so many reports and keeps `window` of them under way. */
  | { kind: 'flood'; reports: number; window: number }
  /** So many reports a second over all terminals of this process, in turn, for so long. */
  | { kind: 'steady'; perSecond: number; seconds: number }
  | { kind: 'end' }
export interface LoadResult { sent: number; confirmed: number; seconds: number; latency: number[]; faults: Record<string, number>; cpuSeconds: number; late: number; heartbeats: Heartbeats }
/** Since the process began. */
export interface Heartbeats { sent: number; answered: number; slowestMs: number }
export type GeneratorNews =
  | { kind: 'prepared'; sessions: number; seconds: number }
  | { kind: 'done'; result: LoadResult }
  | { kind: 'failed'; why: string }
  | { kind: 'progress'; text: string }
export const LATENCY_SLOTS = 20_001
