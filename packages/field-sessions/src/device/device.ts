import { HesError } from '@zhuzhan/core'
import { exactly, hexOf } from '../bytes.js'
import { RESULT, readDown, writeUp } from '../content.js'
import type { DownMessage, UpMessage } from '../content.js'
import { KINDS, suiteOf } from '../kinds.js'
import { oneAtATime } from '../limits.js'
import { MAX_MESSAGE, TYPE, messageOf, readMessage } from '../message.js'
import type { FieldContext, MessageType } from '../message.js'
import { ACCESS, OBJECTS, fieldObject, objectOf } from '../objects.js'
import { MAX_SEQ, eraseKeys, openRecord, sealRecord } from '../record.js'
import type { SessionKeys } from '../record.js'
import { orRefused } from '../refusal.js'
import { createAttempt } from './connect.js'
import type { Attempt } from './connect.js'
import { createPairingAttempt } from './pairing.js'
import type { Pairing } from './pairing.js'
import type { DeviceState, FieldDevice, FieldDeviceOptions } from './types.js'

/** An answer that took longer sets no clock. */
const MAX_ROUND_TRIP_MS = 5_000

interface Session {
  context: FieldContext
  keys: SessionKeys
  lastUp: number
  lastDown: number
  /** Monotonic ms; the device stops a tenth earlier than the meter. */
  endsAt: number
}

/** The device's side of FSP-1. @throws HesError PROFILE_REFUSED where the policy asks for hardware that is not there */
export function createFieldDevice(options: FieldDeviceOptions): FieldDevice {
  const { kind, policy, clock, onEvent, onBelonging } = options
  const pid = Buffer.from(exactly(8, options.pid, 'PID'))
  const suite = suiteOf(kind, policy)
  const serially = oneAtATime()
  let belonging = options.belonging
  let pairing: Pairing | undefined
  let attempt: Attempt | undefined
  let session: Session | undefined
  let lastStep: Buffer | undefined
  let clockAt: { seconds: number; monotonic: number } | undefined
  /** The newest question to the meter, and when it left. */
  let asked: { id: number; at: number } | undefined
  let nextId = 1

  const contextWith = (mid: Uint8Array): FieldContext => ({ kind, suite, pid, mid: Buffer.from(exactly(8, mid, 'MID')) })
  const now = (): number | undefined => clockAt && clockAt.seconds + Math.floor((clock.monotonic() - clockAt.monotonic) / 1000)
  const live = (): Session => {
    if (session && (clock.monotonic() >= session.endsAt || session.lastUp >= MAX_SEQ)) endSession()
    if (!session) throw new HesError('SESSION_UNKNOWN', 'The device has no session now.')
    return session
  }
  const endSession = (): void => {
    if (!session) return
    eraseKeys(session.keys)
    session = undefined
    onEvent?.({ kind: 'ended' })
  }
  const sealUp = async (message: UpMessage): Promise<Buffer> => {
    const { context, keys } = live()
    const seq = ++live().lastUp
    return messageOf(context, 'recordUp', await sealRecord(keys.up, context, 'up', seq, writeUp(message)))
  }
  const ask = (make: (id: number) => UpMessage): Promise<Buffer> => {
    const id = nextId++
    asked = { id, at: clock.monotonic() }
    return sealUp(make(id))
  }
  const step = (c: FieldContext, type: MessageType, body: Uint8Array): Buffer => (lastStep = messageOf(c, type, body))

  const onPairAnswer = async (body: Uint8Array): Promise<undefined> => {
    if (!pairing) return refused('pair-answer')
    const made = await orRefused(pairing.answer(body))
    if (!made) return refused('pair-answer')
    await onBelonging?.(made)
    belonging = made
    pairing = lastStep = undefined
    onEvent?.({ kind: 'paired', mid: hexOf(made.mid) })
    return undefined
  }
  const onAccept = async (c: FieldContext, body: Uint8Array): Promise<Buffer | undefined> => {
    const opened = attempt && (await orRefused(attempt.accept(body)))
    if (!opened) return refused('accept')
    endSession()
    attempt = lastStep = undefined
    session = { context: c, keys: opened.keys, lastUp: 0, lastDown: 0, endsAt: clock.monotonic() + opened.sessionSeconds * 900 }
    onEvent?.({ kind: 'connected', mid: hexOf(c.mid), substituted: suite.substituted, sessionSeconds: opened.sessionSeconds })
    return ask((id) => ({ service: 'confirm', id }))
  }
  const onRecord = async (c: FieldContext, body: Uint8Array): Promise<Buffer | undefined> => {
    const opened = session && (await orRefused(openRecord(session.keys.down, c, 'down', body)))
    if (!session || !opened || opened.seq <= session.lastDown) return refused('record')
    session.lastDown = opened.seq
    return onDown(readDown(opened.content))
  }
  const onDown = async (message: DownMessage): Promise<Buffer | undefined> => {
    switch (message.service) {
      case 'answer':
        // An answer somebody held back tells an old time, and an old clock would let held-back commands pass.
        if (asked?.id === message.re && clock.monotonic() - asked.at <= MAX_ROUND_TRIP_MS) clockAt = { seconds: message.now, monotonic: clock.monotonic() }
        onEvent?.({ kind: 'answered', re: message.re, result: message.result, items: message.items })
        return undefined
      case 'command':
        return sealUp({ service: 'result', re: message.id, result: await command(message) })
      case 'frame':
        onEvent?.({ kind: 'frame', frame: Buffer.from(message.frame) })
        return undefined
      case 'bye':
        endSession()
        return undefined
    }
  }
  const command = async ({ object: code, value, expires }: { object: number; value: number; expires: number }): Promise<number> => {
    const object = objectOf(code)
    const time = now()
    const late = time === undefined || time > expires
    if (object === undefined || late || !ACCESS[kind].commands.includes(object) || value < fieldObject(object).low || value > fieldObject(object).high) {
      refused('command')
      return RESULT.refused
    }
    const result = (await options.act?.(object, value)) ? RESULT.done : RESULT.failed
    onEvent?.({ kind: 'commanded', object, value, result })
    return result
  }
  const refused = (message: 'form' | 'pair-answer' | 'accept' | 'record' | 'command'): undefined => void onEvent?.({ kind: 'refused', message })

  const receive = async (bytes: Uint8Array): Promise<Buffer | undefined> => {
    if (bytes.length > MAX_MESSAGE) return refused('form')
    const message = await orRefused((async () => readMessage(bytes))())
    if (message?.kind !== KINDS[kind].code || message.pid.toLowerCase() !== hexOf(pid)) return refused('form')
    const c = message.type === TYPE.pairAnswer ? pairing?.context : belonging && contextWith(belonging.mid)
    if (!c || message.mid.toLowerCase() !== hexOf(c.mid)) return refused('form')
    switch (message.type) {
      case TYPE.pairAnswer:
        return onPairAnswer(message.body)
      case TYPE.challenge: {
        const auth = attempt && (await orRefused(attempt.auth(message.body)))
        return auth ? step(c, 'auth', auth) : refused('form')
      }
      case TYPE.accept:
        return onAccept(c, message.body)
      case TYPE.recordDown:
        return orRefused(onRecord(c, message.body))
      default:
        return refused('form')
    }
  }

  const say = (make: (id: number) => UpMessage): Promise<Buffer> => serially(() => ask(make))
  return {
    pid,
    get state(): DeviceState {
      if (pairing) return 'pairing'
      if (attempt) return lastStep?.[2] === TYPE.auth ? 'authenticating' : 'asking'
      if (session && clock.monotonic() < session.endsAt) return 'connected'
      return belonging ? 'idle' : 'alone'
    },
    get substituted() {
      return suite.substituted
    },
    pair: (code, mid) =>
      serially(async () => {
        const other = code.shownBy === 'meter' ? code.id : mid
        if (!suite.paired || !other) throw new HesError('BODY_INVALID', 'No pairing of this kind, or no meter to pair with.')
        pairing = await createPairingAttempt(options, contextWith(other), code)
        return step(pairing.context, 'pairRequest', pairing.request)
      }),
    hello() {
      if (!belonging) throw new HesError('STATE_CONFLICT', 'The device belongs to no meter yet.')
      const c = contextWith(belonging.mid)
      attempt?.giveUp()
      attempt = createAttempt(options, c, belonging)
      return step(c, 'hello', attempt.hello)
    },
    receive: (message) => serially(() => receive(message)),
    again: () => lastStep,
    sync: () => say((id) => ({ service: 'confirm', id })),
    report: async (items, at = now()) => {
      if (at === undefined) throw new HesError('STATE_CONFLICT', 'The device does not know the time yet.')
      return say((id) => ({ service: 'report', id, at, items: items.map(({ object, value }) => ({ object: OBJECTS[object].code, value })) }))
    },
    read: (objects) => say((id) => ({ service: 'read', id, objects: objects.map((name) => OBJECTS[name].code) })),
    sendFrame: (frame) => say((id) => ({ service: 'frame', id, frame: Buffer.from(frame) })),
    sendPairingCode: (code) => say((id) => ({ service: 'pairing-code', id, code })),
    bye: () =>
      serially(async () => {
        const message = await sealUp({ service: 'bye' })
        endSession()
        return message
      }),
    now,
    powerLoss() {
      endSession()
      attempt?.giveUp()
      attempt = pairing = lastStep = clockAt = asked = undefined
    },
  }
}
