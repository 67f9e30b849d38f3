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
  /** How long an unknown address stays unknown without asking again: bounds the load of strangers. */
  unknownMs?: number
  onError?(error: Error): void
  /** Told which terminal's record changed. */
  onChange?(terminal: string): void
}

interface Entry {
  value: Promise<TerminalRecord | undefined>
  until: number
}

export function createRegistry(options: RegistryOptions): Registry {
  const cache = new Map<string, Entry>()
  const maxEntries = options.maxEntries ?? 200_000
  const unknownMs = options.unknownMs ?? 2_000

  // A storm of logins is looked up together.
  const load = gather((addresses: readonly string[]) => loadTerminals(options.pool, addresses))

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
    const entry: Entry = { value: load(address), until: Infinity }
    cache.set(address, entry)
    if (cache.size > maxEntries) cache.delete(cache.keys().next().value as string)
    entry.value.then(
      (record) => { if (record === undefined) entry.until = Date.now() + unknownMs },
      () => { if (cache.get(address) === entry) cache.delete(address) },
    )
    return entry.value
  }

  return {
    terminal: (address) => {
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

async function loadTerminals(pool: pg.Pool, addresses: readonly string[]): Promise<Map<string, TerminalRecord>> {
  const terminals = await pool.query<TerminalRow>('SELECT address, security_profile, mode, utc_offset_minutes FROM terminal WHERE address = ANY($1)', [addresses])
  if (terminals.rows.length === 0) return new Map()
  const behind = new Map(terminals.rows.map((row) => [row.address, new Map<string, MeterRecord>()]))
  const meters = await pool.query<MeterRow>(
    'SELECT terminal_address, id, address, kind, security_profile, mode, created_at FROM meter WHERE terminal_address = ANY($1) ORDER BY address', [[...behind.keys()]])
  for (const { terminal_address: terminal, security_profile: securityProfile, created_at: createdAt, ...meter } of meters.rows) {
    behind.get(terminal)?.set(meter.address, { ...meter, securityProfile, createdAt: createdAt.getTime() })
  }
  return new Map(terminals.rows.map((row) => [row.address, {
    address: row.address, securityProfile: row.security_profile, mode: row.mode, utcOffsetMinutes: row.utc_offset_minutes, meters: behind.get(row.address) ?? new Map<string, MeterRecord>(),
  }]))
}
