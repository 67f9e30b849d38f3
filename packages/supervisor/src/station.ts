import { errorText, HesError } from '@zhuzhan/core'
import { closeSync } from 'node:fs'
import { freePorts } from './free-port.js'
import { keepRunning } from './kept-process.js'
import type { KeptProcess, ProcessEvent } from './kept-process.js'
import { preparePostgres } from './postgres/server.js'
import { launchProgram, toldReady } from './program.js'
import type { Program } from './program.js'
import { publish } from './published.js'
import type { Published } from './published.js'
import { serviceEnvironment, START_GROUPS } from './service-table.js'
import type { Wiring } from './service-table.js'
import type { StopSignal } from './stop-signal.js'

/** A service that is not ready by then has failed; recovering the database may take longer. */
const READY_MS = 60_000
const PUBLISH_RETRY_MS = 1_000
/** Longer than service-kit's own hard stop (15 s). */
const SERVICE_PATIENCE_MS = 17_000
const DATABASE_PATIENCE_MS = 20_000

export interface StationOptions {
  wiring: Wiring
  say: (text: string) => void
  signal: StopSignal
  identity: (pid: number) => string | undefined
}

export interface Station {
  published: Published
  /** @returns the connection string: of the embedded database, or the configured one */
  startDatabase(): Promise<string>
  startServices(): Promise<void>
  startFleet(args: readonly string[]): Promise<void>
  /** In reverse order of their start, each fully, the database last. */
  stop(): Promise<void>
}

export function createStation({ wiring, say, signal, identity }: StationOptions): Station {
  const { config, folder } = wiring
  const kept: KeptProcess[] = []
  const published = publish(wiring, () => kept, identity)
  let stopping = false
  let publishing: NodeJS.Timeout | undefined

  /** On a full disk the old files stay, with pids that are no more: tried again until they are right. */
  const refresh = (): void => {
    clearTimeout(publishing)
    publishing = undefined
    if (stopping) return
    try {
      published.refresh()
    } catch (error) {
      say(`the files with addresses and pids could not be written, trying again: ${errorText(error)}`)
      publishing = setTimeout(refresh, PUBLISH_RETRY_MS)
    }
  }

  const onEvent = (name: string) => {
    let wasReady = false
    return (event: ProcessEvent): void => {
      if (stopping) return
      if (event.kind === 'ended') say(`${name} ended (${event.how})${event.restartInMs === undefined ? '' : `; starting it again in ${event.restartInMs / 1_000} s`}`)
      if (event.kind === 'ready') {
        say(wasReady ? `${name} is back` : `${name} is ready`)
        wasReady = true
      }
      refresh()
    }
  }

  const startProgram = (program: Program): Promise<void> => {
    const one = keepRunning({
      name: program.name,
      launch: () => launchProgram(program, folder),
      isReady: toldReady,
      stopSignal: 'SIGTERM',
      patienceMs: SERVICE_PATIENCE_MS,
      onEvent: onEvent(program.name),
    })
    kept.push(one)
    return within(READY_MS, one.start(), program.name).catch((error: unknown) => {
      throw new HesError('UNAVAILABLE', `${errorText(error)} Its log, ${folder.logs}/${program.name}.log, ends with:\n${folder.logEnd(program.name)}`, {}, { cause: error })
    })
  }

  return {
    published,
    startDatabase: async () => {
      if (config.DATABASE_URL !== undefined) return config.DATABASE_URL
      const [port = 0] = await freePorts(1)
      const server = await preparePostgres({ folder: folder.postgres, port, user: 'zhuzhan', password: wiring.secrets.databasePassword, database: 'zhuzhan' })
      say(`starting PostgreSQL as ${server.who}`)
      const one = keepRunning({
        name: 'postgres',
        launch: () => {
          const log = folder.openLog('postgres')
          const child = server.launch(['ignore', log, log])
          closeSync(log)
          return child
        },
        isReady: (child) => server.answers(child),
        // Fast shutdown: ends connections, writes a checkpoint.
        stopSignal: 'SIGINT',
        patienceMs: DATABASE_PATIENCE_MS,
        onEvent: onEvent('postgres'),
      })
      kept.push(one)
      await signal.unless(one.start())
      await server.ensureDatabase()
      return server.url
    },
    startServices: async () => {
      for (const group of START_GROUPS) {
        await signal.unless(Promise.all(group.map((name) => startProgram({ name, member: `services/${name}`, service: true, env: serviceEnvironment(name, wiring) }))))
      }
    },
    startFleet: (args) => startProgram({ name: 'fleet', member: 'packages/fleet', service: false, args }),
    stop: async () => {
      stopping = true
      clearTimeout(publishing)
      published.withdraw()
      for (const one of [...kept].reverse()) await one.stop()
      published.remove()
    },
  }
}

async function within(ms: number, work: Promise<void>, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HesError('UNAVAILABLE', `${name} was not ready after ${ms / 1_000} s.`)), ms)
  })
  await Promise.race([work, tooLate]).finally(() => clearTimeout(timer))
}
