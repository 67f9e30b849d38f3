import type { Meter } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { observedProducer } from './observed.js'

// The exporter is used as a reader only: the page is served by each service's own ops server, never by a port of its own.
const reader = new PrometheusExporter({ preventServerStart: true, metricProducers: [observedProducer] })
const provider = new MeterProvider({ readers: [reader] })
const serializer = new PrometheusSerializer('zhuzhan', false, undefined, true, true)

/** The station's own meter. It is not the global one: what libraries record by themselves stays off the page. */
export const meter: Meter = provider.getMeter('zhuzhan')

/** The Prometheus page (text format 0.0.4) of this process. */
export async function metricsText(): Promise<string> {
  const { resourceMetrics } = await reader.collect()
  return serializer.serialize(resourceMetrics)
}
