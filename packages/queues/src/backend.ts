import type { ConnectionOptions, createRedisBackend } from 'bullmq'

/** One of the two stores behind the queues. BullMQ's objects are made with what this holds and share it. */
export interface Backend {
  readonly kind: 'postgres' | 'redis'
  /** BullMQ's default types name Redis; we use only what both backends have, so PostgreSQL's factory goes by the same type. */
  readonly factory: typeof createRedisBackend
  /** For objects that add and look: a call rejects while the server is away instead of waiting for it. */
  producer(): ConnectionOptions
  /** Is the connection of the producers there, as far as one knows without asking? */
  connected(): boolean
  /** For one worker, which waits on the server for its next job. */
  consumer(): ConnectionOptions
  /** Does the store confirm only what is on disk? Reasons why not, in words. */
  durabilityFaults(): Promise<string[]>
  /**
   * Brings back what a wrong clock dated into the future and nobody would touch until then; only where the store keeps such dates.
   * @returns how many
   */
  redate?(queue: string, nowMs: number): Promise<number>
  close(): Promise<void>
}
