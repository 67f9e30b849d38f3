import { HesError } from '@zhuzhan/core'
import type { Logger } from '@zhuzhan/service-kit'
import { deviceLosses } from '../../telemetry.js'
import { startLibrary } from './library/process.js'
import type { Library, LibraryProgram } from './library/process.js'
import { SdfFailure } from './library/return-codes.js'
import { symbolsOf } from './model.js'
import type { SdfModel } from './model.js'
import { createPool } from './pool.js'
import type { Pool } from './pool.js'
import { openSession } from './session.js'
import type { SdfSession } from './session.js'

export interface DeviceLimits {
  /** Each call into the library. */
  callMs: number
  /** Loading the library. */
  startMs: number
  /** How often a device is looked at: asked for a random number, unless it has just answered somebody else. */
  probeMs: number
  /** Waiting time between attempts to open a lost device: doubled from the first to the last. */
  backoffMs: { first: number; last: number }
  /** The same after a refused password: devices lock a key after a few wrong ones. */
  deniedMs: number
  /** Users waiting for a session, and how long each waits. */
  waiting: number
  waitMs: number
}
export const DEVICE_LIMITS: DeviceLimits = {
  callMs: 3_000,
  startMs: 10_000,
  probeMs: 5_000,
  backoffMs: { first: 250, last: 30_000 },
  deniedMs: 600_000,
  waiting: 10_000,
  waitMs: 5_000,
}

export interface DeviceOptions {
  libraryPath: string
  program: LibraryProgram
  model: SdfModel
  sessions: number
  limits: DeviceLimits
  /** SM2 indexes and passwords, read anew at each opening: a corrected file heals without a restart. */
  passwords(): Promise<ReadonlyMap<number, Uint8Array>>
  /** Is it the right device, and does it compute rightly? Asked after each opening, before anybody else may use it. */
  examine(session: SdfSession): Promise<void>
  log: Logger
  /** Told of each loss and each return. */
  onChange(up: boolean, reason: string): void
}

export interface SdfDevice {
  /** Open for the first time. @throws SdfFailure, or what `examine` throws; nothing is left behind then */
  start(): Promise<void>
  /** Work with a session of the pool. @throws HesError UNAVAILABLE when the device fails or is away, BUSY when too many wait */
  use<T>(work: (session: SdfSession) => Promise<T>): Promise<T>
  /** A session of one's own, beside the pool; closing it is the caller's. */
  extraSession(): Promise<SdfSession>
  /** A call in an extra session of this life failed; when it means the device, the device is lost. */
  report(error: SdfFailure, life: number): void
  /** Rises with every opening: a handle of an earlier life is worth nothing. */
  readonly life: number
  health(): { ok: boolean; detail: string; sessions: number }
  stop(): Promise<void>
}

interface Open {
  library: Library
  device: bigint
  pool: Pool
}

/**
 * The device and its sessions, kept open: when it is lost every call fails at once with UNAVAILABLE, and it is opened anew,
 * in a new process, with growing pauses, until it is back.
 */
export function createDevice(options: DeviceOptions): SdfDevice {
  const { model, limits, log } = options
  let open: Open | undefined
  let life = 0
  let stopped = false
  let away = { since: 0, reason: 'not opened yet' }
  let pause = limits.backoffMs.first
  let next: NodeJS.Timeout | undefined
  let probe: NodeJS.Timeout | undefined
  let usedAt = 0
  let name = ''
  let extra = 0

  const openNow = async (): Promise<Open> => {
    const privateKeys = await options.passwords()
    const library = await startLibrary({
      path: options.libraryPath,
      program: options.program,
      symbols: symbolsOf(model),
      threads: options.sessions + 16,
      startMs: limits.startMs,
      callMs: limits.callMs,
    })
    try {
      const [device] = await library.call('openDevice')
      const session = (): Promise<SdfSession> => openSession(library, device, model, { privateKeys })
      const first = await session()
      await options.examine(first)
      const { issuer, name: kind, serial } = await first.info().catch(() => ({ issuer: '', name: '', serial: '' }))
      name = [issuer, kind, serial].filter((part) => part !== '').join(' ')
      const pool = await createPool({ first, size: options.sessions, open: session, limits, onLost: (error) => lose(library, error) })
      return { library, device, pool }
    } catch (error) {
      library.kill()
      throw error
    }
  }

  const take = (opened: Open): void => {
    open = opened
    life++
    extra = 0
    pause = limits.backoffMs.first
    usedAt = Date.now()
    void opened.library.ended.then(() => lose(opened.library, new SdfFailure('device', 'library', 'ended')))
    probe = setInterval(() => void ask(), limits.probeMs)
    probe.unref()
  }

  /** A device that is never asked would be missed only when it is needed. */
  const ask = async (): Promise<void> => {
    if (Date.now() - usedAt < limits.probeMs / 2) return
    await use((session) => session.random(16)).catch(() => undefined)
  }

  const lose = (library: Library, error: unknown): void => {
    if (stopped || open?.library !== library) return
    const { pool } = open
    open = undefined
    clearInterval(probe)
    library.kill()
    pool.end()
    deviceLosses.add(1)
    away = { since: Date.now(), reason: reasonOf(error) }
    log.error({ reason: away.reason }, 'the cipher device is lost; it will be opened anew')
    options.onChange(false, away.reason)
    later(error)
  }

  const later = (error: unknown): void => {
    const wait = isDenied(error) ? limits.deniedMs : pause
    pause = Math.min(pause * 2, limits.backoffMs.last)
    next = setTimeout(() => void again(), wait)
    next.unref()
  }

  const again = async (): Promise<void> => {
    try {
      const opened = await openNow()
      if (stopped) return opened.library.kill()
      take(opened)
      log.info({ device: name, awayMs: Date.now() - away.since }, 'the cipher device is back')
      options.onChange(true, '')
    } catch (error) {
      if (stopped) return
      away.reason = reasonOf(error)
      log.warn({ reason: away.reason }, 'the cipher device could not be opened')
      later(error)
    }
  }

  const current = (): Open => {
    if (!open) throw unavailable()
    return open
  }
  const use = async <T>(work: (session: SdfSession) => Promise<T>): Promise<T> => {
    try {
      const result = await current().pool.use(work)
      usedAt = Date.now()
      return result
    } catch (error) {
      throw error instanceof SdfFailure ? unavailable(error) : error
    }
  }

  return {
    use,
    get life() {
      return life
    },
    report: (error, ofLife) => {
      if (open && ofLife === life && error.kind === 'device') lose(open.library, error)
    },
    async start() {
      take(await openNow())
      log.info({ device: name, model: model.name, sessions: options.sessions }, 'the cipher device is open')
    },
    async extraSession() {
      const { library, device } = current()
      try {
        const session = await openSession(library, device, model, { privateKeys: await options.passwords() })
        const ofLife = life
        extra++
        return {
          ...session,
          close: async () => {
            if (ofLife === life) extra--
            await session.close()
          },
        }
      } catch (error) {
        if (error instanceof SdfFailure) lose(library, error)
        throw error instanceof SdfFailure ? unavailable(error) : error
      }
    },
    health: () => ({
      ok: open !== undefined,
      detail: open ? `sdf ${model.name}: ${name || 'open'}` : `sdf ${model.name}: away, ${away.reason}`,
      sessions: open ? open.pool.size + extra : 0,
    }),
    async stop() {
      stopped = true
      clearTimeout(next)
      clearInterval(probe)
      if (!open) return
      const { library, device, pool } = open
      open = undefined
      await pool.close()
      await library.call('closeDevice', device).catch(() => undefined)
      library.kill()
    },
  }
}

/** The one error of a device that fails: what exactly happened stands in the log and on the health page. */
export function unavailable(cause?: unknown): HesError {
  return new HesError('UNAVAILABLE', 'the cipher device does not serve', { reason: 'hardware' }, { cause })
}

function isDenied(error: unknown): boolean {
  return error instanceof SdfFailure && error.symbol === 'SDF_GetPrivateKeyAccessRight' && error.kind !== 'device'
}

function reasonOf(error: unknown): string {
  return error instanceof SdfFailure || error instanceof HesError ? error.message : 'internal error'
}
