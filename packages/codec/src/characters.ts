/**
 * Short texts made of single characters. One call of String.fromCharCode with all of them is several times faster than
 * joining pieces, but only with its arguments written out.
 */

/** Longest text. */
const MOST = 16

/** Where the characters are put before `text` is called. */
export const codes = new Uint8Array(MOST)

/** Codes of the hex digits. */
const DIGITS = Uint8Array.from('0123456789ABCDEF', (digit) => digit.charCodeAt(0))

const of = String.fromCharCode

/** The first `length` of `codes` as a text. */
export function text(length: number): string {
  switch (length) {
    case 1: return of(codes[0]!)
    case 2: return of(codes[0]!, codes[1]!)
    case 3: return of(codes[0]!, codes[1]!, codes[2]!)
    case 4: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!)
    case 5: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!)
    case 6: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!)
    case 7: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!)
    case 8: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!, codes[7]!)
    case 9: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!, codes[7]!, codes[8]!)
    case 10: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!, codes[7]!, codes[8]!, codes[9]!)
    case 11: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!, codes[7]!, codes[8]!, codes[9]!, codes[10]!)
    case 12: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!, codes[7]!, codes[8]!, codes[9]!, codes[10]!, codes[11]!)
    case 13: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!, codes[7]!, codes[8]!, codes[9]!, codes[10]!, codes[11]!, codes[12]!)
    case 14: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!, codes[7]!, codes[8]!, codes[9]!, codes[10]!, codes[11]!, codes[12]!, codes[13]!)
    case 15: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!, codes[7]!, codes[8]!, codes[9]!, codes[10]!, codes[11]!, codes[12]!, codes[13]!, codes[14]!)
    case 16: return of(codes[0]!, codes[1]!, codes[2]!, codes[3]!, codes[4]!, codes[5]!, codes[6]!, codes[7]!, codes[8]!, codes[9]!, codes[10]!, codes[11]!, codes[12]!, codes[13]!, codes[14]!, codes[15]!)
    default: return Buffer.from(codes.subarray(0, length)).toString('latin1')
  }
}

/** Upper-case hex of `count` bytes from `at` on, last byte first. */
export function reversedHexOf(bytes: Uint8Array, at: number, count: number): string {
  if (2 * count > MOST) return Buffer.from(bytes.subarray(at, at + count)).reverse().toString('hex').toUpperCase()
  for (let i = at + count - 1, n = 0; i >= at; i--) {
    const byte = bytes[i]!
    codes[n++] = DIGITS[byte >> 4]!
    codes[n++] = DIGITS[byte & 0x0f]!
  }
  return text(2 * count)
}
