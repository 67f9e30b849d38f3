import type { Chart } from '@zhuzhan/energy-audit'

/** A chart as plain shapes: the page (SVG) and the PDF draw the same ones. Lengths in points from the upper left. */
export type Shape =
  | { kind: 'rect'; x: number; y: number; width: number; height: number; fill: string }
  | { kind: 'path'; points: readonly (readonly [x: number, y: number])[]; stroke?: string; fill?: string; width: number; dash?: number }
  | { kind: 'text'; x: number; y: number; text: string; size: number; anchor: 'start' | 'middle' | 'end'; fill: string }

const INK = '#44505c'
const GRID = '#e3e8ee'
const SIZE = 9
const MARK = '#b42318'

/** Round numbers from 0 to at least `most`: 1, 2 or 5 times a power of ten apart. */
export function ticksTo(most: number): number[] {
  if (!(most > 0)) return [0, 1]
  const rough = most / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5, 10].find((one) => one * power >= rough * 0.999) ?? 10) * power
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, at) => Number((at * step).toPrecision(12)))
}

/** Axes, grid, legend and data of a chart. */
export function drawChart(chart: Chart, width: number, height: number): Shape[] {
  const area = { left: 52, right: width - 10, top: 24, bottom: height - 20 }
  const count = Math.max(chart.categories.length, 1)
  const sums = chart.categories.map((_, at) => chart.series.reduce((total, { values }) => total + (values[at] ?? 0), 0))
  const highest = Math.max(0, ...(chart.kind === 'stack' ? sums : chart.series.flatMap(({ values }) => values)), chart.mark?.value ?? 0)
  const ticks = ticksTo(highest)
  const top = ticks.at(-1) ?? 1
  const y = (value: number): number => area.bottom - (Math.max(value, 0) / top) * (area.bottom - area.top)
  const step = (area.right - area.left) / count
  const middle = (at: number): number => area.left + (at + 0.5) * step
  const shapes: Shape[] = []
  for (const tick of ticks) {
    shapes.push({ kind: 'path', points: [[area.left, y(tick)], [area.right, y(tick)]], stroke: GRID, width: tick === 0 ? 1.2 : 0.6 })
    shapes.push({ kind: 'text', x: area.left - 6, y: y(tick) + 3, text: tick.toLocaleString('en-US'), size: SIZE, anchor: 'end', fill: INK })
  }
  shapes.push({ kind: 'text', x: area.left - 6, y: area.top - 10, text: chart.unit, size: SIZE, anchor: 'end', fill: INK })
  shapes.push(...categoryLabels(chart, area.bottom, middle, step))
  if (chart.kind === 'stack' || chart.kind === 'bars') shapes.push(...bars(chart, y, middle, step))
  else {
    // Lines run from edge to edge.
    const x = (at: number): number => area.left + (count === 1 ? 0 : (at / (count - 1)) * (area.right - area.left))
    for (const { color, values } of chart.series) {
      const points = values.map((value, at) => [x(at), y(value)] as const)
      if (chart.kind === 'area') shapes.push({ kind: 'path', points: [[area.left, y(0)], ...points, [x(values.length - 1), y(0)]], fill: tint(color), width: 0 })
      shapes.push({ kind: 'path', points, stroke: color, width: 1.6 })
    }
  }
  if (chart.mark) {
    const at = y(chart.mark.value)
    shapes.push({ kind: 'path', points: [[area.left, at], [area.right, at]], stroke: MARK, width: 1, dash: 4 })
    shapes.push({ kind: 'text', x: area.right, y: at - 4, text: chart.mark.label, size: SIZE, anchor: 'end', fill: MARK })
  }
  return [...shapes, ...(chart.series.length > 1 ? legend(chart, area.right) : [])]
}

function bars(chart: Chart, y: (value: number) => number, middle: (at: number) => number, step: number): Shape[] {
  const width = Math.min(step * 0.72, 60)
  return chart.categories.flatMap((_, at) => {
    let reached = 0
    return chart.series.flatMap(({ color, values }): Shape[] => {
      const value = Math.max(values[at] ?? 0, 0)
      const [from, to] = chart.kind === 'stack' ? [reached, reached + value] : [0, value]
      reached = to
      return value === 0 ? [] : [{ kind: 'rect', x: middle(at) - width / 2, y: y(to), width, height: y(from) - y(to), fill: color }]
    })
  })
}

/** As many labels as have room; long ones are cut. */
function categoryLabels(chart: Chart, bottom: number, middle: (at: number) => number, step: number): Shape[] {
  const isBars = chart.kind === 'bars' || chart.kind === 'stack'
  const longest = isBars ? Math.max(2, Math.floor(step / 5.2)) : 12
  const widest = Math.max(...chart.categories.map((text) => widthOf(text.slice(0, longest))), 10) + 8
  const count = chart.categories.length
  const every = niceEvery(Math.ceil((isBars ? widest : Math.max(widest, 40)) / step), count)
  return chart.categories.flatMap((text, at): Shape[] => {
    if (at % every !== 0) return []
    const x = isBars ? middle(at) : middle(0) - step / 2 + (count === 1 ? 0 : (at / (count - 1)) * step * count)
    const anchor = isBars ? 'middle' : at === 0 ? 'start' : at === count - 1 ? 'end' : 'middle'
    return [{ kind: 'text', x, y: bottom + 13, text: widthOf(text) > step * every ? `${text.slice(0, longest - 1)}…` : text, size: SIZE, anchor, fill: INK }]
  })
}

/** 96 quarter hours are labelled by whole hours, 101 points by tens. */
function niceEvery(least: number, count: number): number {
  if (count === 96) return [4, 8, 12, 16, 24].find((one) => one >= least) ?? 24
  if (count === 101) return [10, 20, 25, 50].find((one) => one >= least) ?? 50
  return Math.max(1, least)
}

function legend(chart: Chart, right: number): Shape[] {
  let x = right
  return [...chart.series].reverse().flatMap(({ name, color }): Shape[] => {
    const left = x - widthOf(name)
    x = left - 26
    return [{ kind: 'rect', x: left - 13, y: 5, width: 9, height: 9, fill: color }, { kind: 'text', x: left, y: 13, text: name, size: SIZE, anchor: 'start', fill: INK }]
  })
}

/** About, in points: a Chinese character is as wide as it is high. */
function widthOf(text: string): number {
  return [...text].reduce((total, one) => total + (one.charCodeAt(0) > 0x2e80 ? SIZE : SIZE * 0.56), 0)
}

/** The colour mixed with white. */
function tint(color: string): string {
  const parts = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
  return `#${parts.map((part) => Math.round(part + (255 - part) * 0.82).toString(16).padStart(2, '0')).join('')}`
}
