import { createHash } from 'node:crypto'
import { QUALITIES, SOURCES } from '@zhuzhan/contracts'
import type { RowShape } from '@zhuzhan/contracts'
import type pg from 'pg'

/** A shape as the table knows it: ordered by item as an unsigned number. */
export interface StoredShape extends RowShape {
  digest: Buffer
}

/** SHA-256 of the elements' text, the same as `reading_shape_of` computes. The elements come ordered. */
export function storedShape(shape: RowShape): StoredShape {
  const text = shape.item.map((item, place) => `${item | 0} ${QUALITIES[shape.quality[place] as number]} ${SOURCES[shape.source[place] as number]}`).join(',')
  return { ...shape, digest: createHash('sha256').update(text).digest() }
}

/** The shape in its order in the table, and where each of its places was before. */
export function ordered(shape: RowShape): { shape: StoredShape; places: number[] } {
  const places = shape.item.map((_, place) => place).sort((a, b) => (shape.item[a] as number) - (shape.item[b] as number))
  const pick = (column: readonly number[]): number[] => places.map((place) => column[place] as number)
  return { shape: storedShape({ item: pick(shape.item), quality: pick(shape.quality), source: pick(shape.source) }), places }
}

const MAX_KNOWN = 50_000
/** Digests seen in the table. Only saves a question: every statement looks its shapes up itself, so that a restored database does no harm. */
const known = new WeakMap<pg.Pool, Set<string>>()

/**
 * Makes sure the shapes are in the table. Not inside a transaction: two that make the same shapes in another order would wait for
 * each other.
 */
export async function ensureShapes(pool: pg.Pool, shapes: Iterable<StoredShape>, forget = false): Promise<void> {
  let seen = known.get(pool)
  if (!seen || forget || seen.size > MAX_KNOWN) known.set(pool, seen = new Set())
  for (const shape of shapes) {
    const key = shape.digest.toString('base64')
    if (seen.has(key)) continue
    await pool.query('SELECT reading_shape_of($1::int[], $2::reading_quality[], $3::reading_source[])',
      [shape.item.map((item) => item | 0), shape.quality.map((index) => QUALITIES[index]), shape.source.map((index) => SOURCES[index])])
    seen.add(key)
  }
}

/** The shapes that are missing in `seen`. */
export function unknownShapes(pool: pg.Pool, shapes: readonly StoredShape[]): StoredShape[] {
  const seen = known.get(pool)
  return shapes.filter(({ digest }) => !seen?.has(digest.toString('base64')))
}

/** Elements of these shapes. */
export async function readShapes(client: pg.ClientBase, ids: readonly number[]): Promise<Map<number, RowShape>> {
  const { rows } = await client.query<{ shape: number; item: number; quality: (typeof QUALITIES)[number]; source: (typeof SOURCES)[number] }>(
    'SELECT shape, item, quality, source FROM reading_shape_item WHERE shape = ANY($1::int[]) ORDER BY shape, place', [ids])
  const shapes = new Map<number, RowShape>()
  for (const { shape: id, item, quality, source } of rows) {
    let shape = shapes.get(id)
    if (!shape) shapes.set(id, shape = { item: [], quality: [], source: [] })
    shape.item.push(item >>> 0)
    shape.quality.push(QUALITIES.indexOf(quality))
    shape.source.push(SOURCES.indexOf(source))
  }
  return shapes
}
