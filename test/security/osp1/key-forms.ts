/** Looking for keys in anything: every form in which bytes are written down, all of them in one pass. */

export interface Found {
  /** Name of the key. */
  name: string
  form: string
}

export interface KeySearch {
  /** Keys in this piece, each form once. A key across the end of a piece is missed: let pieces overlap by `overlap`. */
  look(piece: Uint8Array): Found[]
  readonly overlap: number
  readonly patterns: number
}

interface Pattern extends Found {
  bytes: Buffer
}

/** How 16 bytes or more may be written: as they are, as hexadecimal, base64, base64url, a list of numbers; narrow and wide characters. */
function formsOf(name: string, key: Uint8Array): Pattern[] {
  const bytes = Buffer.from(key)
  const texts: [form: string, text: string][] = [
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
    ['list', [...bytes].join(',')],
    ['spaced list', [...bytes].join(', ')],
  ]
  // In a longer base64 a key may begin at any of three places; the characters it shares with its neighbours are left out.
  for (const [shift, cut] of [[0, 0], [1, 2], [2, 3]] as const) {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '')
    const whole = text.slice(cut, ((shift + bytes.length) * 8) % 6 === 0 ? undefined : -1)
    texts.push([`base64+${shift}`, whole], [`base64url+${shift}`, whole.replaceAll('+', '-').replaceAll('/', '_')])
  }
  const patterns: Pattern[] = [{ name, form: 'raw', bytes }]
  const seen = new Set<string>()
  for (const [form, text] of texts) {
    if (seen.has(text)) continue
    seen.add(text)
    patterns.push({ name, form, bytes: Buffer.from(text, 'latin1') }, { name, form: `wide ${form}`, bytes: Buffer.from(text, 'utf16le') })
  }
  return patterns
}

const SLOT_BITS = 18
/** Jest looks globals up through its sandbox each time: once for every byte would take forty times as long. */
const { imul } = Math
/** Of four bytes as one number. */
const slotOf = (word: number): number => imul(word, 0x9e37_79b1) >>> (32 - SLOT_BITS)
const PAGE = 4_096
const EMPTY = Buffer.alloc(PAGE)

export function keySearch(keys: ReadonlyMap<string, Uint8Array>): KeySearch {
  const patterns = [...keys].flatMap(([name, key]) => formsOf(name, key))
  const marked = new Uint8Array(1 << SLOT_BITS)
  const bySlot = new Map<number, Pattern[]>()
  for (const pattern of patterns) {
    const slot = slotOf(pattern.bytes.readInt32BE(0))
    marked[slot] = 1
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), pattern])
  }
  const overlap = Math.max(...patterns.map(({ bytes }) => bytes.length))

  const lookAt = (bytes: Buffer, from: number, to: number, found: Set<Pattern>): void => {
    let word = 0
    for (let at = from; at < to; at += 1) {
      word = (word << 8) | bytes[at]!
      const slot = slotOf(word)
      if (marked[slot] === 0 || at < from + 3) continue
      for (const pattern of bySlot.get(slot)!) {
        const end = at - 3 + pattern.bytes.length
        if (end <= bytes.length && !found.has(pattern) && bytes.compare(pattern.bytes, 0, undefined, at - 3, end) === 0) found.add(pattern)
      }
    }
  }
  return {
    overlap,
    patterns: patterns.length,
    look(piece) {
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
      const found = new Set<Pattern>()
      for (let page = 0; page < bytes.length; page += PAGE) {
        const end = Math.min(bytes.length, page + PAGE)
        // Memory is mostly empty. No key begins in an empty page; one that begins before it is compared across its border.
        if (end - page === PAGE && bytes.compare(EMPTY, 0, PAGE, page, end) === 0) continue
        lookAt(bytes, page, Math.min(bytes.length, end + 3), found)
      }
      return [...found].map(({ name, form }) => ({ name, form }))
    },
  }
}
