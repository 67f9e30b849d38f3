import { metricsText } from './page.js'
import { observeProcess } from './process-metrics.js'

test('every process tells about itself', async () => {
  observeProcess('gateway-type1')
  const page = await metricsText()
  expect(page).toContain('zhuzhan_service_up{service="gateway-type1"} 1')
  const value = (name: string): number => Number(new RegExp(`^zhuzhan_${name} (.+)$`, 'm').exec(page)?.[1])
  expect(value('process_cpu_seconds_total')).toBeGreaterThan(0)
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6)
  expect(value('event_loop_lag_seconds')).toBeGreaterThanOrEqual(0)
  expect(Math.abs(value('process_start_time_seconds') - Date.now() / 1e3)).toBeLessThan(3_600)
})
