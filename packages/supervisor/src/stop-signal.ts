export interface StopSignal {
  readonly aborted: boolean
  /** Resolves when somebody wants the station to stop. */
  raised: Promise<void>
  /** `work`, unless the stop comes first: then it rejects. */
  unless<T>(work: Promise<T>): Promise<T>
  forget(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Ctrl-C, SIGTERM, a closed terminal. Only the first counts: npm hands on the Ctrl-C the terminal has already sent, and an
 * ordered stop has its own time limits.
 */
export function stopSignal(): StopSignal {
  let aborted = false
  let raise: () => void = () => undefined
  const raised = new Promise<void>((resolve) => { raise = resolve })
  const listener = (): void => {
    aborted = true
    raise()
  }
  for (const name of SIGNALS) process.on(name, listener)
  return {
    get aborted() { return aborted },
    raised,
    unless: (work) => Promise.race([work, raised.then((): never => { throw new Error('stopped while starting') })]),
    forget: () => { for (const name of SIGNALS) process.off(name, listener) },
  }
}
