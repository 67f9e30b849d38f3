const SECRET_NAME = /pass(word|phrase)?$|secret|token|authorization|cookie|credential|^d$|^pin$|(^|[a-z_])keys?$|privatekey|devicekeys/i
const MAX_DEPTH = 6

/**
 * A copy of what is to be logged: secret-like names lose their value, bytes become their length (they may be a
 * plaintext), errors become type, code, message and stack.
 */
export function withoutSecrets(object: Record<string, unknown>): Record<string, unknown> {
  return clean(object, 0) as Record<string, unknown>
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`
  if (value instanceof Error) return cleanError(value, depth)
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) return value.map((element) => clean(element, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hide(name, inner) ? '[redacted]' : clean(inner, depth + 1)]))
}

/** A flag or count under such a name (`tokenCount`, `secure: true`) tells nothing; texts, bytes and objects do. */
function hide(name: string, value: unknown): boolean {
  return SECRET_NAME.test(name) && value !== null && value !== undefined && typeof value !== 'boolean' && typeof value !== 'function'
}

function cleanError(error: Error, depth: number): Record<string, unknown> {
  const { code, context, cause } = error as Error & { code?: unknown; context?: unknown }
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: error.message,
    stack: error.stack,
    ...(context && typeof context === 'object' ? { context: clean(context, depth + 1) } : {}),
    ...(cause instanceof Error && depth < MAX_DEPTH ? { cause: cleanError(cause, depth + 1) } : {}),
  }
}

/** `postgresql://user:password@host` in any text, a driver's message included. */
export function withoutUrlPasswords(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s@"]*@/gi, '$1:***@')
}
