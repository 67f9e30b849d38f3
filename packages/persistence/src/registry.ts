import { gather } from '@zhuzhan/core'
import type pg from 'pg'
import { listen } from './listener.js'

export interface MeterRecord {
  id: number
  address: string
  kind: 'meter' | 'terminal'
  securityProfile: string
  mode: string | null
  createdAt: number
}

export interface TerminalRecord {
  address: string
  securityProfile: 'plain' | 'sm' | 'hardware'
  mode: 'S' | 'F' | null
  utcOffsetMinutes: number
  /** Meters behind it by address, and the row of the terminal's own measurements. */
  meters: ReadonlyMap<string, MeterRecord>
}

/** Terminals and their meters as the wire sees them: by terminal address, cached, fresh within a moment of any change. */
export interface Registry {
  terminal(address: string): Promise<TerminalRecord | undefined>
  close(): Promise<void>
}

export interface RegistryOptions {
  pool: pg.Pool
  url: string
  /** Terminals kept in memory; the one unused for longest leaves first. */
  maxEntries?: number
  /** False for who only wants to know the terminals: `meters` is then empty. */
  meters?: boolean
  /** How long an unknown address stays unknown without asking again: bounds the load of strangers. */
  unknownMs?: number
  onError?(error: Error): void
  /** Told which terminal's record changed. */
  onChange?(terminal: string): void
}

/** A record itself once it is there: 200,000 settled promises are some megabytes. */
interface Entry {
  value: TerminalRecord | undefined | Promise<TerminalRecord | undefined>
  until: number
}

export function createRegistry(options: RegistryOptions): Registry {
  const cache = new Map<string, Entry>()
  const maxEntries = options.maxEntries ?? 200_000
  const unknownMs = options.unknownMs ?? 2_000

  // A storm of logins is looked up together.
  const load = gather((addresses: readonly string[]) => loadTerminals(options.pool, addresses, options.meters ?? true))

  const listener = listen({
    url: options.url,
    channel: 'zhuzhan_registry',
    onNotify: (terminal) => {
      cache.delete(terminal)
      options.onChange?.(terminal)
    },
    // Changes made while the connection was away were not told: forget everything.
    onConnected: () => cache.clear(),
    ...(options.onError ? { onError: options.onError } : {}),
  })

  const remember = (address: string): Promise<TerminalRecord | undefined> => {
    const value = load(address)
    const entry: Entry = { value, until: Infinity }
    cache.set(address, entry)
    if (cache.size > maxEntries) cache.delete(cache.keys().next().value as string)
    value.then(
      (record) => {
        entry.value = record
        if (record === undefined) entry.until = Date.now() + unknownMs
      },
      () => { if (cache.get(address) === entry) cache.delete(address) },
    )
    return value
  }

  return {
    terminal: async (address) => {
      const entry = cache.get(address)
      if (entry === undefined || entry.until < Date.now()) return remember(address)
      cache.delete(address)
      cache.set(address, entry)
      return entry.value
    },
    close: () => listener.close(),
  }
}

interface TerminalRow { address: string; security_profile: TerminalRecord['securityProfile']; mode: 'S' | 'F' | null; utc_offset_minutes: number }
interface MeterRow { terminal_address: string; id: number; address: string; kind: 'meter' | 'terminal'; security_profile: string; mode: string | null; created_at: Date }

/** Told once for all: the driver makes a string of its own for each value of each row. */
const WORDS = new Map<string, string>()
function word<T extends string | null>(text: T): T {
  if (text === null) return text
  if (!WORDS.has(text)) WORDS.set(text, text)
  return WORDS.get(text) as T
}

const NO_METERS: ReadonlyMap<string, MeterRecord> = new Map()

async function loadTerminals(pool: pg.Pool, addresses: readonly string[], withMeters: boolean): Promise<Map<string, TerminalRecord>> {
  const { rows: terminals } = await pool.query<TerminalRow>('SELECT address, security_profile, mode, utc_offset_minutes FROM terminal WHERE address = ANY($1)', [addresses])
  const behind = withMeters && terminals.length > 0 ? await loadMeters(pool, terminals.map(({ address }) => address)) : undefined
  return new Map(terminals.map((row) => [row.address, {
    address: row.address, securityProfile: word(row.security_profile), mode: word(row.mode), utcOffsetMinutes: row.utc_offset_minutes, meters: behind?.get(row.address) ?? NO_METERS,
  }]))
}

async function loadMeters(pool: pg.Pool, terminals: readonly string[]): Promise<Map<string, Map<string, MeterRecord>>> {
  const behind = new Map<string, Map<string, MeterRecord>>()
  const { rows } = await pool.query<MeterRow>(
    'SELECT terminal_address, id, address, kind, security_profile, mode, created_at FROM meter WHERE terminal_address = ANY($1) ORDER BY address', [terminals])
  for (const row of rows) {
    const meters = behind.get(row.terminal_address) ?? new Map<string, MeterRecord>()
    behind.set(row.terminal_address, meters.set(row.address, {
      id: row.id, address: row.address, kind: word(row.kind), securityProfile: word(row.security_profile), mode: word(row.mode), createdAt: row.created_at.getTime(),
    }))
  }
  return behind
}
