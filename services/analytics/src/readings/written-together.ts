export interface TogetherOptions {
  /** Writes under way at once. */
  atOnce: number
  /** So many rows are enough for a write beside others; a write takes up no more unless one piece alone has more. */
  enoughRows: number
  /** A piece waits so long at most for others to come while another write is under way. */
  waitMs: number
}

interface Waiting<T, R> {
  piece: T
  rows: number
  resolve(outcome: R): void
  reject(error: unknown): void
}

/**
 * Pieces that come while others are being written wait for each other and are written in one go: few large writes cost the database much less
 * than many small ones. A piece that comes to an idle writer is written at once. Each gets the outcome of the write it was part of.
 */
export function writtenTogether<T, R>(write: (pieces: readonly T[]) => Promise<R>, { atOnce, enoughRows, waitMs }: TogetherOptions): (piece: T, rows: number) => Promise<R> {
  let waiting: Waiting<T, R>[] = []
  let underWay = 0
  let timer: NodeJS.Timeout | undefined

  const begin = (due: boolean): void => {
    let patient = !due
    while (waiting.length > 0 && underWay < atOnce) {
      if (patient && underWay > 0 && waiting.reduce((sum, { rows }) => sum + rows, 0) < enoughRows) {
        timer ??= setTimeout(() => {
          timer = undefined
          begin(true)
        }, waitMs)
        return
      }
      let [rows, count] = [0, 0]
      for (const one of waiting) {
        if (count > 0 && rows + one.rows > enoughRows) break
        rows += one.rows
        count += 1
      }
      const pieces = waiting.slice(0, count)
      waiting = waiting.slice(count)
      patient = true
      clearTimeout(timer)
      timer = undefined
      underWay += 1
      write(pieces.map(({ piece }) => piece)).then(
        (outcome) => { for (const { resolve } of pieces) resolve(outcome) },
        (error: unknown) => { for (const { reject } of pieces) reject(error) },
      ).finally(() => {
        underWay -= 1
        begin(false)
      })
    }
  }

  return (piece, rows) => new Promise<R>((resolve, reject) => {
    waiting.push({ piece, rows, resolve, reject })
    begin(false)
  })
}
