import { ByteReader, ByteWriter, EncodeError, nothing } from '@zhuzhan/codec'
import type { FrameReading, Words } from '@zhuzhan/codec'
import { unknownLayout } from '../afn-table.js'
import type { Layout } from '../afn-table.js'
import { unreadFrom } from '../wire/unread.js'
import type { Unread } from '../wire/unread.js'
import { localCatalogue } from './afn/index.js'
import { decodeLink, encodeLink } from './link/frame.js'
import type { LocalLink } from './link/frame.js'

/** A frame of Q/GDW 1376.2 with its data. */
export interface LocalFrame extends Omit<LocalLink, 'data'> {
  /** Of the functions; derived, ignored by encode. */
  names?: readonly Words[]
  /** Members of the function's layout; hex when that is not known or does not fit; none when there is no data. */
  data?: Readonly<Record<string, unknown>> | string
  /** Why the data are hex. */
  dataError?: Unread['dataError']
}

type Body = Pick<LocalFrame, 'data' | 'dataError'>

/** One whole frame. @throws DecodeError FRAME_INVALID; data that cannot be read are no error but hex */
export function decodeLocal(bytes: Uint8Array, reading: FrameReading = {}): LocalFrame {
  let body: Body = {}
  const { data: _bytes, ...link } = decodeLink(bytes, reading, (read, at) => { body = readData(read, at, reading) })
  const names = link.fn.map((fn) => localCatalogue.describeFn(Number.parseInt(link.afn, 16), fn) ?? { en: `F${fn}`, zh: `F${fn}` })
  return { ...link, names, ...body }
}

function readData({ control, afn, fn, data }: LocalLink, at: number, { settings, trace }: FrameReading): Body {
  const layout = layoutOf(afn, fn, control.dir, settings)
  const mark = trace?.mark()
  try {
    if (layout === undefined && data.length > 0) return unread(unknownLayout(afn, fn, control.dir))
    const r = new ByteReader(data, { ...(settings && { settings }), trace, origin: at })
    if (data.length > 0) trace?.enter('data', at)
    const value = (layout ?? nothing).read(r) as Record<string, unknown>
    r.finish()
    if (data.length === 0) return {}
    trace?.leave(at + data.length, value)
    return { data: value }
  } catch (error) {
    if (mark !== undefined) trace!.rewind(mark)
    return unread(error)
  }

  function unread(why: unknown): Unread {
    const outcome = unreadFrom(data, at, why)
    trace?.leaf('data', at, at + data.length, outcome.data)
    return outcome
  }
}

/** Only frames with one function have a layout: how the data of several would stand together is not said. */
function layoutOf(afn: string, fn: readonly number[], dir: number, settings?: Readonly<Record<string, unknown>>): Layout | undefined {
  return fn.length === 1 ? localCatalogue.layout(Number.parseInt(afn, 16), fn[0]!, dir, settings) : undefined
}

/** The bytes of a frame, also of what decodeLocal gave. @throws EncodeError */
export function encodeLocal(frame: LocalFrame): Buffer {
  try {
    const { data, control, information, address, afn, fn } = frame
    const w = new ByteWriter(256)
    if (typeof data === 'string') w.hex(data)
    else writeData(w, layoutOf(afn, fn, control.dir), data)
    return encodeLink({ control, information, ...(address && { address }), afn, fn, data: w.finish() })
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', 'a frame as decodeLocal gives it', { cause: error })
  }
}

function writeData(w: ByteWriter, layout: Layout | undefined, data: object | undefined): void {
  if (layout === undefined && data !== undefined) throw new EncodeError('data', 'no data of a function whose layout is not known')
  layout?.write(w, data ?? {})
}
