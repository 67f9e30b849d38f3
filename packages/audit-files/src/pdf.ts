import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { AuditDocument, Block, Cell, Grade } from '@zhuzhan/energy-audit'
import { drawChart } from './drawing.js'
import type { Shape } from './drawing.js'

type Pdf = PDFKit.PDFDocument

/** Noto Sans Hans (SIL Open Font License 1.1) out of its package; what the text uses of it is embedded. */
const FONTS = join(dirname(createRequire(import.meta.url).resolve('@embedpdf/fonts-sc')), '..', 'fonts')
const REGULAR = join(FONTS, 'NotoSansHans-Regular.otf')
const BOLD = join(FONTS, 'NotoSansHans-Bold.otf')

const MARGIN = 46
const COLOURS: Record<Grade, string> = { good: '#1f7a4d', fair: '#a15c00', poor: '#b42318', none: '#5c6773', unknown: '#5c6773' }
const INK = '#1d2733'
const BLUE = '#123c6b'
const GREY = '#5c6773'
const LINE = '#dfe5ec'

/** The document as A4 pages, numbered. Needs no browser. */
export async function auditPdf(document: AuditDocument): Promise<Buffer> {
  const { default: PDFDocument } = await import('pdfkit')
  const pdf: Pdf = new PDFDocument({ size: 'A4', margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: MARGIN + 10 }, bufferPages: true, font: REGULAR, info: { Title: `${document.title} ${document.subtitle}` } })
  const parts: Buffer[] = []
  pdf.on('data', (part: Buffer) => parts.push(part))
  const ended = new Promise<void>((resolve, reject) => { pdf.once('end', resolve).once('error', reject) })
  head(pdf, document)
  for (const section of document.sections) {
    room(pdf, 90)
    pdf.moveDown(0.9).font(BOLD).fontSize(13).fillColor(BLUE).text(section.title, MARGIN)
    pdf.moveDown(0.25)
    for (const block of section.blocks) put(pdf, block)
  }
  numberPages(pdf, document.footer)
  pdf.end()
  await ended
  return Buffer.concat(parts)
}

const widthOf = (pdf: Pdf): number => pdf.page.width - 2 * MARGIN
const bottomOf = (pdf: Pdf): number => pdf.page.height - pdf.page.margins.bottom

/** A new page when less than `height` is left. */
function room(pdf: Pdf, height: number): void {
  if (pdf.y + height > bottomOf(pdf)) pdf.addPage()
}

function head(pdf: Pdf, { title, subtitle, badges, facts }: AuditDocument): void {
  pdf.font(BOLD).fontSize(22).fillColor(BLUE).text(title, MARGIN)
  pdf.font(REGULAR).fontSize(12).fillColor(GREY).text(subtitle)
  pdf.moveDown(0.3).fontSize(10)
  badges.forEach(({ text, grade }, at) => pdf.fillColor(COLOURS[grade]).text(`● ${text}   `, { continued: at < badges.length - 1 }))
  const top = pdf.y + 4
  pdf.moveTo(MARGIN, top).lineTo(MARGIN + widthOf(pdf), top).lineWidth(2).strokeColor('#1f5fa8').stroke()
  const column = widthOf(pdf) / 2
  facts.forEach(([label, value], at) => {
    const [x, y] = [MARGIN + (at % 2) * column, top + 8 + Math.floor(at / 2) * 16]
    pdf.fontSize(9.5).fillColor(GREY).text(label, x, y, { width: 84, lineBreak: false })
    pdf.fillColor(INK).text(value, x + 86, y, { width: column - 90, height: 13, ellipsis: true })
  })
  pdf.x = MARGIN
  pdf.y = top + 8 + Math.ceil(facts.length / 2) * 16
}

function put(pdf: Pdf, block: Block): void {
  pdf.x = MARGIN
  switch (block.kind) {
    case 'text':
      pdf.font(REGULAR).fontSize(10).fillColor(block.muted ? GREY : INK).text(block.text, MARGIN, pdf.y, { width: widthOf(pdf) })
      pdf.moveDown(0.4)
      break
    case 'list':
      for (const item of block.items) {
        pdf.font(REGULAR).fontSize(9.5)
        room(pdf, pdf.heightOfString(item, { width: widthOf(pdf) - 12 }))
        const y = pdf.y
        pdf.fillColor(GREY).text('•', MARGIN, y, { lineBreak: false })
        pdf.fillColor(INK).text(item, MARGIN + 12, y, { width: widthOf(pdf) - 12 })
        pdf.moveDown(0.15)
      }
      break
    case 'keys': keys(pdf, block); break
    case 'chart': chart(pdf, block); break
    case 'table': table(pdf, block); break
  }
}

function keys(pdf: Pdf, { items }: Block & { kind: 'keys' }): void {
  const [gap, height] = [8, 50]
  const width = (widthOf(pdf) - 2 * gap) / 3
  room(pdf, Math.ceil(items.length / 3) * (height + gap))
  const top = pdf.y
  items.forEach(({ label, value, unit, note }, at) => {
    const [x, y] = [MARGIN + (at % 3) * (width + gap), top + Math.floor(at / 3) * (height + gap)]
    pdf.roundedRect(x, y, width, height, 4).fill('#f4f7fb')
    pdf.font(REGULAR).fontSize(8.5).fillColor(GREY).text(label, x + 9, y + 4, { lineBreak: false })
    pdf.font(BOLD).fontSize(15).fillColor(BLUE).text(value, x + 9, y + 14, { lineBreak: false })
    const after = x + 9 + pdf.font(BOLD).fontSize(15).widthOfString(value) + 4
    pdf.font(REGULAR).fontSize(9).fillColor(GREY).text(unit, after, y + 20, { lineBreak: false })
    pdf.fontSize(8).text(note ?? '', x + 9, y + 35, { width: width - 12, height: 11, ellipsis: true })
  })
  pdf.x = MARGIN
  pdf.y = top + Math.ceil(items.length / 3) * (height + gap)
}

const CHART_HEIGHT = 165

function chart(pdf: Pdf, { chart: what }: Block & { kind: 'chart' }): void {
  room(pdf, CHART_HEIGHT + 22)
  pdf.font(BOLD).fontSize(10).fillColor(INK).text(what.title, MARGIN, pdf.y + 4)
  const top = pdf.y
  for (const shape of drawChart(what, widthOf(pdf), CHART_HEIGHT)) draw(pdf, shape, MARGIN, top)
  pdf.x = MARGIN
  pdf.y = top + CHART_HEIGHT + 4
}

function draw(pdf: Pdf, shape: Shape, left: number, top: number): void {
  if (shape.kind === 'rect') pdf.rect(left + shape.x, top + shape.y, shape.width, shape.height).fill(shape.fill)
  else if (shape.kind === 'text') {
    const size = shape.size * 0.85
    const width = pdf.font(REGULAR).fontSize(size).widthOfString(shape.text)
    const x = left + shape.x - (shape.anchor === 'end' ? width : shape.anchor === 'middle' ? width / 2 : 0)
    // The text's y is its base line, the library's the upper edge.
    pdf.fillColor(shape.fill).text(shape.text, x, top + shape.y - size * 1.15, { lineBreak: false })
  } else {
    shape.points.forEach(([x, y], at) => { if (at === 0) pdf.moveTo(left + x, top + y); else pdf.lineTo(left + x, top + y) })
    if (shape.fill) pdf.closePath().fill(shape.fill)
    else {
      pdf.lineWidth(shape.width).strokeColor(shape.stroke ?? INK).lineJoin('round')
      if (shape.dash) pdf.dash(shape.dash, {}).stroke().undash()
      else pdf.stroke()
    }
  }
}

const PAD = 4

function table(pdf: Pdf, { title, columns, rows }: Block & { kind: 'table' }): void {
  const all = columns.reduce((total, { weight }) => total + (weight ?? 1), 0)
  const widths = columns.map(({ weight }) => ((weight ?? 1) / all) * widthOf(pdf))
  const heightOf = (cells: readonly Cell[], font: string): number => {
    pdf.font(font).fontSize(8.5)
    return Math.max(...cells.map((cell, at) => pdf.heightOfString(cell.text || ' ', { width: (widths[at] ?? 40) - 2 * PAD - (cell.indent ?? 0) * 10 }))) + 2 * PAD - 1
  }
  const row = (cells: readonly Cell[], font: string, fill?: string): void => {
    const height = heightOf(cells, font)
    const top = pdf.y
    if (fill) pdf.rect(MARGIN, top, widthOf(pdf), height).fill(fill)
    let x = MARGIN
    cells.forEach((cell, at) => {
      const [width, indent] = [widths[at] ?? 40, (cell.indent ?? 0) * 10]
      pdf.font(font).fontSize(8.5).fillColor(cell.grade ? COLOURS[cell.grade] : INK)
        .text(cell.text, x + PAD + indent, top + PAD - 1, { width: width - 2 * PAD - indent, align: columns[at]?.numeric ? 'right' : 'left' })
      x += width
    })
    pdf.moveTo(MARGIN, top + height).lineTo(MARGIN + widthOf(pdf), top + height).lineWidth(0.5).strokeColor(LINE).stroke()
    pdf.x = MARGIN
    pdf.y = top + height
  }
  const headCells = columns.map(({ label }) => ({ text: label }))
  const begin = heightOf(headCells, BOLD) + (rows[0] ? heightOf(rows[0], REGULAR) : 0)
  room(pdf, begin + (title === '' ? 0 : 22))
  if (title !== '') pdf.font(BOLD).fontSize(10).fillColor(INK).text(title, MARGIN, pdf.y + 4).moveDown(0.2)
  row(headCells, BOLD, '#f0f4f9')
  for (const cells of rows) {
    if (pdf.y + heightOf(cells, REGULAR) > bottomOf(pdf)) {
      pdf.addPage()
      row(headCells, BOLD, '#f0f4f9')
    }
    row(cells, REGULAR)
  }
  pdf.moveDown(0.5)
}

function numberPages(pdf: Pdf, footer: string): void {
  const { start, count } = pdf.bufferedPageRange()
  for (let page = start; page < start + count; page++) {
    pdf.switchToPage(page)
    const y = pdf.page.height - 34
    // Text below the margin would begin a page.
    pdf.page.margins.bottom = 0
    pdf.font(REGULAR).fontSize(8).fillColor(GREY).text(footer, MARGIN, y, { lineBreak: false })
    pdf.text(`${page - start + 1} / ${count}`, MARGIN, y, { width: widthOf(pdf), align: 'right', lineBreak: false })
  }
}
