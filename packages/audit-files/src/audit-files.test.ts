import { monitorEventLoopDelay } from 'node:perf_hooks'
import { demoPlant, siteAudit } from '@zhuzhan/energy-audit'
import type { Chart } from '@zhuzhan/energy-audit'
import { csvCell } from './csv.js'
import { drawChart, ticksTo } from './drawing.js'
import { auditFile, auditRenderer } from './index.js'
import type { AuditRenderer } from './index.js'
import { chartSvg } from './svg.js'

const audit = siteAudit({ ...demoPlant('2026-10', 'en'), site: { id: 'x', name: '=1+1 <script>alert(1)</script>' } })

test('html needs nothing beside it and takes no markup from names', async () => {
  const html = (await auditFile(audit, 'html', 'en')).toString()
  expect(html).not.toMatch(/<script|src=|href=|url\(/)
  expect(html).toContain('=1+1 &lt;script&gt;')
  expect(html.match(/<svg/g)?.length).toBeGreaterThanOrEqual(4)
})

// Mutation seen: without the apostrophe the first line holds a formula.
test('csv: what a spreadsheet would compute is text, numbers stay numbers', async () => {
  expect(['=A1', '+1', '-cmd', '@x', '\tx', '-5.2', '-5', 'plain', 'a,b', 'a"b'].map(csvCell)).toEqual(["'=A1", "'+1", "'-cmd", "'@x", "'\tx", '-5.2', '-5', 'plain', '"a,b"', '"a""b"'])
  const csv = (await auditFile(audit, 'csv', 'en')).toString()
  expect(csv.split('\r\n').flatMap((line) => line.split(',')).filter((cell) => /^[=@]/.test(cell))).toEqual([])
  expect(csv).toContain('119087.9')
})

test('xlsx is a workbook of sections whose names stay text', async () => {
  const file = await auditFile(audit, 'xlsx', 'en')
  expect(file.subarray(0, 2).toString()).toBe('PK')
  expect(file.includes('xl/worksheets/sheet1.xml')).toBe(true)
})

test.each(['zh', 'en'] as const)('pdf in %s has pages and embeds its font', async (language) => {
  const file = await auditFile(audit, 'pdf', language)
  expect(file.subarray(0, 5).toString()).toBe('%PDF-')
  expect(file.toString('latin1')).toMatch(/FontFile3/)
  expect(file.length).toBeLessThan(1_000_000)
})

describe('charts', () => {
  test.each([[0, [0, 1]], [4, [0, 1, 2, 3, 4]], [7, [0, 2, 4, 6, 8]], [348.6, [0, 100, 200, 300, 400]]])('ticks to %d', (most, ticks) => expect(ticksTo(most)).toEqual(ticks))
  const chart: Chart = { kind: 'stack', title: 'a "b"', unit: 'kWh', categories: ['1', '2'], series: [{ name: 'x', color: '#112233', values: [1, 2] }, { name: 'y', color: '#445566', values: [3, 0] }] }
  test('stacked bars stand on one another', () => {
    const bars = drawChart(chart, 400, 200).flatMap((shape) => (shape.kind === 'rect' && shape.width > 20 ? [shape] : []))
    expect(bars).toHaveLength(3)
    const [first, second] = bars
    expect(second && first && second.y + second.height).toBeCloseTo(first?.y ?? 0, 6)
    expect((second?.height ?? 0) / (first?.height ?? 1)).toBeCloseTo(3, 6)
  })
  test('names are escaped', () => expect(chartSvg(chart)).toContain('aria-label="a &quot;b&quot;"'))
})

describe('in a thread', () => {
  const renderers: AuditRenderer[] = []
  const renderer = (options = {}): AuditRenderer => { const one = auditRenderer(options); renderers.push(one); return one }
  afterAll(() => Promise.all(renderers.map((one) => one.close())))

  // Mutation seen: with `LONG` empty one turn takes as long as the PDF.
  test('a PDF keeps nobody waiting', async () => {
    const beside = renderer()
    await beside.file(audit, 'pdf', 'en')
    const turns = monitorEventLoopDelay({ resolution: 5 })
    turns.enable()
    const [pdf, xlsx] = await Promise.all([beside.file(audit, 'pdf', 'zh'), beside.file(audit, 'xlsx', 'zh')])
    turns.disable()
    expect([pdf.subarray(0, 5).toString(), xlsx.subarray(0, 2).toString()]).toEqual(['%PDF-', 'PK'])
    expect(turns.max / 1e6).toBeLessThan(150)
  })
  test('more than may wait are refused, and one that takes too long is given up', async () => {
    const narrow = renderer({ waitingMost: 1 })
    const all = await Promise.allSettled([1, 2, 3, 4].map(() => narrow.file(audit, 'pdf', 'en')))
    expect(all.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(1)
    expect(all.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'UNAVAILABLE' } })
    expect(all.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1)
    await expect(renderer({ limitMs: 1 }).file(audit, 'pdf', 'en')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
