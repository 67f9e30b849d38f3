import { showCounters } from './instruments.js'
import { observeProcess } from './process-metrics.js'

export interface TelemetryOptions {
  service: string
  traceRatio: number
  /** Without it no trace is recorded and none of the tracing code is loaded. */
  otlpEndpoint?: string | undefined
}

/** Longest wait for the collector when the process ends. */
const FLUSH_TIMEOUT_MS = 2_000

let stopTracing: (() => Promise<void>) | undefined

/** Called once by `register`, before the service's own modules are loaded. */
export async function startTelemetry({ service, traceRatio, otlpEndpoint }: TelemetryOptions): Promise<void> {
  observeProcess(service)
  showCounters(service)
  if (!otlpEndpoint) return
  const { startTracing } = await import('./tracing.js')
  stopTracing = startTracing({ service, ratio: traceRatio, endpoint: otlpEndpoint })
}

/** Sends the last spans; gives up after two seconds or when the collector is away, for a stop must not hang on it. */
export async function stopTelemetry(): Promise<void> {
  const stop = stopTracing
  stopTracing = undefined
  if (!stop) return
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => { timer = setTimeout(resolve, FLUSH_TIMEOUT_MS) })
  await Promise.race([stop().catch(() => undefined), patience])
  clearTimeout(timer)
}
