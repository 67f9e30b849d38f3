import { ValueType } from '@opentelemetry/api'
import type { HrTime } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics'
import type { CollectionResult, GaugeMetricData, MetricProducer, SumMetricData } from '@opentelemetry/sdk-metrics'
import { METRICS } from './metrics.js'
import type { MetricName, MetricRow } from './metrics.js'

export interface Observation {
  value: number
  labels: Readonly<Record<string, string>>
}
/** Reads the present value of every series of one counter or gauge. */
export type Observe = () => Iterable<Observation> | Promise<Iterable<Observation>>

/** A scrape waits no longer than this for one asynchronous gauge. */
const OBSERVE_TIMEOUT_MS = 2_000
const EPOCH: HrTime = [0, 0]

const observers = new Map<MetricName, Set<Observe>>()

/** @returns takes the observer away again. */
export function observe(name: MetricName, read: Observe): () => void {
  const own = observers.get(name) ?? new Set()
  observers.set(name, own.add(read))
  return () => own.delete(read)
}

/**
 * Counters and gauges of this process, read at the scrape.
 *
 * Not OpenTelemetry's observable instruments: those keep showing the last value of a series nobody observes any more
 * (a queue state that is gone, a database that is away), which on a dashboard looks like a healthy station.
 */
export const observedProducer: MetricProducer = {
  async collect(): Promise<CollectionResult> {
    const metrics = await Promise.all([...observers].map(([name, reads]) => collectOne(name, [...reads])))
    const scope = { name: 'zhuzhan' }
    return { resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics: [{ scope, metrics: metrics.flatMap((one) => one ?? []) }] }, errors: [] }
  },
}

async function collectOne(name: MetricName, reads: Observe[]): Promise<SumMetricData | GaugeMetricData | undefined> {
  const row: MetricRow = METRICS[name]
  const series = (await Promise.all(reads.map(patiently))).flat()
  if (series.length === 0) return undefined
  const common = {
    descriptor: { name, description: row.description, unit: row.unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: series.map(({ value, labels }) => ({ attributes: labels, value, startTime: EPOCH, endTime: EPOCH })),
  }
  return row.kind === 'counter' ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true } : { ...common, dataPointType: DataPointType.GAUGE }
}

/** What fails or takes too long is left out: a missing series is an honest answer. */
async function patiently(read: Observe): Promise<Observation[]> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => { timer = setTimeout(reject, OBSERVE_TIMEOUT_MS) })
  try {
    return [...(await Promise.race([read(), tooLate]))]
  } catch {
    return []
  } finally {
    clearTimeout(timer)
  }
}
