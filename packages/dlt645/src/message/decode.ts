import { ByteReader, ByteWriter, DecodeError, EncodeError } from '@zhuzhan/codec'
import type { Fields, Tracer } from '@zhuzhan/codec'
import { controlCode, controlOf } from '../link/control.js'
import type { LinkFrame } from '../link/frame.js'
import type { Settings } from '../settings.js'
import { MESSAGES } from './messages.js'
import type { Message, MessageKind } from './messages.js'

export interface DecodeMessageOptions {
  /** Readings of UNSURE points, see SETTINGS. */
  settings?: Settings
  trace?: Tracer | undefined
  /** Position of the first byte of DATA in the outermost bytes, for `trace` only. */
  origin?: number
}

type Row = readonly [kind: MessageKind, body: Fields<Record<string, unknown>>]

const byControl = new Array<Row | undefined>(256).fill(undefined)
for (const [kind, [control, body]] of Object.entries(MESSAGES)) byControl[control] = [kind as MessageKind, body as Fields<never> as Row[1]]

/**
 * What a frame says. Direction, refusal and follow-up choose the layout, all by the control code.
 *
 * @throws DecodeError APDU_INVALID when DATA has no known layout or does not fit it
 */
export function decodeMessage(frame: LinkFrame, options: DecodeMessageOptions = {}): Message {
  const row = byControl[controlCode(frame.control)]
  if (row === undefined) throw new DecodeError('APDU_INVALID', 0, 'a control code whose data have a known layout')
  const r = new ByteReader(frame.data, options)
  const message: Record<string, unknown> = { kind: row[0] }
  const mark = r.trace?.mark()
  try {
    row[1].readInto(r, message)
    r.finish()
  } catch (error) {
    if (mark) r.trace!.stop(mark, r.origin + r.offset)
    throw error
  }
  return message as Message
}

/** Control and DATA of a message. @throws EncodeError */
export function encodeMessage(message: Message, settings?: Settings): Pick<LinkFrame, 'control' | 'data'> {
  const row = Object.hasOwn(MESSAGES, message.kind) ? MESSAGES[message.kind] : undefined
  if (row === undefined) throw new EncodeError('kind', Object.keys(MESSAGES).join(', '))
  const w = new ByteWriter(64, undefined, settings)
  try {
    (row[1] as Fields<unknown>).write(w, message)
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', `a ${message.kind}`, { cause: error })
  }
  return { control: controlOf(row[0]), data: w.finish() }
}
