import type { Clock } from '@zhuzhan/core'
import type { TICKET_OPERATIONS } from '@zhuzhan/contracts'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import type { Authority } from '../authority/authority.js'
import { each, eachNow } from '../batch.js'
import type { HandlersOf } from '../batch.js'
import type { Vault } from '../keys/vault.js'
import { createFirmwareFill } from '../firmware/fill.js'
import { genuineRelease } from '../firmware/register.js'
import type { KeyProvider } from '../provider/provider.js'
import type { Records } from '../sessions/records.js'
import type { SessionTable } from '../sessions/session-table.js'
import type { MachineStore } from '../store/store.js'
import { createClockGuard } from './clock-guard.js'
import type { ClockGuard } from './clock-guard.js'
import { createJudge } from './judge.js'
import { createMandates } from './mandates.js'
import { createTicketSignatures } from './signatures.js'
import { createTickets } from './tickets.js'

export interface CommandOptions {
  store: MachineStore
  vault: Vault
  engine: Sm2Engine
  authority: Authority
  sessions: SessionTable
  records: Records
  clock: Clock
  random: Random
  stationId: Buffer
  production: boolean
  synchronised(): Promise<boolean>
  provider: KeyProvider
}

export interface Commands {
  handlers: HandlersOf<keyof typeof TICKET_OPERATIONS>
  guard: ClockGuard
  /** Once a minute: keep the highest time seen, forget uses of tickets that are long dead. */
  tick(): Promise<void>
}

/** Two days after its end no clock we accept makes a ticket good again. */
const KEEP_USES_MS = 48 * 3_600_000
const FORGET_EVERY = 60

/** Tickets and mandates as operations of the port. */
export function createCommands(options: CommandOptions): Commands {
  const { store, vault, engine, sessions, records, clock, random, stationId, production } = options
  const { people, places, refusals } = options.authority
  const { epoch } = vault
  const guard = createClockGuard(options)
  const mandates = createMandates({ store, vault, engine, people, refusals, guard, clock, random, stationId, epoch })
  const signatures = createTicketSignatures({ engine, people })
  const judge = createJudge({ store, people, places, signatures, mandates, guard, clock, stationId, epoch })
  const fill = createFirmwareFill({ store, vault, provider: options.provider })
  const releaseOffered = async (relId: Buffer): Promise<boolean> => {
    const row = await store.firmwareRelease(relId)
    return row?.state === 'offered' && genuineRelease(vault, row)
  }
  const tickets = createTickets({ store, sessions, records, judge, fill, releaseOffered, mandates, refusals, clock, random, stationId, epoch, production })
  let ticks = 0

  return {
    guard,
    handlers: {
      prepareTicket: (_owner, batch) => each(batch, tickets.prepare),
      sealTicket: (owner, batch) => each(batch, (request) => tickets.seal(owner, request)),
      sealBlock: (owner, batch) => each(batch, (request) => tickets.sealBlock(owner, request)),
      releasePlain: (_owner, batch) => each(batch, tickets.releasePlain),
      prepareMandate: (_owner, batch) => eachNow(batch, mandates.prepare),
      submitMandate: (_owner, batch) => each(batch, mandates.submit),
      mandates: (_owner, batch) => each(batch, mandates.list),
    },
    async tick() {
      await guard.tick()
      if (ticks++ % FORGET_EVERY === 0) await store.forgetUses(clock.now() - KEEP_USES_MS)
    },
  }
}
