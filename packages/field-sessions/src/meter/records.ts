import { DecodeError } from '@zhuzhan/codec'
import type { Clock } from '@zhuzhan/core'
import { hexOf } from '../bytes.js'
import { RESULT, readUp, writeDown } from '../content.js'
import type { FieldValue, Result, UpMessage } from '../content.js'
import { budget } from '../limits.js'
import type { Budget } from '../limits.js'
import { messageOf } from '../message.js'
import type { FieldContext } from '../message.js'
import { ACCESS, OBJECTS, objectOf } from '../objects.js'
import type { ObjectName } from '../objects.js'
import { decodePairingCode } from '../pairing-code.js'
import type { PairingCode } from '../pairing-code.js'
import { openRecord, sealRecord } from '../record.js'
import { orRefused } from '../refusal.js'
import { createBook } from './book.js'
import type { Book } from './book.js'
import type { FieldSession, Sessions } from './sessions.js'
import type { FieldMeterOptions, FilterReason } from './types.js'

/** Seal the next record down. */
export async function sealDown(session: FieldSession, content: Uint8Array): Promise<Buffer> {
  const { context, keys } = session
  // The number is used up before anything else happens: a seq is sealed once.
  const seq = ++session.lastDown
  return messageOf(context, 'recordDown', await sealRecord(keys.down, context, 'down', seq, content))
}

/** What the meter takes in: verified and decrypted, then filtered, then analysed, and only then it counts. §8 */
export function createRecords(options: FieldMeterOptions, sessions: Sessions, takePairingCode: (code: PairingCode) => void) {
  const { clock, onEvent, localTime = clock.now, read, ownWatts, onFrame } = options
  const books = new Map<string, Book>()
  const rates = new Map<string, Budget>()
  const seconds = (): number => Math.floor(localTime() / 1000)
  const bookOf = (pid: string): Book => {
    const book = books.get(pid) ?? createBook()
    books.set(pid, book)
    return book
  }

  const verified = async (c: FieldContext, body: Uint8Array): Promise<{ session: FieldSession; content: Buffer } | undefined> => {
    const pid = hexOf(c.pid)
    for (const session of sessions.candidates(pid)) {
      if (session.context.kind !== c.kind) continue
      const opened = await orRefused(openRecord(session.keys.up, c, 'up', body))
      if (!opened || opened.seq <= session.lastUp) continue
      session.lastUp = opened.seq
      if (sessions.establish(pid, session)) onEvent?.({ kind: 'established', peer: c.kind, pid })
      return { session, content: opened.content }
    }
    return undefined
  }

  const report = (c: FieldContext, items: readonly FieldValue[], at: number): void => {
    const [pid, peer] = [hexOf(c.pid), c.kind]
    for (const { object, value, flags, quarantines } of bookOf(pid).enter(items, at, seconds(), ownWatts?.())) {
      if (flags.length === 0) onEvent?.({ kind: 'accepted', peer, pid, object, value, at })
      else onEvent?.({ kind: 'flagged', peer, pid, object, value, at, flags })
      if (quarantines) onEvent?.({ kind: 'quarantined', peer, pid })
    }
  }

  /** What the schema, the sizes, the rate and the access rights say. Undefined: nothing against it. */
  const filter = (c: FieldContext, content: Buffer): { message: UpMessage } | { reason: FilterReason; id?: number } => {
    const access = ACCESS[c.kind]
    if (!rateOf(rates, clock, c).take()) return { reason: 'rate' }
    if (content.length > access.maxContent) return { reason: 'size' }
    let message: UpMessage
    try {
      message = readUp(content)
    } catch (error) {
      if (error instanceof DecodeError) return { reason: 'schema' }
      throw error
    }
    const all = (allowed: readonly ObjectName[], codes: readonly number[]): boolean => codes.every((code) => allowed.some((name) => OBJECTS[name].code === code))
    const none = (id: number): { reason: FilterReason; id: number } => ({ reason: 'service', id })
    switch (message.service) {
      case 'report':
        if (access.reports.length === 0) return none(message.id)
        return all(access.reports, message.items.map(({ object }) => object)) ? { message } : { reason: 'object', id: message.id }
      case 'read':
        if (access.reads.length === 0) return none(message.id)
        return all(access.reads, message.objects) ? { message } : { reason: 'object', id: message.id }
      case 'frame':
        return access.frames ? { message } : none(message.id)
      case 'pairing-code':
        return access.pairingCodes.length > 0 ? { message } : none(message.id)
      case 'confirm':
      case 'result':
      case 'bye':
        return { message }
    }
  }

  const answer = (session: FieldSession, re: number, result: Result, items: FieldValue[] = []): Promise<Buffer> =>
    sealDown(session, writeDown({ service: 'answer', re, result, now: seconds(), items }))

  const act = async (session: FieldSession, message: UpMessage): Promise<Buffer | undefined> => {
    const { context: c } = session
    const pid = hexOf(c.pid)
    switch (message.service) {
      case 'confirm':
        return answer(session, message.id, RESULT.done)
      case 'report':
        report(c, message.items, message.at)
        return answer(session, message.id, RESULT.done)
      case 'read':
        return answer(session, message.id, RESULT.done, valuesFor(message.objects))
      case 'result':
        onEvent?.({ kind: 'result', peer: c.kind, pid, re: message.re, result: message.result })
        return undefined
      case 'pairing-code':
        return answer(session, message.id, codeTaken(c, message.code) ? RESULT.done : RESULT.refused)
      case 'bye':
        sessions.end(pid)
        onEvent?.({ kind: 'ended', peer: c.kind, pid })
        return undefined
      case 'frame': {
        const reply = await onFrame?.(pid, Buffer.from(message.frame))
        return reply && sealDown(session, writeDown({ service: 'frame', id: message.id, frame: reply }))
      }
    }
  }

  const valuesFor = (codes: readonly number[]): FieldValue[] =>
    codes.flatMap((object) => {
      const name = objectOf(object)
      const value = name && read?.(name)
      return value === undefined ? [] : [{ object, value }]
    })

  const codeTaken = (c: FieldContext, text: string): boolean => {
    try {
      const code = decodePairingCode(text)
      if (code.shownBy !== 'device' || !ACCESS[c.kind].pairingCodes.includes(code.kind)) return false
      takePairingCode(code)
      return true
    } catch {
      return false
    }
  }

  return {
    async receive(c: FieldContext, body: Uint8Array): Promise<Buffer | undefined> {
      const pid = hexOf(c.pid)
      const opened = await verified(c, body)
      if (!opened) {
        onEvent?.({ kind: 'record-refused', peer: c.kind, pid })
        return undefined
      }
      const filtered = filter(c, opened.content)
      if ('message' in filtered) return act(opened.session, filtered.message)
      bookOf(pid).filtered++
      onEvent?.({ kind: 'filtered', peer: c.kind, pid, reason: filtered.reason })
      return filtered.id === undefined ? undefined : answer(opened.session, filtered.id, RESULT.refused)
    },
    book: bookOf,
    forget: (pid: string): void => {
      books.delete(pid)
      rates.delete(pid)
    },
  }
}

function rateOf(rates: Map<string, Budget>, clock: Clock, { kind, pid }: FieldContext): Budget {
  const key = hexOf(pid)
  const rate = rates.get(key) ?? budget(clock, ACCESS[kind].perSecond, ACCESS[kind].burst)
  rates.set(key, rate)
  return rate
}
