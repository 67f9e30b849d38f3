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
    const entry: Entry = { value: loadTerminal(options.pool, address), until: Infinity }
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

async function loadTerminal(pool: pg.Pool, address: string): Promise<TerminalRecord | undefined> {
  const terminal = await pool.query<{ security_profile: TerminalRecord['securityProfile']; mode: 'S' | 'F' | null; utc_offset_minutes: number }>(
    'SELECT security_profile, mode, utc_offset_minutes FROM terminal WHERE address = $1', [address])
  const row = terminal.rows[0]
  if (!row) return undefined
  const meters = await pool.query<{ id: number; address: string; kind: 'meter' | 'terminal'; security_profile: string; mode: string | null; created_at: Date }>(
    'SELECT id, address, kind, security_profile, mode, created_at FROM meter WHERE terminal_address = $1 ORDER BY address', [address])
  return {
    address,
    securityProfile: row.security_profile,
    mode: row.mode,
    utcOffsetMinutes: row.utc_offset_minutes,
    meters: new Map(meters.rows.map((meter) => [meter.address, {
      id: meter.id, address: meter.address, kind: meter.kind, securityProfile: meter.security_profile, mode: meter.mode, createdAt: meter.created_at.getTime(),
    }])),
  }
}
