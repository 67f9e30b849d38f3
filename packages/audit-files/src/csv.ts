import type { AuditDocument, Cell } from '@zhuzhan/energy-audit'

/** Spreadsheets read a cell that begins so as a formula. */
const FORMULA = /^[=+\-@\t\r]/

/** A cell that no spreadsheet computes: text that looks like a formula gets an apostrophe, numbers stay numbers. */
export function csvCell(value: string): string {
  const safe = FORMULA.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value
  return /[",\n\r;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const plain = ({ text, number }: Cell): string => number ?? text

/** Every table of the document below one another, each after its title; begins with a mark of UTF-8, which Excel asks for. */
export function auditCsv({ title, subtitle, facts, sections }: AuditDocument): string {
  const lines: string[][] = [[title, subtitle], ...facts.map(([label, value]) => [label, value]), []]
  for (const section of sections) {
    lines.push([section.title])
    for (const block of section.blocks) {
      if (block.kind === 'text') lines.push([block.text])
      if (block.kind === 'list') lines.push(...block.items.map((one) => [one]))
      if (block.kind === 'keys') lines.push(...block.items.map(({ label, value, unit }) => [label, value, unit]))
      if (block.kind === 'chart') lines.push([`${block.chart.title} (${block.chart.unit})`, ...block.chart.series.map(({ name }) => name)], ...block.chart.categories.map((category, at) => [category, ...block.chart.series.map(({ values }) => String(values[at] ?? ''))]))
      if (block.kind === 'table') lines.push(...(block.title === '' ? [] : [[block.title]]), block.columns.map(({ label }) => label), ...block.rows.map((row) => row.map(plain)))
    }
    lines.push([])
  }
  return `\u{feff}${lines.map((line) => line.map(csvCell).join(',')).join('\r\n')}\r\n`
}
