import { createHash } from 'node:crypto'

/** Of terminals that have no area. */
const NO_AREA = 'DEFAULT'

/**
 * The 8 bytes an area of the registry has in tickets and in the crypto machine's tables, in upper-case hex: up to eight plain
 * letters, digits or signs stand there themselves, 00-filled, so that a signing screen shows them; of anything else the first
 * 8 bytes of the SM3 of its UTF-8 text.
 */
export function areaCode(area: string | null): string {
  const text = area ?? NO_AREA
  const bytes = Buffer.alloc(8)
  if (/^[\x21-\x7e]{1,8}$/.test(text)) bytes.write(text, 'latin1')
  else createHash('sm3').update(text, 'utf8').digest().copy(bytes, 0, 0, 8)
  return bytes.toString('hex').toUpperCase()
}
