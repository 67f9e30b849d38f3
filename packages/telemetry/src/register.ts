/**
 * `node --import ./dist/bundle/register.js dist/bundle/main.js`: starts telemetry before any module of the service is loaded,
 * because instrumentation can only wrap what is loaded after it.
 */
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { startTelemetry } from './start.js'

const otlpEndpoint = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] || undefined
// ES modules are wrapped by a loader hook; it costs start time, so only where traces are wanted.
if (otlpEndpoint) register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)
await startTelemetry({ service: serviceName(), traceRatio: traceRatio(), otlpEndpoint })

function serviceName(): string {
  const given = process.env['ZHUZHAN_SERVICE']
  if (given) return given
  const { name } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string }
  return name.replace('@zhuzhan/', '')
}

function traceRatio(): number {
  const ratio = Number(process.env['ZHUZHAN_TRACE_RATIO'] ?? '0.01')
  if (!(ratio >= 0 && ratio <= 1)) throw new Error('ZHUZHAN_TRACE_RATIO must be a number from 0 to 1.')
  return ratio
}
