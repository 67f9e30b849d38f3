import { METRICS, PREFIX_OF_SERVICE } from './metrics.js'
import type { CounterName, GaugeName, HistogramName, LabelsOf, MetricName, MetricRow } from './metrics.js'
import { observe } from './observed.js'
import { meter } from './page.js'

/** Labels are an argument exactly when the table's row has some. */
type LabelArgument<N extends MetricName> = keyof LabelsOf<N> extends never ? [] : [labels: LabelsOf<N>]

export interface Counter<N extends CounterName> {
  /** Counts `value` (0 or more) under these labels. */
  add(value: number, ...labels: LabelArgument<N>): void
}

export interface Histogram<N extends HistogramName> {
  /** Records one observation in the row's unit. */
  record(value: number, ...labels: LabelArgument<N>): void
}

type InstrumentOf<N extends CounterName | HistogramName> = N extends CounterName ? Counter<N> : N extends HistogramName ? Histogram<N> : never

export interface GaugeValue<N extends GaugeName> {
  value: number
  labels: LabelsOf<N>
}
type GaugeAnswer<N extends GaugeName> = number | readonly GaugeValue<N>[]

/** Series one counter may have. A label that takes more values than this is a mistake; the rest counts as `other`. */
const MAX_SERIES = 1_000

const instruments = new Map<MetricName, unknown>()

/**
 * The counter or histogram of the table. Cheap to call, cheaper to keep: hold it in a module constant, then a
 * counter without labels also shows its zero from the start.
 */
export function metric<N extends CounterName | HistogramName>(name: N): InstrumentOf<N> {
  let instrument = instruments.get(name)
  if (!instrument) {
    instrument = METRICS[name].kind === 'counter' ? createCounter(name as CounterName) : createHistogram(name as HistogramName)
    instruments.set(name, instrument)
  }
  return instrument as InstrumentOf<N>
}

/**
 * A value read at each scrape. `read` may be asynchronous (a queue's depth); while it fails or takes longer than two
 * seconds its series are left out.
 * @returns takes the reader away again.
 */
export function gauge<N extends GaugeName>(name: N, read: () => GaugeAnswer<N> | Promise<GaugeAnswer<N>>): () => void {
  return observe(name, async () => {
    const answer = await read()
    return typeof answer === 'number' ? [{ value: answer, labels: {} }] : answer
  })
}

/** Lets a service show all its counters from the start; without this an alert on an increase would miss the first one. */
export function showCounters(service: string): void {
  const prefix = PREFIX_OF_SERVICE[service]
  if (prefix === undefined) return
  for (const name of Object.keys(METRICS) as MetricName[]) if (name.startsWith(prefix) && METRICS[name].kind === 'counter') metric(name as CounterName)
}

/** A counter whose sum somebody else keeps (the kernel's CPU time). */
export function observedCounter(name: CounterName, read: () => number): void {
  observe(name, () => [{ value: read(), labels: {} }])
}

/**
 * Counters keep their own sums: adding costs one map lookup, not an attribute hash, which matters at tens of
 * thousands of frames a second.
 */
function createCounter(name: CounterName): Counter<CounterName> {
  const row: MetricRow = METRICS[name]
  const order = row.labels ?? []
  const series = new Map<string, { labels: Record<string, string>; value: number }>()
  if (order.length === 0) series.set('', { labels: {}, value: 0 })
  observe(name, () => series.values())

  const keyOf = (labels: Record<string, string>): string => {
    let key = ''
    for (const label of order) key += `${labels[label] ?? ''}\0`
    return key
  }
  const create = (labels: Record<string, string>): { value: number } => {
    const full = series.size >= MAX_SERIES
    const own = Object.fromEntries(order.map((label) => [label, full ? 'other' : (labels[label] ?? '')]))
    const key = keyOf(own)
    const fresh = series.get(key) ?? { labels: own, value: 0 }
    series.set(key, fresh)
    return fresh
  }
  for (const labels of row.zeros ?? []) create(labels)
  const only = series.get('')
  const add = (value: number, labels: Record<string, string> = {}): void => {
    const one = only ?? series.get(keyOf(labels)) ?? create(labels)
    one.value += value
  }
  return { add } as Counter<CounterName>
}

function createHistogram(name: HistogramName): Histogram<HistogramName> {
  const row: MetricRow = METRICS[name]
  const histogram = meter.createHistogram(name, {
    unit: row.unit,
    description: row.description,
    advice: { explicitBucketBoundaries: [...(row.buckets ?? [])] },
  })
  return { record: (value: number, labels?: Record<string, string>) => histogram.record(value, labels) } as Histogram<HistogramName>
}
