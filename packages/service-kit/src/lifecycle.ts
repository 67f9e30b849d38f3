/** Something with a beginning and an end: a pool, a listener, a worker. */
export interface Part {
  /** Shown in the log and on the health page. */
  name: string
  /** Resolves when the part works; throws when it cannot. */
  start(): Promise<void>
  /** Finishes what is in hand and lets go. Also called after a start that failed half-way. */
  stop(): Promise<void>
}

export type LifecycleState = 'starting' | 'ready' | 'stopping'

let state: LifecycleState = 'starting'

/** Where this process stands; `/ready` answers 200 only in `ready`. */
export function lifecycleState(): LifecycleState {
  return state
}

export function setLifecycleState(next: LifecycleState): void {
  state = next
}
