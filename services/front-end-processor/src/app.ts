import type { Clock } from '@zhuzhan/core'
import type { CryptoMachine } from '@zhuzhan/contracts'
import { createBatchStore, createFirmwareFileStore, createGroupClockStore, createKeyRoutes, createMeterClockStore, storeDeadLetter } from '@zhuzhan/persistence'
import type { CollectionStore, CommandStore, Database, EventLog, RefusalLog, Registry } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type { Logger, Part } from '@zhuzhan/service-kit'
import { gauge } from '@zhuzhan/telemetry'
import { createCollector } from './collection/collect.js'
import { METER_CLOCK, createClockReader } from './collection/read-clocks.js'
import { createCollectionSchedule } from './collection/schedule.js'
import type { Config } from './config.js'
import { createSendControl } from './downlink/control-route.js'
import { createDelivery } from './downlink/deliver.js'
import { createReader } from './downlink/read.js'
import { createSettler } from './downlink/settle.js'
import type { GatewayHandlers } from './gateway-link/gateway-client.js'
import { createTransfers } from './firmware/transfers.js'
import { createBroadcasts } from './groups/broadcast.js'
import { createKeySchedule } from './keys/schedule.js'
import { createMeterSessions } from './meters/meter-sessions.js'
import { createManifestWatch } from './modules/manifest-watch.js'
import { openRequestCount } from './requests/request-table.js'
import { sendFirstRecord } from './secure/first-record.js'
import { createMachineBack } from './secure/machine-back.js'
import { createReportCounters } from './secure/report-counters.js'
import { createTurnstile } from './secure/turnstile.js'
import { createDirectory } from './terminals/directory.js'
import { createLifecycle } from './terminals/lifecycle.js'
import type { Terminal } from './terminals/terminal.js'
import { DONE, createInbound } from './uplink/inbound.js'
import { createPublisher } from './uplink/publish.js'
import { createReports } from './uplink/reports.js'

export interface FrontEndOptions {
  config: Config
  database: Database
  registry: Registry
  commands: CommandStore
  collection: CollectionStore
  events: EventLog
  refusals: RefusalLog
  queues: Queues
  machine: CryptoMachine
  clock: Clock
  log: Logger
}

/** The front end without its links: gateways call the handlers. */
export interface FrontEnd {
  readonly handlers: GatewayHandlers
  readonly parts: Part[]
  readonly terminals: number
  onRegistryChange(address: string): void
  /** The operator API asked for a clock broadcast. */
  onBroadcast(id: string): Promise<void>
  /** The crypto machine can be reached, for the first time or again. */
  onMachineBack(): Promise<void>
}

const SWEEP_MS = 2_000
const MANIFEST_SWEEP_MS = 1_000

export function createFrontEnd(options: FrontEndOptions): FrontEnd {
  const { config, database, registry, refusals, queues, machine, clock, log } = options
  const frontendId = config.ZHUZHAN_FEP_ID
  const requestMs = config.ZHUZHAN_REQUEST_SECONDS * 1000
  const proxySeconds = config.ZHUZHAN_PROXY_SECONDS
  const deadLetter = (letter: Parameters<typeof storeDeadLetter>[1]): Promise<void> => storeDeadLetter(database.pool, letter)

  const directory = createDirectory()
  const publisher = createPublisher({ queues, clock, log })
  const counters = createReportCounters({ clock, requestMs, log })
  const reports = createReports({ publisher, machine, events: options.events, deadLetter, clock, onCounterRefused: (terminal) => void counters.onRefused(terminal) })
  const inbound = createInbound({
    reports, log,
    onRefused: (terminal: Terminal, code, what) => refusals.refuse(code, { terminal: terminal.address, remote: terminal.remote, what }),
  })

  const meterSessions = createMeterSessions({ machine, requestMs, proxySeconds, clientAddress: config.ZHUZHAN_CLIENT_ADDRESS, meterPort: config.ZHUZHAN_METER_PORT, onModules: (device, verdict) => manifests.judged(device, verdict) })
  const reader = createReader({ publisher, clock, meterSessions, requestMs, proxySeconds })
  const settler = createSettler({
    store: options.commands, directory, reader, events: options.events, clock, log, frontendId,
    relayOpenBit: config.ZHUZHAN_RELAY_OPEN_BIT === '1' ? 1 : 0,
    sentDeadMs: requestMs + proxySeconds * 1000 + 15_000, proxyMs: proxySeconds * 1000,
  })
  const send = createSendControl({ reader, machine, meterSessions, clock, requestMs, proxySeconds })
  const delivery = createDelivery({ store: options.commands, batches: createBatchStore(database.pool), directory, reader, settler, send, clock, log, frontendId })
  const transfers = createTransfers({ store: createFirmwareFileStore(database.pool), directory, clock, log, frontendId, requestMs })
  const collect = createCollector({ store: options.collection, publisher, clock, requestMs, proxySeconds })
  const readClocks = createClockReader({ store: createMeterClockStore(database.pool), clock, requestMs, proxySeconds })
  const schedule = createCollectionSchedule({
    store: options.collection, queues, directory, frontendId, log,
    collect: (terminal, plan, onAsking) => (plan.freezeOad === METER_CLOCK ? readClocks : collect)(terminal, plan, onAsking),
  })
  const keys = createKeySchedule({
    machine, routes: createKeyRoutes(database.pool), queues, directory, frontendId, log, requestMs, meterSessions,
  })
  const manifests = createManifestWatch({
    machine, meterSessions, directory, events: options.events, clock, log, requestMs,
    everyMs: config.ZHUZHAN_MANIFEST_HOURS * 3_600_000, restMs: config.ZHUZHAN_MANIFEST_SESSION_MINUTES * 60_000,
    spreadMs: config.ZHUZHAN_MANIFEST_SPREAD_SECONDS * 1_000, places: config.ZHUZHAN_MANIFESTS_IN_FLIGHT,
  })

  const lifecycle = createLifecycle({
    directory, registry, log,
    terminalDeps: {
      clock, clientAddress: config.ZHUZHAN_CLIENT_ADDRESS, frameBytes: config.ZHUZHAN_TERMINAL_FRAME_BYTES,
      secure: {
        clientAddress: config.ZHUZHAN_CLIENT_ADDRESS, machine, clock, turnstile: createTurnstile(config.ZHUZHAN_HANDSHAKES_IN_FLIGHT),
        onRefused: (address, code, what) => refusals.refuse(code, { terminal: address, what }),
        onModules: (address, verdict) => manifests.judged({ address, terminal: address }, verdict),
      },
    },
    onBound: (terminal) => {
      if (terminal.secure) {
        void sendFirstRecord(terminal.requests, requestMs).then((established) => {
          if (!established) log.debug({ terminal: terminal.address }, 'no answer to the first record of the session')
        })
      }
      const after = (what: string) => (error: Error): void => log.warn({ terminal: terminal.address, err: error.message }, `${what} after login not done; the sweep does it`)
      counters.onBound(terminal).catch(after('reading of counters'))
      delivery.onBound(terminal).catch(after('delivery'))
      settler.onBound(terminal).catch(after('settling'))
      schedule.onBound(terminal).catch(after('collection'))
      keys.onBound(terminal).catch(after('key update'))
      transfers.onBound(terminal).catch(after('firmware transfer'))
      manifests.onBound(terminal)
    },
  })

  gauge('fep_open_requests', openRequestCount)
  gauge('fep_secure_sessions', () => [...directory.bound()].filter((terminal) => terminal.secure?.ready).length)
  gauge('fep_collection_gaps', () => options.collection.openGaps().catch(() => 0))

  let timer: NodeJS.Timeout | undefined
  let manifestTimer: NodeJS.Timeout | undefined
  let sweeping = false
  const sweep = async (): Promise<void> => {
    if (sweeping) return
    sweeping = true
    try {
      await delivery.sweep()
      await settler.sweep()
      await transfers.sweep()
    } catch (error) {
      log.warn({ err: (error as Error).message }, 'sweep of commands not done')
    } finally {
      sweeping = false
    }
  }

  const refuseJob = (job: { origin: string; code: string; detail: string; payload: unknown }): Promise<void> => deadLetter(job)
  return {
    handlers: {
      onOpen: lifecycle.open,
      onFrame: (link, connection, body) => {
        const found = lifecycle.terminal(link, connection)
        if (found instanceof Promise) return found.then((terminal) => (terminal ? inbound(terminal, body) : undefined))
        // Without a terminal the frame is of a connection that is gone.
        return found ? inbound(found, body) : DONE
      },
      onClose: lifecycle.closed,
      onDown: lifecycle.linkDown,
    },
    get terminals() { return [...directory.bound()].length },
    onRegistryChange: lifecycle.registryChanged,
    onMachineBack: createMachineBack({ machine, log, channels: () => [...directory.all()].flatMap(({ secure }) => secure ?? []) }),
    onBroadcast: createBroadcasts({ store: createGroupClockStore(database.pool), directory, log }),
    parts: [
      { name: 'publisher', start: async () => undefined, stop: () => publisher.drain() },
      {
        name: 'commands',
        start: async () => {
          queues.worker('commands', { 'command.deliver': ({ commandId }) => delivery.deliver(commandId) }, { concurrency: 32, refuse: refuseJob })
          timer = setInterval(() => void sweep(), SWEEP_MS)
        },
        stop: async () => {
          clearInterval(timer)
          settler.stop()
        },
      },
      {
        name: 'collection',
        start: async () => {
          await schedule.start()
          queues.worker('collection', schedule.handlers, { concurrency: config.ZHUZHAN_COLLECTIONS_IN_FLIGHT, refuse: refuseJob })
        },
        stop: async () => schedule.stop(),
      },
      {
        name: 'keys',
        start: async () => {
          await keys.start()
          queues.worker('keys', keys.handlers, { concurrency: config.ZHUZHAN_KEY_UPDATES_IN_FLIGHT, refuse: refuseJob })
        },
        stop: async () => keys.stop(),
      },
      {
        name: 'manifests',
        start: async () => {
          manifestTimer = setInterval(() => manifests.sweep(), MANIFEST_SWEEP_MS)
        },
        stop: async () => clearInterval(manifestTimer),
      },
    ],
  }
}
