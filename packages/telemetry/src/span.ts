import { context, INVALID_SPAN_CONTEXT, isSpanContextValid, ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api'
import type { Attributes, Span, SpanContext } from '@opentelemetry/api'
import { errorCode } from '@zhuzhan/core'
import type { SpanName } from './spans.js'

/** For spans of libraries' kind; ours go through `withSpan`, which knows the table. Does nothing until tracing is started. */
export const tracer = trace.getTracer('zhuzhan')

/**
 * Without a collector nobody looks at a span, and opening some for every frame would cost a tenth of what the frame costs. Kept where the whole
 * process finds it: with the loader hooks of the instrumentation this module is loaded twice.
 */
const tracing: { started: boolean } = ((globalThis as Record<symbol, unknown>)[Symbol.for('zhuzhan.tracing')] ??= { started: false }) as { started: boolean }
const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)

/** Spans are recorded from now on. Called by whoever has registered a provider. */
export function recordSpans(): void {
  tracing.started = true
}

export interface SpanOptions {
  /** W3C traceparent that came with the frame, the job or the request; without it the active span is the parent. */
  parent?: string | undefined
  /** Further traceparents, for a batch that carries the work of many. */
  links?: readonly string[]
  /** Ids, counts, codes. Never payloads. */
  attributes?: Attributes
}

/**
 * Runs `fn` inside a span; the span ends when `fn` returns or its promise settles. An error marks the span with its
 * code (not its text) and is thrown on.
 */
export function withSpan<T>(name: SpanName, fn: (span: Span) => T, { parent, links, attributes = {} }: SpanOptions = {}): T {
  if (!tracing.started) return fn(NO_SPAN)
  const outer = parent === undefined ? undefined : parseTraceparent(parent)
  const surroundings = outer ? trace.setSpanContext(ROOT_CONTEXT, outer) : context.active()
  const linked = (links ?? []).flatMap((text) => parseTraceparent(text) ?? []).map((spanContext) => ({ context: spanContext }))
  return tracer.startActiveSpan(name, { attributes, links: linked }, surroundings, (span) => {
    const fail = (error: unknown): never => {
      span.setStatus({ code: SpanStatusCode.ERROR, message: errorCode(error) })
      span.end()
      throw error
    }
    try {
      const result = fn(span)
      if (result instanceof Promise) return result.then((value: unknown) => { span.end(); return value }, fail) as T
      span.end()
      return result
    } catch (error) {
      return fail(error)
    }
  })
}

/** The traceparent to send along with a job or frame; `undefined` outside a recorded or propagated trace. */
export function currentTraceparent(): string | undefined {
  if (!tracing.started) return undefined
  const span = trace.getActiveSpan()?.spanContext()
  if (!span || !isSpanContextValid(span)) return undefined
  return `00-${span.traceId}-${span.spanId}-0${span.traceFlags & TraceFlags.SAMPLED}`
}

/** W3C Trace Context, version 00; anything else is ignored, as the recommendation asks. */
function parseTraceparent(text: string): SpanContext | undefined {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text)
  if (!match) return undefined
  const [, traceId = '', spanId = '', flags = ''] = match
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true }
  return isSpanContextValid(parsed) ? parsed : undefined
}
