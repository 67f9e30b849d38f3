import { ByteReader, DecodeError, NO_SETTINGS } from '@zhuzhan/codec'
import type { FrameValue } from '@zhuzhan/codec'
import { isListForm } from './forms/lists.js'
import type { Form, Scalar } from './forms/index.js'
import { identifiersFor } from './identifiers/index.js'
import type { DataIdentifier } from './identifiers/index.js'
import { controlOf } from './link/control.js'
import type { LinkFrame } from './link/frame.js'
import { decodeMessage } from './message/decode.js'
import { readItemValue } from './message/item-value.js'
import type { Message } from './message/messages.js'
import type { Settings } from './settings.js'

const READ = 0x11
const READ_ADDRESS = 0x13
const DI_SIZE = 4

/**
 * What a meter's answer says about quantities: an energy, a voltage, the elements of a block. None for requests, refusals,
 * parts of a longer answer (see joinReplies) and for digits that are not BCD, which are a fault and not a value.
 *
 * @throws DecodeError APDU_INVALID when DATA is too short for an answer
 */
export function readingsOf(frame: LinkFrame, settings: Settings = NO_SETTINGS): FrameValue[] {
  const { fromMeter, abnormal, followUp, function: code } = frame.control
  if (!fromMeter || abnormal || followUp) return []
  if (code === READ) return answerValues(frame, settings)
  return code === READ_ADDRESS ? valuesOf(decodeMessage(frame, { settings }), frame.address, settings) : []
}

/** The commonest frame of all, without making a message of it first. */
function answerValues({ address, data }: LinkFrame, settings: Settings): FrameValue[] {
  const r = new ByteReader(data, settings === NO_SETTINGS ? undefined : { settings })
  const item = identifiersFor(settings).item(r.u32le())
  const value = readItemValue(r, item)
  return value === undefined ? [] : itemValues(item.known!, value, address)
}

/** The same for a message that is decoded already; `of` is the meter's address. */
export function valuesOf(message: Message, of: string, settings: Settings = NO_SETTINGS): FrameValue[] {
  if (message.kind === 'address-reply') {
    const { di, name, nameZh } = identifiersFor(settings).describe('04000401')!
    return [{ item: di, name, nameZh, value: message.meter, unit: '', of }]
  }
  if (message.kind === 'read-reply' && message.value !== undefined) {
    const { known } = identifiersFor(settings).item(Number.parseInt(message.di, 16))
    if (known?.form !== undefined) return itemValues(known, message.value, of)
  }
  return []
}

function itemValues(item: DataIdentifier, value: unknown, of: string): FrameValue[] {
  const form = item.form!
  if (item.block !== undefined) {
    return (value as readonly unknown[]).flatMap((element, i) => {
      const known = item.block!.element(i)
      return known?.form === undefined ? [] : itemValues(known, element, of)
    })
  }
  if (isListForm(form)) return elementValues(item, form.element, value as readonly unknown[], of)
  const entry = frameValue(item.di, item, form.scalar(value), of)
  return entry === undefined ? [] : [entry]
}

/** Elements of one identifier are told apart by their number, `05060101.0` the total. */
function elementValues(item: DataIdentifier, form: Form, list: readonly unknown[], of: string): FrameValue[] {
  return list.flatMap((value, i) => {
    const words = item.elements?.(i)
    const named = words === undefined ? item : { name: `${item.name}, ${words.en}`, nameZh: `${item.nameZh} ${words.zh}`, unit: item.unit }
    return frameValue(`${item.di}.${i}`, named, form.scalar(value), of) ?? []
  })
}

type Named = Pick<DataIdentifier, 'name' | 'nameZh' | 'unit'>

function frameValue(di: string, { name, nameZh, unit }: Named, scalar: Scalar | undefined, of: string): FrameValue | undefined {
  if (scalar === undefined) return undefined
  const { value, time } = scalar
  return time === undefined ? { item: di, name, nameZh, value, unit, of } : { item: di, name, nameZh, value, unit, of, time }
}

/**
 * One answer out of its parts: the first answer with follow-up and those to function 12, in order. Reference §2.
 *
 * @returns the frame of the whole answer; its DATA may be longer than a frame could carry
 * @throws DecodeError APDU_INVALID when the parts do not belong together: another meter or identifier, a number that is
 * not the next, none or more than one that ends it
 */
export function joinReplies(parts: readonly LinkFrame[]): LinkFrame {
  const [first] = parts
  if (first === undefined) throw new DecodeError('APDU_INVALID', 0, 'parts')
  const pieces = parts.map((frame, i) => {
    const message = decodeMessage(frame)
    const kind = i === 0 ? 'read-part' : i === parts.length - 1 ? 'follow-up-reply' : 'follow-up-part'
    const isNext = 'part' in message && message.kind === kind && (message.kind === 'read-part' || message.seq === (i & 0xff))
    if (!isNext || frame.address !== first.address || !frame.data.subarray(0, DI_SIZE).equals(first.data.subarray(0, DI_SIZE))) {
      throw new DecodeError('APDU_INVALID', 0, `part ${i} of one answer, a ${kind}`)
    }
    return Buffer.from(message.part, 'hex')
  })
  if (parts.length === 1) throw new DecodeError('APDU_INVALID', 0, 'the last part')
  return { address: first.address, control: controlOf(0x91), data: Buffer.concat([first.data.subarray(0, DI_SIZE), ...pieces]) }
}
