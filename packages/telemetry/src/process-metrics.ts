import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { gauge, observedCounter } from './instruments.js'

const LOOP_RESOLUTION_MS = 20

/** What every process tells about itself. Call once. */
export function observeProcess(service: string): void {
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  loop.enable()
  gauge('service_up', () => [{ value: 1, labels: { service } }])
  gauge('event_loop_lag_seconds', () => {
    // The histogram measures the distance between ticks, so an idle loop shows the resolution itself.
    const lag = Math.max(0, loop.percentile(99) / 1e9 - LOOP_RESOLUTION_MS / 1e3)
    loop.reset()
    return Number.isFinite(lag) ? lag : 0
  })
  observedCounter('process_cpu_seconds', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  gauge('process_resident_memory_bytes', () => process.memoryUsage.rss())
  gauge('process_heap_bytes', () => process.memoryUsage().heapUsed)
  gauge('process_start_time_seconds', () => (Date.now() - process.uptime() * 1_000) / 1_000)
  if (process.platform === 'linux') gauge('process_open_files', () => readdirSync('/proc/self/fd').length)
}
