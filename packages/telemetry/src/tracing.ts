import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { recordSpans } from './span.js'

const OPS_PAGES = new Set(['/metrics', '/health', '/ready'])

export interface TracingOptions {
  service: string
  /** Part of root traces that is recorded, 0 to 1. A sampled parent is always followed. */
  ratio: number
  /** Base address of an OTLP/HTTP collector; spans go to `<endpoint>/v1/traces`. */
  endpoint: string
}

/**
 * Traces over OTLP/HTTP. Automatic spans only where they pay: REST requests, and SQL inside a span of ours
 * (never the statement's values).
 * @returns sends what is buffered and ends tracing.
 */
export function startTracing({ service, ratio, endpoint }: TracingOptions): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: 5_000 })
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'zhuzhan' }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000 })],
  })
  provider.register({ propagator: new W3CTraceContextPropagator() })
  recordSpans()
  registerInstrumentations({
    tracerProvider: provider,
    instrumentations: [
      new HttpInstrumentation({
        ignoreIncomingRequestHook: (request) => OPS_PAGES.has(request.url?.split('?')[0] ?? ''),
        requireParentforOutgoingSpans: true,
      }),
      new PgInstrumentation({ requireParentSpan: true }),
    ],
  })
  return () => provider.shutdown()
}
