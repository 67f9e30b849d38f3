/** A line of more characters is cut: no frame of any protocol needs them. */
const LONGEST_LINE = 4 * 1024 * 1024

export interface LineReader {
  push(chunk: Buffer): void
  /** The last line, when no end of line stands behind it. */
  end(): void
}

/**
 * Lines of a text that comes in chunks, without their ends, blank ones left out. Synchronous: a hundred thousand lines
 * must not cost a hundred thousand promises.
 */
export function createLineReader(onLine: (line: string) => void): LineReader {
  let held = ''
  const decoder = new TextDecoder()
  const take = (text: string) => {
    let from = 0
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      tell(from === 0 ? held + text.slice(0, at) : text.slice(from, at))
      held = ''
      from = at + 1
    }
    held += text.slice(from)
    if (held.length > LONGEST_LINE) held = held.slice(0, LONGEST_LINE)
  }
  const tell = (line: string) => {
    const trimmed = line.trim()
    if (trimmed !== '') onLine(trimmed)
  }
  return {
    push: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => {
      take(decoder.decode())
      tell(held)
      held = ''
    },
  }
}
