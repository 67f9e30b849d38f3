import type { AuditDocument, Block, Cell } from '@zhuzhan/energy-audit'
import type { SheetData } from 'write-excel-file/node'

type Sheet = { sheet: string; data: SheetData; columns: { width: number }[] }

const HEAD = { fontWeight: 'bold', backgroundColor: '#e6eef7' } as const
const GRADES = { good: '#1f7a4d', fair: '#a15c00', poor: '#b42318', none: '#5c6773', unknown: '#5c6773' } as const

/** A workbook: a sheet a section, cells with numbers as numbers. Texts are texts: a cell that begins with `=` is no formula here. */
export async function auditXlsx(document: AuditDocument): Promise<Buffer> {
  const { default: writeXlsx } = await import('write-excel-file/node')
  const first: SheetData = [
    [{ value: document.title, fontWeight: 'bold', fontSize: 16 }], [{ value: document.subtitle }], ...document.badges.map(({ text, grade }) => [{ value: text, textColor: GRADES[grade] }]), [],
    ...document.facts.map(([label, value]) => [{ value: label, textColor: '#5c6773' }, { value }]),
  ]
  const sheets: Sheet[] = document.sections.map((section, at) => {
    const rows = section.blocks.flatMap((block) => [...blockRows(block), []])
    const data = [[{ value: section.title, fontWeight: 'bold' as const, fontSize: 14 }], [], ...rows]
    return { sheet: sheetName(section.title), data: at === 0 ? [...first, [], ...data] : data, columns: widths(section.blocks) }
  })
  return writeXlsx(sheets.map(({ sheet, data, columns }) => ({ sheet, data, columns }))).toBuffer()
}

function blockRows(block: Block): SheetData {
  if (block.kind === 'text') return [[{ value: block.text }]]
  if (block.kind === 'list') return block.items.map((value) => [{ value }])
  if (block.kind === 'keys') return block.items.map(({ label, value, unit, note }) => [{ value: label }, { value, align: 'right' as const }, { value: unit }, { value: note ?? '' }])
  if (block.kind === 'chart') {
    const { title, unit, categories, series } = block.chart
    return [[{ value: `${title} (${unit})`, ...HEAD }, ...series.map(({ name }) => ({ value: name, ...HEAD }))], ...categories.map((value, at) => [{ value }, ...series.map(({ values }) => ({ value: values[at] ?? 0, format: '#,##0.00' }))])]
  }
  const head = block.columns.map(({ label }) => ({ value: label, ...HEAD }))
  return [...(block.title === '' ? [] : [[{ value: block.title, fontWeight: 'bold' as const }]]), head, ...block.rows.map((row) => row.map(cellOf))]
}

/** Spreadsheets know 15 digits: a longer number goes as text. */
function cellOf({ text, number, grade, indent }: Cell) {
  const digits = number?.replace(/[-.]/g, '').replace(/^0+/, '').length ?? 99
  if (number !== undefined && digits <= 15) return { value: Number(number), format: '#,##0.00##' }
  return { value: `${'  '.repeat(indent ?? 0)}${text}`, wrap: true, ...(grade !== undefined && { textColor: GRADES[grade] }) }
}

function widths(blocks: readonly Block[]): { width: number }[] {
  const most = Math.max(2, ...blocks.map((block) => (block.kind === 'table' ? block.columns.length : block.kind === 'chart' ? block.chart.series.length + 1 : 1)))
  return Array.from({ length: most }, (_, at) => ({ width: at === 0 ? 28 : Math.max(14, ...blocks.flatMap((block) => (block.kind === 'table' ? [Math.min(60, (block.columns[at]?.weight ?? 1) * 14)] : []))) }))
}

/** What Excel takes as a name: 31 characters without some signs. */
function sheetName(title: string): string {
  return title.replace(/[\\/*?:[\]]/g, ' ').slice(0, 31).trim()
}
