/** Beginnings that spreadsheet programs take for a formula. */
const FORMULA = /^[=+\-@\t\r]/

/**
 * One line of CSV (RFC 4180). A text that looks like a formula gets an apostrophe in front, so that opening a file of names
 * somebody else chose runs nothing; import takes it away again. Numbers are written as they are.
 */
export function csvLine(fields: readonly (string | number | null | undefined)[], numeric: ReadonlySet<number> = new Set()): string {
  return `${fields.map((field, index) => csvField(field, numeric.has(index))).join(',')}\r\n`
}

function csvField(field: string | number | null | undefined, numeric: boolean): string {
  if (field === null || field === undefined) return ''
  const text = typeof field === 'string' && !numeric && FORMULA.test(field) ? `'${field}` : String(field)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Takes the apostrophe of `csvLine` away. */
export function csvText(text: string): string {
  return /^'[=+\-@]/.test(text) ? text.slice(1) : text
}
