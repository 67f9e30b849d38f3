import { errorText } from '@zhuzhan/core'
import { readCommandLine } from './options.js'
import { runFleet } from './program.js'
import { fleetRegistry } from './run/registry.js'

/** Longest time for saying goodbye to the gateway. */
const PATIENCE_MS = 5_000

async function main(): Promise<void> {
  const line = readCommandLine(process.argv.slice(2))
  if (line.printRegistry) {
    process.stdout.write(`${JSON.stringify(fleetRegistry(line))}\n`)
    return
  }
  const running = await runFleet(line)
  let stopping = false
  const stop = async (): Promise<void> => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), PATIENCE_MS).unref()
    await running.stop()
    if (line.seconds !== undefined) process.stdout.write(`${JSON.stringify(running.fleet.counts)}\n`)
    // Goodbyes that still travel end by themselves; only a channel to the parent would keep us.
    if (process.connected) process.disconnect()
  }
  const supervised = process.send !== undefined || process.env['ZHUZHAN_SUPERVISED'] === '1'
  process.on('SIGTERM', () => void stop())
  // Under a supervisor Ctrl-C is its business, not ours.
  process.on('SIGINT', () => { if (!supervised) void stop() })
  process.on('disconnect', () => void stop())
  if (line.seconds !== undefined) setTimeout(() => void stop(), line.seconds * 1000)
  process.send?.({ ready: true })
}

main().catch((error: unknown) => {
  process.stderr.write(`fleet: ${errorText(error)}\n`)
  process.exit(1)
})
