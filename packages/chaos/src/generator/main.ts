/**
 * The load generator, a program of its own: `node generator/main.js OPTIONS-FILE`. It talks to the rig over its channel and ends
 * when that closes.
 */
import { readFileSync } from 'node:fs'
import { errorText } from '@zhuzhan/core'
import { openStateJournal, readKeyList, tcpDial } from '@zhuzhan/fleet'
import type { RegistryEntry } from '@zhuzhan/fleet'
import { writeLedger } from '../ledger/ledger.js'
import { createGenerator } from './generator.js'

export interface GeneratorFile {
  gateway: { host: string; port: number }
  registry: RegistryEntry[]
  keysFile: string
  stateFolder: string
  ledgerFile: string
  rate: number
}

const FLUSH_MS = 200

async function main(): Promise<void> {
  const options = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as GeneratorFile
  const ledger = writeLedger(options.ledgerFile)
  const generator = await createGenerator({
    registry: options.registry, ledger, rate: options.rate,
    dial: tcpDial(options.gateway), keys: await readKeyList(options.keysFile), state: await openStateJournal(options.stateFolder),
    log: { debug: () => undefined, info: () => undefined, warn: (context, message) => process.stderr.write(`generator: ${message} ${JSON.stringify(context)}\n`) },
  })
  const flush = setInterval(() => ledger.flush(), FLUSH_MS)
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= (async () => {
    clearInterval(flush)
    await generator.stop()
    process.exit(0)
  })())
  process.on('disconnect', () => void stop())
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => { if (signal === 'SIGTERM') void stop() })
  process.on('message', (message: { ask: 'counts' | 'stop-making' | 'stop'; id: number }) => {
    if (message.ask === 'stop-making') generator.stopMaking()
    if (message.ask === 'stop') return void stop()
    ledger.flush()
    process.send?.({ id: message.id, counts: generator.counts() })
  })
  generator.start()
  process.send?.({ ready: true })
}

main().catch((error: unknown) => {
  process.stderr.write(`generator: ${errorText(error)}\n`)
  process.exit(1)
})
