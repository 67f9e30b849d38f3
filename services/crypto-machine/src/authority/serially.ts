export type Serially = <T>(task: () => Promise<T>) => Promise<T>

/** Runs tasks one after another: what the second decides, the first has committed. */
export function serially(): Serially {
  let tail: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = tail.then(task)
    tail = result.catch(() => undefined)
    return result
  }
}
