/**
 * A value as PostgreSQL will give it back: plain JSON (dates as text, no undefined), without what its text and jsonb cannot hold.
 * Devices fill strings with NUL and people paste half surrogates; neither may keep a row from being written, nor make what was
 * hashed differ from what is read.
 */
export function storable<T>(value: T): T {
  return cleaned(JSON.parse(JSON.stringify(value ?? null))) as T
}

/** The same as the text of a jsonb parameter. */
export function storableJson(value: unknown): string {
  return JSON.stringify(storable(value))
}

/** UTF-8 turns a half surrogate into U+FFFD; PostgreSQL takes no NUL. */
export function storableText(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', '\uFFFD')
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value)
  if (Array.isArray(value)) return value.map(cleaned)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [storableText(key), cleaned(field)]))
}
