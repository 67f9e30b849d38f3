/** Hex of a line, and whether other words stand around it. */
export interface HexRun {
  bytes: Buffer
  /** The line is a log's: a time, a direction, a module before the hex. */
  amongWords: boolean
}

/** Digits in one go, `0x` before them allowed; not a part of a word or of a decimal number. */
const GROUP = /(?<![0-9A-Za-z_.])(?:0[xX])?([0-9A-Fa-f]+)(?![0-9A-Za-z_.])/g
const ONLY_DIGITS = /^[0-9A-Fa-f]+$/
const DIGITS_AND_BLANKS = /^[\s0-9A-Fa-f]+$/
/** Separators of one run are all of one kind; a time is not joined to the bytes behind it. */
const SEPARATOR = /^(?:[ \t]+|[:,-][ \t]*)$/

/**
 * The bytes of a line: hex with or without blanks, `68:18:00`, `0x68, 0x18`, or the longest such run in a line of other
 * words. `undefined` when there is none, or half a byte remains.
 */
export function hexRun(line: string): HexRun | undefined {
  if (ONLY_DIGITS.test(line)) return line.length % 2 === 0 ? { bytes: Buffer.from(line, 'hex'), amongWords: false } : undefined
  if (DIGITS_AND_BLANKS.test(line)) {
    const digits = line.replace(/\s+/g, '')
    return digits.length > 0 && digits.length % 2 === 0 ? { bytes: Buffer.from(digits, 'hex'), amongWords: false } : undefined
  }
  const { digits, length } = longestRun(line)
  return digits.length < 4 ? undefined : { bytes: Buffer.from(digits, 'hex'), amongWords: length < line.trim().length }
}

interface Run {
  digits: string
  /** Characters of the line that it takes. */
  length: number
}

function longestRun(line: string): Run {
  let longest: Run = { digits: '', length: 0 }
  let groups: string[] = []
  let from = 0
  let to = 0
  let separator: string | undefined
  const close = () => {
    const digits = groups.join('')
    if (digits.length > longest.digits.length) longest = { digits, length: to - from }
    groups = []
    separator = undefined
  }
  for (const match of line.matchAll(GROUP)) {
    const [text, digits] = match as unknown as [string, string]
    const between = line.slice(to, match.index)
    const kind = between.trim() || ' '
    if (groups.length > 0 && !(SEPARATOR.test(between) && (separator === undefined || separator === kind) && digits.length % 2 === 0)) close()
    if (digits.length % 2 !== 0) continue
    if (groups.length === 0) from = match.index
    else separator = kind
    groups.push(digits)
    to = match.index + text.length
  }
  close()
  return longest
}
