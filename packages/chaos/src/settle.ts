import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '@zhuzhan/core'
import type { RegistryEntry } from '@zhuzhan/fleet'
import pg from 'pg'
import { compare } from './ledger/compare.js'
import type { Comparison } from './ledger/compare.js'
import { readLedger } from './ledger/ledger.js'
import { deadLetters, storedConflicts, storedReadings } from './ledger/stored.js'
import type { Backlog, BacklogProbe } from './rig/backlog.js'
import type { Rig } from './rig/rig.js'

export interface Settled {
  comparison: Comparison
  deadLetters: number
  /** Seconds until no report waited, the queue was empty and everything acknowledged was in the table; null when that did not come. */
  caughtUpSeconds: number | null
  /** What was left when it did not. */
  left?: Backlog
}

export interface SettleOptions {
  rig: Rig
  backlog: BacklogProbe
  registry: readonly RegistryEntry[]
  ledgerFile: string
  signal: AbortSignal
}

/** Longer than the target of 30 s, so that a miss is measured instead of cut off. */
const PATIENCE_MS = 120_000
const LOOK_MS = 200

/** Waits until nothing is under way, then compares ledger and tables row by row. No new report may be made any more. */
export async function settle({ rig, backlog, registry, ledgerFile, signal }: SettleOptions): Promise<Settled> {
  const begin = Date.now()
  const terminals = registry.map(({ address }) => address)
  let empty: number | undefined
  let last: Backlog | undefined
  for (;;) {
    while (!signal.aborted && Date.now() - begin < PATIENCE_MS) {
      last = await backlog.look()
      if (last.waiting === 0 && last.jobs === 0) break
      empty = undefined
      await sleep(LOOK_MS)
    }
    empty ??= Date.now()
    const found = await readTables(rig, terminals, ledgerFile)
    const isEmpty = last?.waiting === 0 && last.jobs === 0
    if (isEmpty && found.comparison.lost === 0) return { ...found, caughtUpSeconds: Math.round((empty - begin) / 100) / 10 }
    if (signal.aborted || Date.now() - begin >= PATIENCE_MS || (isEmpty && Date.now() - empty > PATIENCE_MS / 4)) {
      return { ...found, caughtUpSeconds: null, ...(last && { left: last }) }
    }
    await sleep(1_000)
  }
}

async function readTables(rig: Rig, terminals: readonly string[], ledgerFile: string): Promise<Pick<Settled, 'comparison' | 'deadLetters'>> {
  const client = await connected(rig.database.url)
  try {
    return {
      comparison: await compare(readLedger(ledgerFile), storedReadings(client, terminals), await storedConflicts(client)),
      deadLetters: await deadLetters(client),
    }
  } finally {
    await client.end()
  }
}

const CONNECT_TRIES = 60

/** The database may be coming back right now. */
async function connected(connectionString: string): Promise<pg.Client> {
  for (let tries = 1; ; tries++) {
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.end().catch(() => undefined)
      if (tries >= CONNECT_TRIES) throw new Error(`the database does not answer: ${errorText(error)}`, { cause: error })
      await sleep(500)
    }
  }
}
