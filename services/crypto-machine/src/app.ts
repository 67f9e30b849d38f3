import { CRYPTO_OPERATIONS, auditHeadMessage } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoOperation, CryptoOutcome, CryptoRequest, CryptoResult, CryptoStatus } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { EngineChoice, Random } from '@zhuzhan/gm-crypto'
import { createAuthority } from './authority/authority.js'
import type { Authority } from './authority/authority.js'
import { serially } from './authority/serially.js'
import { each, eachNow } from './batch.js'
import type { HandlersOf } from './batch.js'
import { hearClockSet } from './groups/clock-set.js'
import { createFirmwareRegister } from './firmware/register.js'
import { createReleaseKey } from './firmware/release-key.js'
import { createGroups } from './groups/groups.js'
import { healGroup } from './groups/heal.js'
import { createDevices } from './keys/devices.js'
import { createKeyIssue } from './keys/issue.js'
import { createKeyTrials } from './keys/key-trials.js'
import { createKeyUpdateHandlers } from './keys/update-handlers.js'
import { withdrawUnusedRoots } from './keys/root-versions.js'
import { createKeyUpdates } from './keys/updates.js'
import type { Vault } from './keys/vault.js'
import type { KeyProvider } from './provider/provider.js'
import { createManifests } from './modules/manifests.js'
import { createModuleHandlers } from './modules/module-handlers.js'
import { createProofs } from './reports/proofs.js'
import { healReportWindow } from './reports/report-counter.js'
import { createReportWindows } from './reports/report-windows.js'
import { createReports } from './reports/reports.js'
import { createAsctrAllocator } from './sessions/asctr.js'
import { createExchanges } from './sessions/exchanges.js'
import { createRecords } from './sessions/records.js'
import { createSessionTable } from './sessions/session-table.js'
import { FencedError } from './store/store.js'
import type { MachineStore } from './store/store.js'
import { handshakes } from './telemetry.js'
import { createCommands } from './tickets/commands.js'
import { hearClock } from './tickets/device-clock.js'

export interface MachineOptions {
  choice: EngineChoice
  provider: KeyProvider
  store: MachineStore
  vault: Vault
  clock: Clock
  random: Random
  /** IDA, 8 bytes. */
  stationId: Buffer
  fencing: number
  production: boolean
  /** CA of the frames, written into issued key files. */
  clientAddress?: number
  /** Does the system's clock follow a source? Always, unless said. */
  synchronised?(): Promise<boolean>
  /** A device of which no modules are bound: suspect in production, left alone in a laboratory, unless said. */
  unboundModules?: 'suspect' | 'tolerate' | undefined
  /** scrypt's N for laboratory keys of people. */
  passwordCost?: number
}

export interface Machine {
  /** The port as one caller sees it; handles and tokens belong to that caller. */
  as(identity: string): CryptoMachine
  /** One operation of one caller; requests are parsed here. @throws HesError for the whole batch */
  run(op: string, batch: readonly unknown[], identity: string): Promise<CryptoOutcome<CryptoOperation>[]>
  /** The same for requests whose shape was checked as they were read. */
  runRead<O extends CryptoOperation>(op: O, requests: CryptoRequest<O>[], identity: string): Promise<CryptoOutcome<O>[]>
  status(): Promise<CryptoStatus>
  /** False once another process has taken over: this one must never serve again. */
  readonly serving: boolean
  /** Forget every session and refuse from now on. */
  retire(): void
  readonly sessions: number
  /** Marks of replay windows that only the record holds. */
  readonly marksOnRecord: number
  /** Enter the first administrators, once in the life of a station. @returns false when it has had people before */
  found: Authority['found']
  /** To be called once a minute: what must be kept though nobody asks. */
  tick(): Promise<void>
  /** Can the long-lived keys be used now? */
  provider(): ReturnType<KeyProvider['health']>
}

type Handlers = HandlersOf<CryptoOperation>

/** Everything the machine does, behind its one port. */
export function createMachine(options: MachineOptions): Machine {
  const { choice, provider, store, vault, clock, random, stationId, fencing, production, clientAddress = 0x10 } = options
  const synchronised = options.synchronised ?? (async () => true)
  const { engine } = choice
  // Whatever changes a device's row goes through here: an order and an answer must not overwrite each other.
  const oneByOne = serially()
  const windows = createReportWindows({ store })
  const devices = createDevices({ store, windows, provider, vault, engine })
  const sessions = createSessionTable({ clock, random })
  const exchanges = createExchanges({
    devices,
    sessions,
    counters: createAsctrAllocator(store),
    trials: createKeyTrials({ store, vault, oneByOne }),
    store,
    provider,
    clock,
    random,
    stationId,
  })
  const records = createRecords({ sessions, clock })
  const reports = createReports({ devices, store, windows, clock, random })
  const proofs = createProofs({ devices, clock, random })
  const issueKeys = createKeyIssue({ store, provider, vault, engine, devices, windows, clock, random, stationId, production, clientAddress })
  const releaseKey = createReleaseKey({ store, vault, engine })
  const authority = createAuthority({ releaseKey, store, vault, provider, engine, devices, clock, random, stationId, production, passwordCost: options.passwordCost, oneByOne })
  const updates = createKeyUpdates({ store, provider, vault, sessions, records, refusals: authority.refusals, clock, oneByOne })
  const manifests = createManifests({
    store, provider, vault, devices, sessions, records, clock, random, oneByOne,
    unbound: options.unboundModules ?? (production ? 'suspect' : 'tolerate'),
  })
  const commands = createCommands({ provider, store, vault, engine, authority, sessions, records, clock, random, stationId, production, synchronised })
  let serving = true

  const retire = (): void => {
    serving = false
    sessions.endAll()
  }
  const status = async (): Promise<CryptoStatus> => ({
    engine: engine.name,
    engineReason: choice.reason,
    selftest: 'passed',
    provider: provider.name,
    serving,
    fencing,
    epoch: vault.epoch.toString('hex').toUpperCase(),
    stationId: stationId.toString('hex').toUpperCase(),
    sessions: sessions.size,
    devices: await store.deviceCount(),
  })

  const handlers: Handlers = {
    connectOpen: (owner, batch) => exchanges.open(owner, batch),
    connectFinish: (owner, batch) =>
      each(batch, async (request) => {
        const mode = request.signature?.length === 64 ? 'F' : 'S'
        try {
          const finished = await exchanges.finish(owner, request)
          handshakes.add(1, { mode, result: 'handle' in finished ? 'ok' : 'counter' })
          return finished
        } catch (error) {
          handshakes.add(1, { mode, result: error instanceof HesError ? error.code : 'INTERNAL' })
          throw error
        }
      }),
    seal: (owner, batch) => eachNow(batch, (request) => records.seal(owner, request)),
    open: (owner, batch) =>
      each(batch, async (request) => {
        const record = records.open(owner, request)
        await updates.take(record)
        const { session, request: answered, ...opened } = record
        if ('apdu' in opened) hearClock(session, answered, opened.apdu, clock)
        if ('apdu' in opened) await healReportWindow(windows, session, opened.apdu)
        if ('apdu' in opened) await healGroup({ store, vault, refusals: authority.refusals, clock }, session, opened.apdu)
        if ('apdu' in opened) await hearClockSet(store, session, answered, opened.apdu, clock)
        const modules = await manifests.take(record)
        return modules ? { ...opened, modules } : opened
      }),
    openReport: (owner, batch) => reports.open(owner, batch),
    confirmReport: (owner, batch) => reports.confirm(owner, batch),
    proofSeal: (owner, batch) => each(batch, (request) => proofs.seal(owner, request)),
    proofOpen: (owner, batch) => eachNow(batch, (request) => proofs.open(owner, request)),
    giveUp: (owner, batch) =>
      eachNow(batch, (request) => {
        records.giveUp(owner, request)
        return {}
      }),
    endSession: (owner, batch) =>
      eachNow(batch, ({ handle }) => {
        sessions.end(sessions.get(owner, handle))
        return {}
      }),
    status: (_owner, batch) => each(batch, status),
    signHead: (_owner, batch) =>
      each(batch, async ({ head, at }) => {
        const signature = await provider.audit.sign(auditHeadMessage(Buffer.from(head, 'hex'), at))
        return { signature: signature.toString('hex').toUpperCase(), keyId: provider.audit.keyId }
      }),
    auditPublicKey: (_owner, batch) =>
      eachNow(batch, () => ({ keyId: provider.audit.keyId, publicKey: provider.audit.publicKey.toString('hex').toUpperCase() })),
    issueKeys: (_owner, batch) => issueKeys(batch),
    ...authority.handlers,
    ...commands.handlers,
    ...createKeyUpdateHandlers({ store, vault, updates }),
    ...createFirmwareRegister({ store, vault, releaseKey, clock, random }),
    ...createGroups({ store, provider, vault, places: authority.places, refusals: authority.refusals, guard: commands.guard, clock, clientAddress }),
    ...createModuleHandlers({ store, manifests }),
  }

  const runParsed = async <O extends CryptoOperation>(
    op: O,
    requests: CryptoRequest<O>[],
    owner: string,
  ): Promise<(CryptoResult<O> | HesError)[]> => {
    if (!serving) throw new HesError('UNAVAILABLE', 'this process does not own the crypto machine any more')
    try {
      return await handlers[op](owner, requests)
    } catch (error) {
      if (!(error instanceof FencedError)) throw error
      retire()
      throw new HesError('UNAVAILABLE', error.message)
    }
  }

  const run = async (op: string, batch: readonly unknown[], owner: string): Promise<CryptoOutcome<CryptoOperation>[]> => {
    if (!isOperation(op)) throw new HesError('BODY_INVALID', `there is no operation '${op.slice(0, 64)}'`)
    const parsed = batch.map((item) => CRYPTO_OPERATIONS[op].request.safeParse(item))
    const good = parsed.flatMap((item) => (item.success ? [item.data] : []))
    const results = good.length > 0 ? await runParsed(op, good as CryptoRequest<typeof op>[], owner) : []
    let at = 0
    return parsed.map((item) =>
      outcomeOf(item.success ? results[at++] : new HesError('BODY_INVALID', 'the request does not fit its schema')),
    )
  }

  return {
    run,
    runRead: async (op, requests, identity) => (await runParsed(op, requests, identity)).map(outcomeOf) as CryptoOutcome<typeof op>[],
    as: (identity) =>
      Object.fromEntries(
        Object.keys(CRYPTO_OPERATIONS).map((op) => [op, (batch: readonly unknown[]) => run(op, batch, identity)]),
      ) as unknown as CryptoMachine,
    status,
    get serving() {
      return serving
    },
    retire,
    get sessions() {
      return sessions.size
    },
    get marksOnRecord() {
      return windows.onRecord
    },
    found: authority.found,
    async tick() {
      if (!serving) return
      await commands.tick()
      await withdrawUnusedRoots(store)
    },
    provider: () => provider.health(),
  }
}

function isOperation(op: string): op is CryptoOperation {
  return Object.hasOwn(CRYPTO_OPERATIONS, op)
}

function outcomeOf(result: CryptoResult<CryptoOperation> | HesError | undefined): CryptoOutcome<CryptoOperation> {
  if (result === undefined) return { ok: false, code: 'INTERNAL' }
  if (!(result instanceof HesError)) return { ok: true, value: result }
  const bare = Object.keys(result.context).length === 0
  return bare ? { ok: false, code: result.code } : { ok: false, code: result.code, context: result.context }
}
