/** Dashboards and alerts ask only for metrics the station declares, under labels these metrics have. */
import { parser } from '@prometheus-io/lezer-promql'
import { METRICS, prometheusName } from '@zhuzhan/telemetry'
import type { MetricName, MetricRow } from '@zhuzhan/telemetry'
import { readExpressions, readPanels } from './expressions.js'

const panels = readPanels()
const expressions = readExpressions('1m')

/** Labels every series has: our own on service_up, and what Prometheus adds. */
const ALWAYS = ['service', 'instance', 'job']
const declared = new Map<string, string[]>([['up', ALWAYS]])
for (const [name, row] of Object.entries(METRICS) as [MetricName, MetricRow][]) {
  const labels = [...ALWAYS, ...(row.labels ?? [])]
  const page = prometheusName(name)
  if (row.kind !== 'histogram') declared.set(page, labels)
  else for (const suffix of ['_bucket', '_sum', '_count']) declared.set(page + suffix, suffix === '_bucket' ? [...labels, 'le'] : labels)
}

interface Asked { errors: number; metrics: string[]; labels: string[] }

function read(expr: string): Asked {
  const asked: Asked = { errors: 0, metrics: [], labels: [] }
  parser.parse(expr).iterate({
    enter: (node) => {
      if (node.type.isError) asked.errors++
      if (node.name === 'VectorSelector') asked.metrics.push(/^[a-zA-Z_:][\w:]*/.exec(expr.slice(node.from, node.to))?.[0] ?? '')
      if (node.name === 'LabelName') asked.labels.push(expr.slice(node.from, node.to))
    },
  })
  return asked
}

test('the reader finds metrics, labels and mistakes', () => {
  expect(read('sum by (code) (rate(zhuzhan_x_total{kind="a"}[1m]))')).toEqual({ errors: 0, metrics: ['zhuzhan_x_total'], labels: ['code', 'kind'] })
  expect(read('sum by (code (rate(zhuzhan_x_total[1m]))').errors).toBeGreaterThan(0)
})

test.each(expressions.map(({ where, expr }) => [where, expr]))('%s: %s', (_where, expr) => {
  const asked = read(expr)
  expect(asked.errors).toBe(0)
  expect(asked.metrics.length).toBeGreaterThan(0)
  expect(asked.metrics.filter((name) => !declared.has(name))).toEqual([])
  const known = asked.metrics.flatMap((name) => declared.get(name) ?? [])
  expect(asked.labels.filter((label) => !known.includes(label))).toEqual([])
})

test('the overview has a row for each thing an operator of the station watches', () => {
  expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual(['Intake', 'Durability', 'Sessions and security', 'Commands', 'Collection', 'Machines'])
})

test('every panel says what it shows', () => {
  expect(panels.filter(({ type, description }) => type !== 'row' && !description).map(({ title }) => title)).toEqual([])
})
