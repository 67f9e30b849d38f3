import type { DecodeError } from '@zhuzhan/codec'

const SIZE = 1 << 17
/** Words of tables (`get-response`, `long-unsigned`) tell inputs apart; numbers and hex would make every input new. */
const WORD = /^[a-z][a-zA-Z0-9 .-]{0,40}$/

/** What inputs have shown so far: which errors where, which members with which words. Stands in for code coverage. */
export interface Features {
  /** How many of these were never seen before; they are from now on. */
  ofError(error: DecodeError): number
  ofJson(json: object): number
  readonly count: number
}

export function createFeatures(): Features {
  const seen = new Uint8Array(SIZE)
  let count = 0

  function mark(hash: number): number {
    const at = (hash ^ (hash >>> 15)) & (SIZE - 1)
    if (seen[at] === 1) return 0
    seen[at] = 1
    count++
    return 1
  }

  function walk(value: unknown, from: number, depth: number): number {
    if (typeof value === 'string') return WORD.test(value) ? mark(hashText(value, from)) : 0
    if (typeof value === 'boolean') return mark(hashText(value ? 'yes' : 'no', from))
    if (typeof value !== 'object' || value === null || depth > 12) return 0
    if (Array.isArray(value)) {
      let found = mark(hashText(`#${Math.min(4, value.length)}`, from))
      for (let i = 0; i < value.length && i < 8; i++) found += walk(value[i], from, depth + 1)
      return found
    }
    let found = 0
    for (const [key, member] of Object.entries(value)) {
      // Derived, or free text.
      if (key === 'values' || key === 'text') continue
      const here = hashText(key, from)
      found += mark(here) + walk(member, here, depth + 1)
    }
    return found
  }

  return {
    ofError: ({ code, offset, expected }) => mark(hashText(`${code} ${Math.min(64, offset)} ${expected.replace(/[0-9]+/g, '#')}`, 7)),
    ofJson: (json) => walk(json, 1, 0),
    get count() { return count },
  }
}

/** FNV-1a. */
function hashText(text: string, from: number): number {
  let hash = (0x811c9dc5 ^ Math.imul(from, 0x9e3779b1)) >>> 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
