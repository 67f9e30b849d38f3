/**
 * Progress lines with the seconds since the first one: `[  1.2 s] text`.
 * @param {NodeJS.WriteStream} stream standard output for `npm start`, standard error where results go to standard output
 * @returns {(text: string) => void}
 */
export function createProgress(stream) {
  const begun = performance.now()
  return (text) => {
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1).padStart(5)
    stream.write(`[${seconds} s] ${text}\n`)
  }
}
