import type { Clock } from '@zhuzhan/core'

/** Something that will be done; `cancel` makes it nothing. */
export interface Appointment {
  cancel(): void
}

/** One timer for the whole process: thousands of terminals put their next steps into one heap. */
export interface Scheduler {
  after(delayMs: number, task: () => void): Appointment
  /** Does what is due; with a manual clock a test calls this. */
  runDue(): void
  /** Lets time work; without it only runDue does. */
  start(): void
  stop(): void
  readonly waiting: number
}

interface Entry {
  due: number
  order: number
  task: (() => void) | undefined
}

export interface SchedulerOptions {
  clock: Clock
  /** Told when a task threw; the others go on. */
  onError: (error: unknown) => void
}

/** Timers of the runtime are not exact below this, and a wall of due tasks must not starve the sockets. */
const LONGEST_SLEEP_MS = 60_000
const TASKS_A_TURN = 500

export function createScheduler({ clock, onError }: SchedulerOptions): Scheduler {
  const heap: Entry[] = []
  let order = 0
  let timer: NodeJS.Timeout | undefined
  let timerDue = Infinity
  let running = false

  const before = (a: Entry, b: Entry): boolean => a.due < b.due || (a.due === b.due && a.order < b.order)

  function push(entry: Entry): void {
    let i = heap.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(entry, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = entry
  }

  function pop(): Entry {
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return top
  }

  function runDue(limit = Infinity): void {
    const now = clock.monotonic()
    for (let done = 0; done < limit && heap.length > 0 && heap[0]!.due <= now; done++) {
      const { task } = pop()
      try {
        task?.()
      } catch (error) {
        onError(error)
      }
    }
  }

  function arm(): void {
    if (!running || heap.length === 0 || heap[0]!.due >= timerDue) return
    clearTimeout(timer)
    timerDue = heap[0]!.due
    timer = setTimeout(turn, Math.min(LONGEST_SLEEP_MS, Math.max(0, timerDue - clock.monotonic())))
  }

  function turn(): void {
    timerDue = Infinity
    runDue(TASKS_A_TURN)
    arm()
  }

  return {
    after: (delayMs, task) => {
      const entry: Entry = { due: clock.monotonic() + Math.max(0, delayMs), order: order++, task }
      push(entry)
      arm()
      return { cancel: () => { entry.task = undefined } }
    },
    runDue: () => runDue(),
    start: () => {
      running = true
      arm()
    },
    stop: () => {
      running = false
      clearTimeout(timer)
      timerDue = Infinity
      heap.length = 0
    },
    get waiting() { return heap.length },
  }
}
