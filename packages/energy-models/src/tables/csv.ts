import { HesError } from '@zhuzhan/core'

export interface Table {
  header: readonly string[]
  /** Cells as written, trimmed of quotes; every row as long as the header. */
  rows: readonly (readonly string[])[]
}

/**
 * A table of separated values with a header line; comma, semicolon or tabulator, told by the header. Quoted cells may hold the separator.
 * @throws HesError DATA_REFUSED when there is no header and no row, or rows are of other lengths than the header
 */
export function readTable(text: string, name: string): Table {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const [first] = lines
  if (first === undefined) throw new HesError('DATA_REFUSED', `${name} is empty.`)
  const separator = [',', ';', '\t'].find((one) => first.includes(one)) ?? ','
  const cells = (line: string): string[] => (line.includes('"') ? quoted(line, separator) : line.split(separator))
  const header = cells(first).map((cell) => cell.trim())
  const rows = lines.slice(1).map(cells)
  if (rows.length === 0) throw new HesError('DATA_REFUSED', `${name} has a header and no rows.`)
  const broken = rows.findIndex((row) => row.length !== header.length)
  if (broken >= 0) throw new HesError('DATA_REFUSED', `${name}: row ${broken + 2} has ${rows[broken]?.length} cells, the header ${header.length}.`)
  return { header, rows }
}

function quoted(line: string, separator: string): string[] {
  const cells: string[] = []
  let [cell, inside] = ['', false]
  for (let i = 0; i < line.length; i++) {
    const sign = line[i] as string
    if (sign === '"' && inside && line[i + 1] === '"') { cell += '"'; i++ } else if (sign === '"') inside = !inside
    else if (sign === separator && !inside) { cells.push(cell); cell = '' } else cell += sign
  }
  return [...cells, cell]
}

/** The number in a cell; NaN for an empty cell and for what is no number. */
export function cellNumber(cell: string | undefined): number {
  const text = cell?.trim() ?? ''
  return text === '' ? NaN : Number(text)
}

/** Positions of columns that must be there. @throws HesError DATA_REFUSED naming what is missing */
export function columnsOf<N extends string>({ header }: Table, names: readonly N[], name: string): Record<N, number> {
  const missing = names.filter((one) => !header.includes(one))
  if (missing.length > 0) throw new HesError('DATA_REFUSED', `${name} lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}; it has ${header.slice(0, 12).join(', ')}.`)
  return Object.fromEntries(names.map((one) => [one, header.indexOf(one)])) as Record<N, number>
}
