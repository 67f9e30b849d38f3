import { DecodeError } from '@zhuzhan/codec'
import { HesError } from '@zhuzhan/core'
import { isCurvePoint } from '@zhuzhan/gm-crypto'
import type { BoundaryName } from '@zhuzhan/policy'
import { exactly, hexOf } from '../bytes.js'
import { writeDown } from '../content.js'
import { KINDS, kindOf, suiteOf } from '../kinds.js'
import type { Kind, Suite } from '../kinds.js'
import { oneAtATime } from '../limits.js'
import { MAX_MESSAGE, TYPE, readMessage } from '../message.js'
import type { FieldContext, Message } from '../message.js'
import { ACCESS, fieldObject } from '../objects.js'
import { createChallenges } from './challenges.js'
import { createConnect } from './connect.js'
import { createPairing } from './pairing.js'
import { createPairingWindows } from './pairing-windows.js'
import { openPeers } from './peers.js'
import { createRecords, sealDown } from './records.js'
import { createSessions } from './sessions.js'
import type { FieldSession } from './sessions.js'
import type { FieldMeter, FieldMeterOptions, PeerView } from './types.js'

/** Seconds a command is good for unless said. */
const COMMAND_SECONDS = 30

/** The meter's side of FSP-1, its devices loaded from the store. */
export async function createFieldMeter(options: FieldMeterOptions): Promise<FieldMeter> {
  const { clock, random, policy, onEvent, localTime = clock.now } = options
  const mid = hexOf(exactly(8, options.mid, 'MID'))
  const peers = await openPeers(options.store)
  const windows = createPairingWindows(clock)
  const challenges = createChallenges(clock, random)
  const sessions = createSessions(clock)
  const serially = oneAtATime()
  const pairing = createPairing(options, peers, windows)
  const connect = createConnect(options, peers, challenges, sessions)
  const records = createRecords(options, sessions, takePairingCode)
  let nextId = 1

  /** Without its hardware a kind has no suite, and is not answered. */
  const suites = new Map<Kind, Suite | undefined>()
  const suite = (kind: Kind): Suite | undefined => {
    if (!suites.has(kind)) suites.set(kind, trySuite(kind))
    return suites.get(kind)
  }
  function trySuite(kind: Kind): Suite | undefined {
    try {
      return suiteOf(kind, policy)
    } catch (error) {
      if (error instanceof HesError && error.code === 'PROFILE_REFUSED') return undefined
      throw error
    }
  }

  const contextOf = (boundary: BoundaryName, message: Message): FieldContext | 'form' | 'boundary' => {
    const kind = kindOf(message.kind)
    if (kind === undefined || message.mid.toLowerCase() !== mid) return 'form'
    if (KINDS[kind].boundary !== boundary) return 'boundary'
    const found = suite(kind)
    return found ? { kind, suite: found, pid: Buffer.from(message.pid, 'hex'), mid: options.mid } : 'form'
  }

  const receive = async (boundary: BoundaryName, bytes: Uint8Array): Promise<Buffer | undefined> => {
    const ignore = (reason: 'form' | 'boundary' | 'limit'): undefined => void onEvent?.({ kind: 'ignored', reason })
    if (bytes.length > MAX_MESSAGE) return ignore('limit')
    try {
      const message = readMessage(bytes)
      const c = contextOf(boundary, message)
      if (typeof c === 'string') return ignore(c)
      switch (message.type) {
        case TYPE.pairRequest:
          return c.suite.paired ? await pairing.receive(c, message.body) : ignore('form')
        case TYPE.hello:
          return connect.hello(c, message.body)
        case TYPE.auth:
          return await connect.auth(c, message.body)
        case TYPE.recordUp:
          return await records.receive(c, message.body)
        default:
          return ignore('form')
      }
    } catch (error) {
      if (error instanceof DecodeError) return ignore('form')
      throw error
    }
  }

  function takePairingCode(code: Parameters<FieldMeter['takePairingCode']>[0]): void {
    if (code.shownBy === 'meter' && !code.id.equals(options.mid)) throw new HesError('BODY_INVALID', 'This is the code of another meter.')
    windows.open(code)
  }

  const live = (pid: string): FieldSession => {
    const session = sessions.established(pid)
    if (!session) throw new HesError('SESSION_UNKNOWN', 'The device has no session now.', { pid })
    return session
  }

  const view = (pid: string, kind: Kind): PeerView => {
    const book = records.book(pid)
    return {
      pid, kind, boundary: KINDS[kind].boundary, session: sessions.established(pid) !== undefined, substituted: suite(kind)?.substituted ?? false,
      quarantined: book.quarantined, accepted: book.accepted, flagged: book.flagged, filtered: book.filtered,
      values: [...book.values].map(([object, { value, at }]) => ({ object, value, at })), suspect: [...book.suspect],
    }
  }

  return {
    receive: (boundary, message) => serially(() => receive(boundary, message)),
    showPairingCode(kind) {
      const found = suiteOf(kind, policy)
      if (!found.paired) throw new HesError('BODY_INVALID', 'Devices of this kind do not pair.', { kind })
      return pairing.show({ kind, suite: found })
    },
    takePairingCode,
    async enrol({ kind, pid, publicKey, testReport }) {
      const { paired, authentication } = suiteOf(kind, policy)
      if (paired || authentication !== 'sm2') throw new HesError('BODY_INVALID', 'Devices of this kind pair by QR code.', { kind })
      if (testReport.trim() === '') throw new HesError('BODY_INVALID', 'A device needs a tested chip or soft module.')
      if (pid.length !== 8 || !isCurvePoint(publicKey)) throw new HesError('BODY_INVALID', 'PID or public key.')
      const stored = await serially(() => peers.add({ kind, pid: hexOf(pid), publicKey: Buffer.from(publicKey), testReport, pending: false }))
      if (!stored) throw new HesError('LIMIT', 'The meter keeps no more devices.')
    },
    command: (pid, object, value, seconds = COMMAND_SECONDS) =>
      serially(async () => {
        const session = live(pid)
        if (!ACCESS[session.context.kind].commands.includes(object)) throw new HesError('RIGHT_MISSING', 'This device takes no such command.', { object })
        const { code, low, high } = fieldObject(object)
        if (!Number.isInteger(value) || value < low || value > high) throw new HesError('BODY_INVALID', 'The value is out of range.', { object })
        const id = nextId++
        const expires = Math.floor(localTime() / 1000) + seconds
        return { id, message: await sealDown(session, writeDown({ service: 'command', id, expires, object: code, value })) }
      }),
    sendFrame: (pid, frame) =>
      serially(async () => {
        const session = live(pid)
        if (!ACCESS[session.context.kind].frames) throw new HesError('RIGHT_MISSING', 'This device carries no frames.', { pid })
        return sealDown(session, writeDown({ service: 'frame', id: nextId++, frame: Buffer.from(frame) }))
      }),
    peers: () => peers.all().filter(({ pid, pending }, i, all) => !pending || !all.some((other, j) => j !== i && other.pid === pid)).map(({ pid, kind }) => view(pid, kind)),
    release: (pid) => records.book(pid).release(),
    remove: (pid) =>
      serially(async () => {
        sessions.end(pid)
        records.forget(pid)
        await peers.remove(pid)
      }),
    powerLoss() {
      sessions.endAll()
      windows.closeAll()
      challenges.reset()
    },
  }
}
