import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FAULTS, possibleFaults } from './faults/table.js'
import type { FaultName } from './faults/table.js'
import { startGenerator } from './generator/client.js'
import type { GeneratorProcess } from './generator/client.js'
import type { Comparison } from './ledger/compare.js'
import { seeded } from './random.js'
import { openBacklogProbe } from './rig/backlog.js'
import type { BacklogProbe } from './rig/backlog.js'
import { chaosRegistry, registerDevices } from './rig/devices.js'
import { watchMemory } from './rig/memory.js'
import { openRig } from './rig/rig.js'
import type { BackendName } from './rig/rig.js'
import { strikeAll } from './run.js'
import type { Strike } from './run.js'
import { settle } from './settle.js'

export interface ChaosOptions {
  backend: BackendName
  seconds: number
  seed: number
  faults: readonly FaultName[]
  terminals: number
  /** Reports a second. */
  rate: number
  /** Copies the logs of station and servers here. */
  logs?: string
  signal: AbortSignal
  say(text: string): void
}

export interface ChaosResult extends Comparison {
  backend: BackendName
  seed: number
  seconds: number
  deadLetters: number
  caughtUpSeconds: number | null
  /** The longest a single fault took to be forgotten, and how many were not within 30 s. */
  slowestSettleSeconds: number
  unsettled: number
  faults: Record<string, number>
  /** Kinds that could not happen here, with the reason. */
  skipped: Record<string, string>
  /** Resident MiB of each process: soon after the start, and the most. */
  memory: Record<string, { begin: number; most: number }>
  kills: Strike[]
}

/** One run on one backend, from an empty station to the comparison. Nothing is left behind, however it ends. */
export async function runChaos({ backend, seconds, seed, faults, terminals, rate, logs, signal, say }: ChaosOptions): Promise<ChaosResult> {
  const rig = await openRig({ backend, say })
  let generator: GeneratorProcess | undefined
  let backlog: BacklogProbe | undefined
  let memory: ReturnType<typeof watchMemory> | undefined
  try {
    signal.throwIfAborted()
    const registry = chaosRegistry(terminals)
    const keysFile = join(rig.folder, 'keys.json')
    const { cryptoUrl: url, cryptoSecret: secret } = JSON.parse(readFileSync(join(rig.station.dataDir, 'run/supervisor.json'), 'utf8')) as { cryptoUrl: string; cryptoSecret: string }
    await registerDevices(rig, registry, keysFile, { url, secret })
    const ledgerFile = join(rig.folder, 'ledger')
    generator = await startGenerator(rig.folder, {
      gateway: { host: '127.0.0.1', port: rig.lines.terminals.port }, registry, keysFile, stateFolder: join(rig.folder, 'generator'), ledgerFile, rate,
    })
    backlog = await openBacklogProbe(rig, generator, terminals)
    memory = watchMemory(rig)
    const possible = possibleFaults(faults, rig)
    say(`${terminals} terminals send ${rate} reports a second; ${possible.length} kinds of faults, seed ${seed}`)
    const kills = await Promise.race([
      strikeAll({ rig, backlog, faults: possible, seconds, rate, random: seeded(seed), signal, say }),
      generator.failed,
    ])
    signal.throwIfAborted()
    await generator.stopMaking()
    say('no new reports; waiting for everything under way')
    const { comparison, caughtUpSeconds, deadLetters, left } = await settle({ rig, backlog, registry, ledgerFile, signal })
    if (left) say(`not caught up: ${JSON.stringify(left)}`)
    const { examples, ...counts } = comparison
    const done = kills.filter(({ failed }) => failed === undefined)
    const settledTimes = done.flatMap(({ settledSeconds }) => settledSeconds ?? [])
    return {
      backend, seed, seconds, ...counts, deadLetters, caughtUpSeconds,
      slowestSettleSeconds: Math.max(0, ...settledTimes),
      unsettled: kills.filter(({ notSettled }) => notSettled).length,
      faults: Object.fromEntries(possible.map((name) => [name, done.filter(({ kind }) => kind === name).length])),
      skipped: Object.fromEntries(faults.filter((name) => !possible.includes(name)).map((name) => [name, 'needs' in FAULTS[name] && FAULTS[name].needs === 'disk' ? 'not permitted here' : 'no Redis in this run'])),
      memory: memory.result(), examples, kills,
    }
  } finally {
    memory?.end()
    await generator?.stop()
    await backlog?.close().catch(() => undefined)
    if (logs !== undefined) rig.copyLogs(logs)
    await rig.close()
  }
}
