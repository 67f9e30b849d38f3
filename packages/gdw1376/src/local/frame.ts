import { ByteReader, ByteWriter, EncodeError, nothing } from '@zhuzhan/codec'
import type { FrameReading, Words } from '@zhuzhan/codec'
import type { Layout } from '../afn-table.js'
import { restOf } from '../wire/rest.js'
import type { Rest } from '../wire/rest.js'
import { localCatalogue } from './afn/index.js'
import { decodeLink, encodeLink } from './link/frame.js'
import type { LocalLink } from './link/frame.js'

/** A frame of Q/GDW 1376.2 with its data. */
export interface LocalFrame extends Omit<LocalLink, 'data'> {
  /** Of the functions; derived, ignored by encode. */
  names?: readonly Words[]
  /** Members of the function's layout; none when it has no data. */
  data?: Readonly<Record<string, unknown>>
  /** All of the data, when their layout is not known or does not fit. */
  rest?: Rest
}

/** One whole frame. @throws DecodeError FRAME_INVALID; data that cannot be read are no error but `rest` */
export function decodeLocal(bytes: Uint8Array, reading: FrameReading = {}): LocalFrame {
  let body: Pick<LocalFrame, 'data' | 'rest'> = {}
  const { data: _bytes, ...link } = decodeLink(bytes, reading, (read, at) => { body = readData(read, at, reading) })
  const names = link.fn.map((fn) => localCatalogue.describeFn(Number.parseInt(link.afn, 16), fn) ?? { en: `F${fn}`, zh: `F${fn}` })
  return { ...link, names, ...body }
}

function readData({ control, afn, fn, data }: LocalLink, at: number, { settings, trace }: FrameReading): Pick<LocalFrame, 'data' | 'rest'> {
  const layout = layoutOf(afn, fn, control.dir, settings)
  const mark = trace?.mark()
  try {
    if (layout === undefined && data.length > 0) return unread(`no layout is known for AFN ${afn} ${fn.map((one) => `F${one}`).join(' ')} ${control.dir === 1 ? 'up' : 'down'}`)
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

  function unread(why: unknown): { rest: Rest } {
    const rest = restOf(data, at, why)
    trace?.leaf('rest', at, at + data.length, rest.hex)
    return { rest }
  }
}

/** Only frames with one function have a layout: how the data of several would stand together is not said. */
function layoutOf(afn: string, fn: readonly number[], dir: number, settings?: Readonly<Record<string, unknown>>): Layout | undefined {
  return fn.length === 1 ? localCatalogue.layout(Number.parseInt(afn, 16), fn[0]!, dir, settings) : undefined
}

/** The bytes of a frame, also of what decodeLocal gave. @throws EncodeError */
export function encodeLocal(frame: LocalFrame): Buffer {
  try {
    const { data, rest, control, information, address, afn, fn } = frame
    const w = new ByteWriter(256)
    if (rest !== undefined) w.hex(rest.hex)
    else writeData(w, layoutOf(afn, fn, control.dir), data)
    return encodeLink({ control, information, ...(address && { address }), afn, fn, data: w.finish() })
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', 'a frame as decodeLocal gives it', { cause: error })
  }
}

function writeData(w: ByteWriter, layout: Layout | undefined, data: LocalFrame['data']): void {
  if (layout === undefined && data !== undefined) throw new EncodeError('data', 'no data of a function whose layout is not known')
  layout?.write(w, data ?? {})
}
