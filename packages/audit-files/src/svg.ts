import type { Chart } from '@zhuzhan/energy-audit'
import { drawChart } from './drawing.js'
import type { Shape } from './drawing.js'

/** Text for HTML and SVG, in elements and in attributes. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[one] as string)
}

const fix = (value: number): string => Number(value.toFixed(2)).toString()

/** A chart as an SVG element that scales with its place. */
export function chartSvg(chart: Chart, width = 760, height = 240): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(chart.title)}" xmlns="http://www.w3.org/2000/svg">${drawChart(chart, width, height).map(element).join('')}</svg>`
}

function element(shape: Shape): string {
  if (shape.kind === 'rect') return `<rect x="${fix(shape.x)}" y="${fix(shape.y)}" width="${fix(shape.width)}" height="${fix(shape.height)}" fill="${shape.fill}"/>`
  if (shape.kind === 'text') return `<text x="${fix(shape.x)}" y="${fix(shape.y)}" font-size="${shape.size}" text-anchor="${shape.anchor}" fill="${shape.fill}">${escapeMarkup(shape.text)}</text>`
  const points = shape.points.map(([x, y]) => `${fix(x)},${fix(y)}`).join(' ')
  const stroke = shape.stroke ? ` stroke="${shape.stroke}" stroke-width="${shape.width}" stroke-linejoin="round"${shape.dash ? ` stroke-dasharray="${shape.dash}"` : ''}` : ''
  return shape.fill ? `<polygon points="${points}" fill="${shape.fill}"${stroke}/>` : `<polyline points="${points}" fill="none"${stroke}/>`
}
