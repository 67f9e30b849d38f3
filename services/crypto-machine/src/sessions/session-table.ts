import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { DateTimeS } from '@zhuzhan/dlt698'
import { createCcm } from '@zhuzhan/gm-crypto'
import type { Ccm, Random } from '@zhuzhan/gm-crypto'
import { erase } from '@zhuzhan/osp1'
import type { SessionKeys, UpdateStep } from '@zhuzhan/osp1'
import type { Device, KeySet } from '../keys/devices.js'

/** What the machine itself wants to know from an answer. */
export type Purpose =
  | { kind: 'clock'; /** Milliseconds since 1970. */ sentAt: number }
  | { kind: 'clock-set' }
  | { kind: 'manifest'; challenge: Buffer; /** State and version of the device's keys when it was asked. */ keys: string; /** A copy: the session may end before the answer is judged. */ transcriptHash: Buffer }
  | { kind: 'key-update'; step: UpdateStep; updateId: Buffer }

/** A request that waits for its answer, or waited too long. */
export interface Request {
  seq: number
  task: number
  sealedAt: number
  purpose?: Purpose | undefined
}

/** The device's clock as an authentic answer to GET 40000200 gave it. */
export interface ClockReading {
  /** Local time of the device. */
  value: DateTimeS
  sentAt: number
  heardAt: number
}

/** One session, in this process's memory only: never stored, exported or replicated (§7.4). */
export interface Session {
  readonly handle: string
  /** The caller it was negotiated for. */
  readonly owner: string
  readonly device: Device
  readonly clientAddress: number
  readonly keys: SessionKeys
  /** The ciphers under them, kept for all records. */
  readonly ciphers: { readonly toServer: Ccm; readonly toClient: Ccm }
  /** Monotonic ms; the station stops 10 % before the meter does. */
  readonly endsAt: number
  nextSeq: number
  inFlight: Request[]
  /** The last 3 that timed out: a late answer to them is still valid. */
  unanswered: Request[]
  macFailures: number
  /** A ticket or a key update is being committed for it: nothing else is sealed meanwhile. */
  reserved: boolean
  clockReading: ClockReading | undefined
  /** Mode S: the keys its CONNECT proved. A session under the new set of an open key update serves tasks 3 and 7 only (§7.8). */
  keySet: KeySet
  /** The update whose stage this session saw answered rightly. */
  staged: Buffer | undefined
  /** The update whose stage was refused in it. */
  stageRefused: Buffer | undefined
}

export interface SessionTable {
  /** A new session under (device, client address); the one before it is dead from now on. */
  open(owner: string, device: Device, clientAddress: number, keys: SessionKeys, sessionSeconds: number, keySet?: KeySet): Session
  /** @throws HesError SESSION_UNKNOWN for an unknown, ended or foreign handle alike */
  get(owner: string, handle: string): Session
  end(session: Session): void
  /** Every session of this device but one. */
  endOthers(device: Device, kept: Session): void
  endAll(): void
  /** Live sessions; ended ones are swept. */
  readonly size: number
}

export function createSessionTable({ clock, random }: { clock: Clock; random: Random }): SessionTable {
  const byHandle = new Map<string, Session>()
  const byDevice = new Map<string, Session>()
  const place = (device: Device, clientAddress: number): string => `${device.row.id}/${clientAddress}`

  const end = (session: Session): void => {
    byHandle.delete(session.handle)
    const at = place(session.device, session.clientAddress)
    if (byDevice.get(at) === session) byDevice.delete(at)
    session.ciphers.toServer.destroy()
    session.ciphers.toClient.destroy()
    erase(session.keys.toServer, session.keys.toClient, session.keys.transcriptHash)
  }
  let sweptAt = clock.monotonic()
  const sweep = (): void => {
    const now = clock.monotonic()
    if (now - sweptAt < 10_000) return
    sweptAt = now
    for (const session of byHandle.values()) if (session.endsAt <= now) end(session)
  }

  return {
    open(owner, device, clientAddress, keys, sessionSeconds, keySet = 'active') {
      sweep()
      const at = place(device, clientAddress)
      const before = byDevice.get(at)
      if (before) end(before)
      const session: Session = {
        handle: random(16).toString('hex').toUpperCase(),
        owner,
        device,
        clientAddress,
        keys,
        ciphers: { toServer: createCcm(keys.toServer), toClient: createCcm(keys.toClient) },
        endsAt: clock.monotonic() + sessionSeconds * 1000,
        nextSeq: 0,
        inFlight: [],
        unanswered: [],
        macFailures: 0,
        reserved: false,
        clockReading: undefined,
        keySet,
        staged: undefined,
        stageRefused: undefined,
      }
      byHandle.set(session.handle, session)
      byDevice.set(at, session)
      return session
    },
    get(owner, handle) {
      const session = byHandle.get(handle)
      if (!session || session.owner !== owner) throw new HesError('SESSION_UNKNOWN')
      if (session.endsAt <= clock.monotonic()) {
        end(session)
        throw new HesError('SESSION_UNKNOWN')
      }
      return session
    },
    end,
    endOthers: (device, kept) => {
      for (const session of [...byHandle.values()]) if (session.device === device && session !== kept) end(session)
    },
    endAll: () => {
      for (const session of [...byHandle.values()]) end(session)
    },
    get size() {
      sweep()
      return byHandle.size
    },
  }
}
